/**
 * What somebody has sent and wants back, all of it: the message leaves the queue and is a draft again, and a copy that his program has put
 * into Sent meanwhile goes, since nothing was sent.
 */
import type { AccountChange } from '../change/account-change.ts';
import type { Domain } from '../domain.ts';
import { MailboxError } from '../model/errors.ts';
import { emailNumber } from '../model/model.ts';
import type { OutgoingId } from '../model/outgoing.ts';
import type { AccountState } from '../state/account.ts';
import { loadPlaces } from '../state/load-places.ts';
import type { MailboxState } from '../state/mailbox.ts';
import { cancelOutgoing } from './cancel-outgoing.ts';
import { laterVersions } from './draft-versions.ts';
import { expungeMessages } from './expunge.ts';
import { createMailbox } from './folders.ts';
import { mailboxOf } from './mailboxes.ts';

export interface TakeBackOptions {
  /** Where a mailbox shows it, it stays: its owner says by himself where it is to be. */
  readonly staysWhereItIs?: boolean;
  readonly also?: (change: AccountChange) => void;
}

/** False when it is no mail of a person, is on its way at this moment, was tried, or is gone. Throws `unavailable`. */
export async function takeBack(
  domain: Domain,
  account: AccountState,
  id: OutgoingId,
  { staysWhereItIs = false, also = () => {} }: TakeBackOptions = {},
): Promise<boolean> {
  const [outgoing] = await domain.store.outgoing.load([id]);
  if (outgoing === undefined || outgoing.row.kind !== 'sent') return false;
  const drafts = withRole(account, 'drafts') ?? (await placeForDrafts(domain, account));
  const isDone = await cancelOutgoing(domain, account, id, { drafts, isOnlyUnshown: staysWhereItIs, also });
  if (isDone) domain.turns.outbox.noteEnded([id]);
  if (isDone && !staysWhereItIs)
    await dropCopies(domain, account, emailNumber(outgoing.row.email)).catch((err: unknown) =>
      domain.log.warn({ err, account: account.id }, 'a copy of mail that was taken back stays in Sent'),
    );
  return isDone;
}

/** Its owner may have deleted the mailbox for drafts; where none can be made either it is INBOX, which is always there. */
async function placeForDrafts(domain: Domain, account: AccountState): Promise<MailboxState> {
  try {
    return await createMailbox(domain, account, 'Drafts', 'drafts');
  } catch (error) {
    if (!(error instanceof MailboxError) || error.code === 'unavailable') throw error;
    // Another may have made it meanwhile.
    return withRole(account, 'drafts') ?? mailboxOf(account, 'INBOX');
  }
}

/** Of these with its Message-ID that came into Sent after it; they can be brought back as other deleted mail can. */
async function dropCopies(domain: Domain, account: AccountState, email: number): Promise<void> {
  const sent = withRole(account, 'sent');
  if (sent === undefined) return;
  const uids = (await laterCopies(domain, account, email, sent)).map(({ uid }) => uid);
  if (uids.length > 0) await expungeMessages(domain, account, sent, { uids: uids.sort((a, b) => a - b) });
}

/** Messages of the mailbox that have its Message-ID and came after it. */
export async function laterCopies(
  domain: Domain,
  account: AccountState,
  email: number,
  { id }: MailboxState,
): Promise<readonly { readonly email: number; readonly uid: number }[]> {
  const later = (await laterVersions(domain, account, [email])).get(email) ?? [];
  if (later.length === 0) return [];
  await loadPlaces(domain, account);
  return later.flatMap((other) =>
    (account.placements?.placesOf(other) ?? [])
      .filter(({ mailbox, isHidden }) => mailbox === id && !isHidden)
      .map(({ uid }) => ({ email: other, uid })),
  );
}

function withRole(account: AccountState, role: 'drafts' | 'sent'): MailboxState | undefined {
  return [...account.mailboxes.values()].find((one) => one.role === role);
}
