/**
 * One message: from the first octet after DATA to one reply per recipient (RFC 2033 §4.2), in the order of the RCPT
 * commands, also for a recipient that was named twice.
 *
 * The octets go to the store with back-pressure. After a failure the rest of the message is read and thrown away, since
 * the client listens only at its end; a client that goes away in the middle leaves nothing. A message whose header is
 * larger than headers may be (`header-bounds.ts`) is refused for good.
 */
import type { Log } from '../base/log.ts';
import type { Activity } from '../identity/activity.ts';
import type { Domain } from '../mailbox/domain.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import { type DeliveryOutcome, deliver, type Recipient } from '../mailbox/operations/deliver.ts';
import { type IncomingStream, openIncoming, type Received } from '../mailbox/operations/incoming.ts';
import type { Reservation, UploadBudget } from '../mailbox/operations/upload-budget.ts';
import { checkPartHeaders, HeaderBounds } from '../smtp/header-bounds.ts';
import type { DataRead } from '../smtp/input.ts';
import type { Reply } from '../smtp/reply.ts';
import { type OverQuota, REPLY, replyOf } from './replies.ts';

/** A recipient, and the account's own name. */
export interface NamedRecipient extends Recipient {
  readonly name: string;
  /** Who holds the account; absent: this process. */
  readonly holder?: string;
}

export interface Envelope {
  /** In the log and in the replies, so that both servers' logs can be laid side by side. */
  readonly id: string;
  /** Empty for a bounce. */
  readonly from: string;
  readonly recipients: readonly NamedRecipient[];
  readonly declaredBytes: number;
  /** Who delivers: for the log. */
  readonly session: string;
  readonly remote: string;
}

export interface TransactionOptions {
  readonly domain: Domain;
  readonly activity: Activity;
  readonly uploads: UploadBudget;
  readonly maxMessageBytes: number;
  readonly overQuota: OverQuota;
  readonly log: Log;
}

/** The connection ended before the message did: there is nobody to answer. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

/** Octets for which room is asked at a time. */
const RESERVED_AT_ONCE = 1024 * 1024;

/** `read` gives the message piece by piece. Throws `ClientGone`, and what `read` throws. */
export async function receiveMessage(
  options: TransactionOptions,
  read: () => Promise<DataRead | undefined>,
  envelope: Envelope,
): Promise<Reply[]> {
  if (envelope.recipients.length === 0) return readPast(read);
  const { domain, uploads, maxMessageBytes, overQuota, log } = options;
  const startMs = performance.now();
  const accounts = [...new Set(envelope.recipients.map((one) => one.account))];
  const incoming = openIncoming(domain, accounts, maxMessageBytes, envelope.declaredBytes);
  const room = new Room(uploads.reserve(undefined, 0));
  try {
    const received = await take(read, incoming, room);
    if (received instanceof MailboxError) {
      const { id, session, remote, from } = envelope;
      const facts = { id, session, remote, from, sizeBytes: incoming.receivedBytes, err: received };
      log.warn(facts, 'a message was refused');
      return envelope.recipients.map(() => replyOf(received, overQuota));
    }
    return await deliverToAll(options, envelope, received, startMs);
  } finally {
    // What was delivered is the store's by now; what nobody took, in all or some parts of the store, is given up.
    incoming.abort();
    room.release();
  }
}

/** Nobody here gets it. */
async function readPast(read: () => Promise<DataRead | undefined>): Promise<[]> {
  for (;;) {
    const piece = await read();
    if (piece === undefined) throw new ClientGone('the connection ended in the middle of a message');
    if (piece.isLast) return [];
  }
}

/** To its end, whatever is wrong with it. */
async function take(
  read: () => Promise<DataRead | undefined>,
  incoming: IncomingStream,
  room: Room,
): Promise<Received | MailboxError> {
  const header = new HeaderBounds();
  let failure: MailboxError | undefined;
  for (let isLast = false; !isLast; ) {
    const piece = await read();
    if (piece === undefined) throw new ClientGone('the connection ended in the middle of a message');
    isLast = piece.isLast;
    if (failure !== undefined) continue;
    try {
      header.look(piece.bytes);
      room.make(piece.bytes.length);
      await incoming.write(piece.bytes);
    } catch (error) {
      failure = asRefusable(error);
      incoming.abort();
      room.release();
    }
  }
  if (failure !== undefined) return failure;
  try {
    const received = await incoming.finish();
    checkPartHeaders(received.facts.sizeBytes, received.facts.parts);
    return received;
  } catch (error) {
    return asRefusable(error);
  }
}

async function deliverToAll(
  { domain, activity, overQuota }: TransactionOptions,
  envelope: Envelope,
  received: Received,
  startMs: number,
): Promise<Reply[]> {
  const distinct = distinctOf(envelope.recipients);
  const outcomes = await deliver(domain, [...distinct.values()], received, envelope.from);
  const byKey = new Map([...distinct.keys()].map((key, index) => [key, outcomes[index]]));
  const ms = Math.round(performance.now() - startMs);
  for (const [key, recipient] of distinct) {
    report(activity, envelope, recipient, { received, ms }, byKey.get(key) as DeliveryOutcome);
  }
  return envelope.recipients.map((recipient) => {
    const outcome = byKey.get(keyOf(recipient)) as DeliveryOutcome;
    const reply: Reply =
      outcome.kind === 'refused'
        ? replyOf(outcome.error, overQuota)
        : { code: 250, text: `2.0.0 ${printable(recipient.address)} delivered` };
    return { code: reply.code, text: `${reply.text}; id ${envelope.id}` };
  });
}

/** The place among all uploads that this one has, made larger in steps. */
class Room {
  readonly #reservation: Reservation;
  #left = 0;

  constructor(reservation: Reservation) {
    this.#reservation = reservation;
  }

  make(bytes: number): void {
    if (bytes > this.#left) {
      const more = Math.max(bytes - this.#left, RESERVED_AT_ONCE);
      this.#reservation.grow(more);
      this.#left += more;
    }
    this.#left -= bytes;
  }

  release(): void {
    this.#reservation.release();
  }
}

/** The same address twice is one delivery and two replies. */
function distinctOf(recipients: readonly NamedRecipient[]): Map<string, NamedRecipient> {
  return new Map(recipients.map((recipient) => [keyOf(recipient), recipient]));
}

function keyOf({ account, address }: Recipient): string {
  return `${account} ${address.toLowerCase()}`;
}

function report(
  activity: Activity,
  { id, session, remote, from }: Envelope,
  { name, address: to }: NamedRecipient,
  { received, ms }: { readonly received: Received; readonly ms: number },
  outcome: DeliveryOutcome,
): void {
  const about = {
    ...{ id, session, service: 'lmtp', remote, from, to, sizeBytes: received.facts.sizeBytes },
    ...namesOf(received),
  };
  if (outcome.kind === 'delivered') {
    activity.record(name, 'delivered', { ...about, mailbox: 'INBOX', uid: outcome.uid, ms });
  } else {
    const { code: outcomeCode, message: reason } = outcome.error;
    activity.attempt(name, 'not delivered', { ...about, outcome: outcomeCode, reason, ms }, true);
  }
}

const MAX_SHOWN = 250;
/** RFC 5321 §4.4: `id`, the name of the message in the queue of the server that hands it on. */
const QUEUE_ID = /\sid\s+<?([^\s;<>()]{1,100})/i;

/** What the log of the server before us knows the message by. */
function namesOf({ facts: { messageId }, header }: Received): { messageId?: string; queueId?: string } {
  const queueId = QUEUE_ID.exec(header.text('received') ?? '')?.[1];
  return {
    ...(messageId === undefined ? {} : { messageId: messageId.slice(0, MAX_SHOWN) }),
    ...(queueId === undefined ? {} : { queueId }),
  };
}

function asRefusable(error: unknown): MailboxError {
  if (error instanceof MailboxError) return error;
  return new MailboxError('unavailable', REPLY.internalError.text.slice('4.3.0 '.length), { cause: error });
}

/** Replies are ASCII unless both sides agreed otherwise (RFC 6531 §3.7.4.2). */
function printable(address: string): string {
  return /^[\x21-\x7e]{1,320}$/.test(address) ? `<${address}>` : 'the message was';
}
