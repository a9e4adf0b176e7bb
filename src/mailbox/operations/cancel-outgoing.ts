/** Taking back what was sent and has not left: it is a draft again. */
import { randomUUID } from 'node:crypto';
import { FLAG } from '../../mail/flags.ts';
import type { AccountChange } from '../change/account-change.ts';
import type { Domain } from '../domain.ts';
import { MailboxError } from '../model/errors.ts';
import { emailNumber } from '../model/model.ts';
import {
  type Outgoing,
  type OutgoingId,
  type OutgoingRecipient,
  outgoingAccount,
  type RecipientChange,
} from '../model/outgoing.ts';
import type { AccountState } from '../state/account.ts';
import { loadTail } from '../state/load.ts';
import type { MailboxState } from '../state/mailbox.ts';
import { checkQuota } from './quota.ts';

/** Longer than it can take. */
const CLAIM_MS = 60_000;

export interface CancelOptions {
  /** Where it is to be a draft again. */
  readonly drafts?: MailboxState;
  /** What is changed in the same change. */
  readonly also?: (change: AccountChange) => void;
}

/**
 * All of a message or nothing: false when it is on its way at this moment, was tried for one of its recipients, or is gone. With
 * `drafts` it is a message there, in the same change. Throws `over-quota`, `nonexistent`, `unavailable`.
 */
export async function cancelOutgoing(
  domain: Domain,
  account: AccountState,
  id: OutgoingId,
  { drafts, also = () => {} }: CancelOptions = {},
): Promise<boolean> {
  const { outgoing: queue } = domain.store;
  const owner = randomUUID();
  const claimed = await queue.claim([id], owner, Date.now() + CLAIM_MS);
  if (claimed.length === 0) return false;
  try {
    const [outgoing] = await queue.load([id]);
    if (outgoing === undefined || outgoingAccount(id) !== account.id || !isUntried(outgoing)) return false;
    const addDraft = drafts && (await draftOf(domain, account, outgoing, drafts));
    await domain.turns.run({
      account,
      run: (change) => {
        addDraft?.(change);
        also(change);
        change.outgoing.settle(...outgoing.recipients.map((one) => ended(id, one, change.nowMs)));
      },
    });
    return true;
  } finally {
    queue.giveBack([id], owner);
  }
}

/** Nobody was told anything of it. */
export function isUntried({ recipients }: Pick<Outgoing, 'recipients'>): boolean {
  return recipients.every(
    ({ state, attempts }) => attempts === 0 && (state === 'waiting' || state === 'held'),
  );
}

function ended(outgoing: OutgoingId, { n, address }: OutgoingRecipient, atMs: number): RecipientChange {
  const log = { atMs, address, event: 'cancelled', detail: '' } as const;
  return { outgoing, n, become: 'ended', log };
}

/** The message's email, to be shown by a mailbox. */
async function draftOf(
  domain: Domain,
  account: AccountState,
  { row }: Outgoing,
  drafts: MailboxState,
): Promise<(change: AccountChange) => void> {
  const [stored] = await domain.store.listEmails(account.id, row.email - 1, 1);
  if (stored?.id !== row.email) throw new MailboxError('damaged', 'what is stored of the message is gone');
  await loadTail(domain, account, drafts);
  const email = emailNumber(row.email);
  const { sizeBytes: size } = stored;
  return (change) => {
    change.requireThere(drafts);
    checkQuota(account, size, 1);
    change.retain([email]);
    const now = Math.floor(change.nowMs / 1000);
    const flags = FLAG.Draft | FLAG.Seen;
    const blank = { traits: 0, keywordSet: 0, internalDate: now, saveDate: now };
    change.addMessages(drafts, [{ ...blank, flags, email, size }], 'copied');
  };
}
