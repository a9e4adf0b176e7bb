/**
 * Taking back what was sent and has not left: it is a draft again. Only one of two has it, whoever takes it back or whoever sends it: both
 * claim it first, and what either has done to it is one change.
 */
import { randomUUID } from 'node:crypto';
import { FLAG } from '../../mail/flags.ts';
import type { AccountChange } from '../change/account-change.ts';
import type { Domain } from '../domain.ts';
import { MailboxError } from '../model/errors.ts';
import { type EmailId, emailNumber, type MailboxId } from '../model/model.ts';
import {
  type Outgoing,
  type OutgoingId,
  type OutgoingRecipient,
  outgoingAccount,
  type RecipientChange,
} from '../model/outgoing.ts';
import type { AccountState } from '../state/account.ts';
import { loadTail } from '../state/load.ts';
import { loadPlaces } from '../state/load-places.ts';
import type { MailboxState } from '../state/mailbox.ts';
import { alongsideUpdates } from './change-emails.ts';
import { type EmailUpdate, NotLoaded } from './place.ts';

/** Longer than it can take. */
const CLAIM_MS = 60_000;
/** Whoever comes later than that has been asleep, or the clock was set: another may have claimed it and sent it. */
const HOLDS_MS = 30_000;

export interface CancelOptions {
  /** Where it is to be a draft again. */
  readonly drafts?: MailboxState | undefined;
  /** Only what no mailbox shows comes there: of the rest its owner says where it is to be. */
  readonly isOnlyUnshown?: boolean;
  /** What is changed in the same change. */
  readonly also?: (change: AccountChange) => void;
}

/**
 * All of a message or nothing: false when it is on its way at this moment, was tried for one of its recipients, or is gone. With
 * `drafts` it is a message there, in the same change: moved from where what is sent lies, or put there when no mailbox shows it. Throws
 * `nonexistent` when the mailbox is gone, `unavailable`.
 */
export async function cancelOutgoing(
  domain: Domain,
  account: AccountState,
  id: OutgoingId,
  { drafts, isOnlyUnshown = false, also = () => {} }: CancelOptions = {},
): Promise<boolean> {
  const { outgoing: queue } = domain.store;
  const owner = randomUUID();
  const passedMs = stopwatch();
  const claimed = await queue.claim([id], owner, Date.now() + CLAIM_MS);
  if (claimed.length === 0) return false;
  try {
    const [outgoing] = await queue.load([id]);
    if (outgoing === undefined || outgoingAccount(id) !== account.id || !isUntried(outgoing)) return false;
    const ends = (change: AccountChange): void => {
      if (passedMs() > HOLDS_MS)
        throw new MailboxError('unavailable', 'taking it back took too long; try again');
      change.outgoing.settle(...outgoing.recipients.map((one) => ended(id, one, change.nowMs)));
    };
    if (drafts === undefined) {
      await domain.turns.run({
        account,
        run(change) {
          also(change);
          ends(change);
        },
      });
      return true;
    }
    await toDrafts(domain, account, { email: outgoing.row.email, drafts, isOnlyUnshown }, (change) => {
      also(change);
      ends(change);
    });
    return true;
  } finally {
    queue.giveBack([id], owner);
  }
}

/** By the clock that goes on while the machine sleeps, and by that which nobody sets. */
function stopwatch(): () => number {
  const [byDay, bySelf] = [Date.now(), performance.now()];
  return () => Math.max(Date.now() - byDay, performance.now() - bySelf);
}

/**
 * Nobody was told anything of it. An address of ours may lead to several, of whom some have it while nobody holds the account of another:
 * that is no attempt, and leaves a mark.
 */
export function isUntried({ recipients }: Pick<Outgoing, 'recipients'>): boolean {
  return recipients.every(({ state, attempts, route, lastAtMs }) => {
    const isUnmarked = route === 'remote' || (route === 'local' && lastAtMs === undefined);
    return attempts === 0 && isUnmarked && (state === 'waiting' || state === 'held');
  });
}

function ended(outgoing: OutgoingId, { n, address }: OutgoingRecipient, atMs: number): RecipientChange {
  const log = { atMs, address, event: 'cancelled', detail: '' } as const;
  return { outgoing, n, become: 'ended', log };
}

interface Draft {
  readonly email: EmailId;
  readonly drafts: MailboxState;
  readonly isOnlyUnshown: boolean;
}

/** Together with what `act` changes. */
async function toDrafts(
  domain: Domain,
  account: AccountState,
  { email, drafts, isOnlyUnshown }: Draft,
  act: (change: AccountChange) => void,
): Promise<void> {
  const [stored] = await domain.store.listEmails(account.id, email - 1, 1);
  if (stored?.id !== email) throw new MailboxError('damaged', 'what is stored of the message is gone');
  await Promise.all([loadPlaces(domain, account), loadTail(domain, account, drafts)]);
  const number = emailNumber(email);
  const from = [...account.mailboxes.values()].filter(({ role }) => role === 'sent' || role === 'scheduled');
  const left = new Set(from.map(({ id }) => id));
  const update = draftUpdate(number, drafts, left);
  await alongsideUpdates(domain, account, [update], (change, place): true => {
    change.requireThere(drafts);
    if (account.placements?.isWhole !== true) throw new NotLoaded();
    const places = placesOf(account, number);
    if (places.length === 0) addDraft(change, drafts, number, stored.sizeBytes);
    // Where else it is, its owner has put it.
    else if (!isOnlyUnshown && places.some((id) => left.has(id)) && place()[0] !== undefined)
      throw new NotLoaded();
    act(change);
    return true;
  });
}

/** From where what is sent lies. */
function draftUpdate(email: number, drafts: MailboxState, left: ReadonlySet<MailboxId>): EmailUpdate {
  const none = { flags: 0, keywords: [] };
  return {
    email,
    mailboxes: { adds: new Set([drafts.id]), removes: new Set([...left].filter((id) => id !== drafts.id)) },
    marks: { adds: { flags: FLAG.Draft | FLAG.Seen, keywords: [] }, removes: none },
    keywords: 'as many as fit',
  };
}

/** However full the account is: were it refused, it would leave against its sender's will. */
function addDraft(change: AccountChange, drafts: MailboxState, email: number, size: number): void {
  change.retain([email]);
  const now = Math.floor(change.nowMs / 1000);
  const flags = FLAG.Draft | FLAG.Seen;
  const blank = { traits: 0, keywordSet: 0, internalDate: now, saveDate: now };
  change.addMessages(drafts, [{ ...blank, flags, email, size }], 'copied');
}

function placesOf({ placements }: AccountState, email: number): readonly MailboxId[] {
  const places = placements?.placesOf(email) ?? [];
  return places.filter(({ isHidden }) => !isHidden).map(({ mailbox }) => mailbox);
}
