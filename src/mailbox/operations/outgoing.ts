/**
 * Mail that is to leave an account: accepted in one change with the copy that its sender keeps, and from then on in rows that say
 * what is to become of it. Whoever has the answer of `acceptOutgoing` has a promise: each recipient gets the message, or the sender is
 * told, or somebody has dropped it by name.
 *
 * An operation that makes something else in the same change (a delivery that is forwarded) calls `addOutgoing` in it. Sending is
 * `queue/`'s; it hears of new mail when the change is durable (`state/outbox.ts`).
 */

import { humanSize } from '../../base/bytes.ts';
import type { AccountChange } from '../change/account-change.ts';
import type { Domain } from '../domain.ts';
import { MailboxError } from '../model/errors.ts';
import { computedFacts } from '../model/facts.ts';
import { type EmailId, emailNumber, type Uid } from '../model/model.ts';
import type {
  NewRecipient,
  Outgoing,
  OutgoingEnvelope,
  OutgoingId,
  OutgoingRecipient,
  OutgoingRow,
  RecipientChange,
} from '../model/outgoing.ts';
import { threadNames } from '../model/threads.ts';
import { StoreError } from '../port/store.ts';
import { refusalOf } from '../port/store-words.ts';
import type { AccountState } from '../state/account.ts';
import type { MailboxState } from '../state/mailbox.ts';
import { addQueuedOctets, countQueuedOctets } from '../state/queued-octets.ts';
import { appendMessages } from './append.ts';
import { noteAuthor, noteRecipients } from './correspondents.ts';
import type { Received } from './incoming.ts';
import { askForThreads } from './known-threads.ts';

export interface OutgoingMail {
  readonly envelope: OutgoingEnvelope;
  readonly recipients: readonly NewRecipient[];
  /** How the header leaves, its empty line included, when it is not that of the message; then where the message's body begins. */
  readonly header?: Buffer;
  readonly bodyFrom?: number;
  /** Of the email. */
  readonly sizeBytes: number;
  /** Makes what tells of it, in the same change. Gives its number, which is the message's too. */
  readonly tells?: (change: AccountChange, email: EmailId) => number;
}

/** Of octets that come with it. */
export type NewOutgoingMail = Omit<OutgoingMail, 'sizeBytes'>;

export interface SentCopy {
  readonly mailbox: MailboxState;
  /** `FLAG` bits. */
  readonly flags: number;
  readonly keywords: readonly string[];
}

export interface AcceptedMail {
  readonly id: OutgoingId;
  /** Of the copy. */
  readonly uid?: Uid;
}

/** Resolves when durable. Throws `limit` for too much mail that waits, `over-quota` for the copy, `nonexistent`, `unavailable`. */
export async function acceptOutgoing(
  domain: Domain,
  account: AccountState,
  message: Received,
  sent: NewOutgoingMail,
  copy?: SentCopy,
): Promise<AcceptedMail> {
  const { sizeBytes } = message.facts;
  const mail = { ...sent, sizeBytes };
  await requireRoomForOutgoing(domain, account, mail.recipients.length, sizeBytes);
  const check = (): void => checkOctets(domain, account, sizeBytes);
  if (copy === undefined) return { id: await acceptUnshown(domain, account, message, mail, check) };
  let id: OutgoingId | undefined;
  const incoming = { ...message, flags: copy.flags, keywords: copy.keywords, internalDate: undefined };
  const { uids } = await appendMessages(domain, account, copy.mailbox, [incoming], {
    before: check,
    alongside: (change, [email]) => {
      change.retain([emailNumber(email as EmailId)]);
      noteSent(change, message, mail);
      id = addOutgoing(change, email as EmailId, mail);
    },
  });
  return { id: id as OutgoingId, uid: uids[0] as Uid };
}

/**
 * As `acceptOutgoing`, of what no mailbox shows, and however much waits; who answers it is in its thread all the same. `also` runs in
 * the same change.
 */
export async function acceptUnshown(
  domain: Domain,
  account: AccountState,
  { facts, blob }: Received,
  sent: NewOutgoingMail,
  also: (change: AccountChange) => void = () => {},
): Promise<OutgoingId> {
  const mail = { ...sent, sizeBytes: facts.sizeBytes };
  const names = threadNames({ links: facts.links, sort: facts.sortKeys });
  const known = await askForThreads(domain, account, [names]);
  try {
    return await domain.turns.run({
      account,
      run: (change) => {
        also(change);
        noteSent(change, { facts }, mail);
        const thread = change.facts.threadOfNext(names, known);
        const email = { ...computedFacts(facts), sizeBytes: facts.sizeBytes, blob };
        return addOutgoing(change, change.newEmail({ ...email, ...(thread && { thread }) }), mail);
      },
    });
  } finally {
    known.close();
  }
}

/** Mail of the server's own, and what is passed on, makes nobody known. */
function noteSent(
  change: AccountChange,
  { facts }: Pick<Received, 'facts'>,
  { envelope, recipients }: NewOutgoingMail,
): void {
  if (envelope.kind !== 'sent') return;
  noteAuthor(change, facts.envelope);
  noteRecipients(
    change,
    facts.envelope,
    recipients.map(({ address }) => address),
  );
}

/** In a change of the email's account: the reference that the caller has made is the message's from here on. `number`: of what tells of it. */
export function addOutgoing(
  change: AccountChange,
  email: EmailId,
  mail: OutgoingMail,
  number: number | undefined = mail.tells?.(change, email),
): OutgoingId {
  const { envelope, recipients, header, bodyFrom = 0, sizeBytes } = mail;
  addQueuedOctets(change.account, sizeBytes);
  return change.outgoing.add({
    ...envelope,
    ...{ email, number },
    recipients,
    bodyFrom,
    ...(header === undefined ? {} : { header }),
  });
}

/**
 * Throws `limit` when the account has as many recipients that wait as it may have, or octets. Asked before a change, so the first can be
 * passed by a few; of octets `checkOctets` sees to it.
 */
export async function requireRoomForOutgoing(
  domain: Domain,
  account: AccountState,
  recipients: number,
  octets = 0,
): Promise<void> {
  if (await domain.turns.outbox.hasReached(domain.limits.outgoing, domain))
    throw new MailboxError('limit', 'too much mail waits to leave this server; try again later');
  const { outgoingPerAccount: most } = domain.limits;
  const waiting = await domain.store.outgoing.countRecipients(account.id, most + 1);
  if (waiting + recipients <= most) return requireOctets(domain, account, octets);
  const text = `${waiting} recipients wait for mail of this account, ${most} are the most there can be; try again later`;
  throw new MailboxError('limit', text);
}

async function requireOctets(domain: Domain, account: AccountState, octets: number): Promise<void> {
  const { outgoingBytesPerAccount: most } = domain.limits;
  const known = account.queuedOctets;
  if (known !== undefined && known + octets <= most) return;
  if ((await countQueuedOctets(domain, account)) + octets > most) checkOctets(domain, account, octets);
}

/** In the change that accepts it, when it was asked before. Throws `limit`. */
export function checkOctets({ limits }: Domain, { queuedOctets = 0 }: AccountState, octets: number): void {
  const { outgoingBytesPerAccount: most } = limits;
  if (queuedOctets + octets <= most) return;
  const waits = `${humanSize(queuedOctets)} of mail of this account wait to leave, and ${humanSize(most)} are the most there can be`;
  const text = `${waits}; there is no room for another ${humanSize(octets)}: try again later, or take back what is held`;
  throw new MailboxError('limit', text);
}

/** For how many recipients of a message something was done. */
export type ChangedOutgoing = ReadonlyMap<OutgoingId, number>;

/** Keeps what waits from being tried. */
export function holdOutgoing(
  domain: Domain,
  ids: readonly OutgoingId[],
  reason: string,
): Promise<ChangedOutgoing> {
  return changeEach(domain, ids, ({ address }, atMs) => ({
    when: ['waiting'],
    become: { state: 'held', nextMs: undefined },
    log: { atMs, address, event: 'held', detail: reason },
  }));
}

/** What is held is tried at once, but not before its sender wants it to leave. */
export async function releaseOutgoing(domain: Domain, ids: readonly OutgoingId[]): Promise<ChangedOutgoing> {
  const released = await changeEach(domain, ids, ({ address }, atMs, row) => ({
    when: ['held'],
    become: { state: 'waiting', nextMs: notBefore(row, atMs) },
    log: { atMs, address, event: 'released', detail: '' },
  }));
  domain.turns.outbox.tell(ids);
  return released;
}

/** What waits is tried at once; nothing is done to what its sender wants to leave later. */
export async function retryOutgoing(domain: Domain, ids: readonly OutgoingId[]): Promise<ChangedOutgoing> {
  const retried = await changeEach(domain, ids, ({ address }, atMs, row) =>
    leavesLater(row, atMs)
      ? undefined
      : {
          when: ['waiting'],
          become: { nextMs: atMs },
          log: { atMs, address, event: 'retried', detail: '' },
        },
  );
  domain.turns.outbox.tell(ids);
  return retried;
}

/**
 * Ends it, for a reason that its sender is told when `isReported`, and where that is not said, when he is one of ours and has sent it
 * himself. What is on its way at this moment may arrive all the same.
 */
export async function dropOutgoing(
  domain: Domain,
  ids: readonly OutgoingId[],
  { reason, isReported }: { readonly reason: string; readonly isReported?: boolean },
): Promise<ChangedOutgoing> {
  const dropped = await changeEach(domain, ids, ({ address }, atMs, { kind }) => ({
    when: ['waiting', 'held'],
    become: (isReported ?? kind === 'sent') ? stopped(reason, atMs) : 'ended',
    log: { atMs, address, event: 'dropped', detail: reason },
  }));
  if (isReported !== false) domain.turns.outbox.tell(ids);
  domain.turns.outbox.noteEnded(ids);
  return dropped;
}

/** Its sender wants it to. */
export function leavesLater({ holdUntilMs = 0 }: Pick<OutgoingRow, 'holdUntilMs'>, nowMs: number): boolean {
  return holdUntilMs > nowMs;
}

function notBefore({ holdUntilMs = 0 }: OutgoingRow, atMs: number): number {
  return Math.max(holdUntilMs, atMs);
}

/** RFC 3463: refused, by whom it does not say. */
function stopped(reason: string, atMs: number): RecipientChange['become'] {
  return { state: 'failed', nextMs: atMs, lastAtMs: atMs, lastHost: '', lastReply: `5.7.0 ${reason}` };
}

/** Messages at once. */
const SLICE = 100;

type MadeChange = Omit<RecipientChange, 'outgoing' | 'n'>;

async function changeEach(
  domain: Domain,
  ids: readonly OutgoingId[],
  make: (recipient: OutgoingRecipient, atMs: number, row: OutgoingRow) => MadeChange | undefined,
): Promise<ChangedOutgoing> {
  const changed = new Map<OutgoingId, number>();
  for (let at = 0; at < ids.length; at += SLICE) {
    const found = await domain.store.outgoing.load(ids.slice(at, at + SLICE));
    const atMs = domain.clock.nowMs();
    const changes = found.flatMap((one) =>
      (one?.recipients ?? []).flatMap((recipient): RecipientChange[] => {
        const { row } = one as Outgoing;
        const made = make(recipient, atMs, row);
        return made === undefined ? [] : [{ ...made, outgoing: row.id, n: recipient.n }];
      }),
    );
    const outcomes = await domain.store.outgoing.settle(changes);
    for (const [i, { outgoing }] of changes.entries()) {
      const outcome = outcomes[i];
      if (outcome instanceof StoreError) throw refusalOf(outcome);
      if (outcome === true) changed.set(outgoing, (changed.get(outgoing) ?? 0) + 1);
    }
  }
  return changed;
}
