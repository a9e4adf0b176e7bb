/**
 * What somebody has sent and wants back, all of it: the message leaves the queue and is a draft again, and a copy that his program has put
 * into Sent meanwhile goes, since nothing was sent.
 */
import type { AccountChange } from '../change/account-change.ts';
import type { Domain } from '../domain.ts';
import { MailboxError } from '../model/errors.ts';
import { emailId, emailNumber } from '../model/model.ts';
import type { OutgoingId } from '../model/outgoing.ts';
import type { AccountState } from '../state/account.ts';
import { loadList } from '../state/load.ts';
import { loadPlaces } from '../state/load-places.ts';
import type { MailboxState } from '../state/mailbox.ts';
import { cancelOutgoing } from './cancel-outgoing.ts';
import { laterVersions } from './draft-versions.ts';
import { expungeMessages } from './expunge.ts';
import { createMailbox } from './folders.ts';
import { mailboxOf } from './mailboxes.ts';
import { likeness, type Octets, storedOctets } from './same-message.ts';

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
  const number = emailNumber(outgoing.row.email);
  const sent = staysWhereItIs ? undefined : withRole(account, 'sent');
  const drop = sent && (await droppingCopies(domain, account, number, sent));
  const isDone = await cancelOutgoing(domain, account, id, {
    drafts,
    isOnlyUnshown: staysWhereItIs,
    also: (change) => {
      also(change);
      drop?.(change);
    },
  });
  if (isDone) domain.turns.outbox.noteEnded([id]);
  // What came in between.
  if (isDone && sent !== undefined)
    await dropCopies(domain, account, number, sent).catch((err: unknown) =>
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

/** Those that are there now go in the change that takes it back: nobody is killed in between. They can be brought back as other deleted mail can. */
async function droppingCopies(
  domain: Domain,
  account: AccountState,
  email: number,
  sent: MailboxState,
): Promise<((change: AccountChange) => void) | undefined> {
  const copies = await laterCopies(domain, account, email, sent);
  if (copies.length === 0) return undefined;
  const list = await loadList(domain, account, sent);
  return (change) => {
    if (sent.isGone) return;
    const rows = copies.map(({ uid }) => list.indexOf(uid)).filter((row) => row >= 0);
    change.expunge(
      sent,
      rows.sort((a, b) => a - b),
    );
  };
}

async function dropCopies(
  domain: Domain,
  account: AccountState,
  email: number,
  sent: MailboxState,
): Promise<void> {
  const uids = (await laterCopies(domain, account, email, sent)).map(({ uid }) => uid);
  if (uids.length > 0) await expungeMessages(domain, account, sent, { uids: uids.sort((a, b) => a - b) });
}

/** The same message, in the mailbox, that came after it. */
export async function laterCopies(
  domain: Domain,
  account: AccountState,
  email: number,
  { id }: MailboxState,
): Promise<readonly { readonly email: number; readonly uid: number }[]> {
  const later = (await laterVersions(domain, account, [email])).get(email) ?? [];
  if (later.length === 0) return [];
  await loadPlaces(domain, account);
  const placed = later.flatMap((other) =>
    (account.placements?.placesOf(other) ?? [])
      .filter(({ mailbox, isHidden }) => mailbox === id && !isHidden)
      .map(({ uid }) => ({ email: other, uid })),
  );
  const own = placed.length === 0 ? undefined : await storedOctets(domain, emailId(account.id, email));
  const copies: { readonly email: number; readonly uid: number }[] = [];
  for (const one of own === undefined ? [] : placed) {
    const octets = await storedOctets(domain, emailId(account.id, one.email));
    if (octets !== undefined && (await likeness(octets, own as Octets)).isSame) copies.push(one);
  }
  return copies;
}

function withRole(account: AccountState, role: 'drafts' | 'sent'): MailboxState | undefined {
  return [...account.mailboxes.values()].find((one) => one.role === role);
}
