/**
 * One message: from the first octet after DATA to one reply per recipient (RFC 2033 §4.2), in the order of the RCPT
 * commands, also for a recipient that was named twice.
 *
 * A client that goes away in the middle leaves nothing.
 */
import type { Log } from '../base/log.ts';
import type { Activity } from '../identity/activity.ts';
import type { Domain } from '../mailbox/domain.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import { type DeliveryOutcome, deliver, type Recipient } from '../mailbox/operations/deliver.ts';
import { openIncoming, type Received } from '../mailbox/operations/incoming.ts';
import type { UploadBudget } from '../mailbox/operations/upload-budget.ts';
import { readPast, receiveInto } from '../smtp/receiving.ts';
import { type OverQuota, replyOf } from '../smtp/replies.ts';
import type { Reply } from '../smtp/reply.ts';
import type { ReadMessage } from '../smtp/role.ts';

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

/** `read` gives the message piece by piece. Throws `ClientGone`, and what `read` throws. */
export async function receiveMessage(
  options: TransactionOptions,
  read: ReadMessage,
  envelope: Envelope,
): Promise<Reply[]> {
  if (envelope.recipients.length === 0) {
    await readPast(read);
    return [];
  }
  const { domain, uploads, maxMessageBytes, overQuota, log } = options;
  const startMs = performance.now();
  const accounts = [...new Set(envelope.recipients.map((one) => one.account))];
  const incoming = openIncoming(domain, accounts, maxMessageBytes, envelope.declaredBytes);
  const room = uploads.reserve(undefined, 0);
  try {
    const received = await receiveInto(incoming, room, read);
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

/** Replies are ASCII unless both sides agreed otherwise (RFC 6531 §3.7.4.2). */
function printable(address: string): string {
  return /^[\x21-\x7e]{1,320}$/.test(address) ? `<${address}>` : 'the message was';
}
