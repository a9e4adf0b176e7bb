/**
 * One message: from the first octet after DATA to one reply per recipient (RFC 2033 §4.2), in the order of the RCPT
 * commands, also for a recipient that was named twice.
 *
 * The bytes go to the store with back-pressure. After a failure the rest of the message is read and thrown away, since
 * the client listens only at its end; a client that goes away in the middle leaves nothing.
 */
import type { Readable } from 'node:stream';
import type { Log } from '../base/log.ts';
import type { Domain } from '../mailbox/domain.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import { type DeliveryOutcome, deliver, type Recipient } from '../mailbox/operations/deliver.ts';
import { IncomingStream, type Received } from '../mailbox/operations/incoming.ts';
import { type OverQuota, type Reply, replyOf } from './replies.ts';

export interface Envelope {
  /** Empty for a bounce. */
  readonly from: string;
  readonly recipients: readonly Recipient[];
  readonly declaredBytes: number;
}

export interface TransactionOptions {
  readonly domain: Domain;
  readonly maxMessageBytes: number;
  readonly overQuota: OverQuota;
  readonly log: Log;
}

/** The connection ended before the message did: there is nobody to answer. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

/** Throws `ClientGone`. */
export async function receiveMessage(
  options: TransactionOptions,
  stream: Readable,
  envelope: Envelope,
): Promise<Reply[]> {
  const { domain, maxMessageBytes, overQuota, log } = options;
  const startMs = performance.now();
  const accounts = [...new Set(envelope.recipients.map((one) => one.account))];
  const incoming = new IncomingStream(domain.store, accounts, maxMessageBytes, envelope.declaredBytes);
  let received: Received;
  try {
    await pour(stream, incoming);
    received = await incoming.finish();
  } catch (error) {
    incoming.abort();
    const sizeBytes = incoming.receivedBytes;
    if (error instanceof ClientGone) {
      log.info({ from: envelope.from, sizeBytes }, 'the client went away in the middle of a message');
      throw error;
    }
    await drain(stream);
    if (!(error instanceof MailboxError)) throw error;
    log.warn({ from: envelope.from, sizeBytes, err: error }, 'a message was refused');
    return envelope.recipients.map(() => replyOf(error, overQuota));
  }
  const distinct = distinctOf(envelope.recipients);
  const outcomes = await deliver(domain, [...distinct.values()], received, envelope.from);
  // What was delivered is the store's by now; what nobody took in some part of the store is given up there.
  incoming.abort();
  const byKey = new Map([...distinct.keys()].map((key, index) => [key, outcomes[index]]));
  const ms = Math.round(performance.now() - startMs);
  for (const [key, recipient] of distinct) {
    report(log, envelope.from, recipient, received, ms, byKey.get(key) as DeliveryOutcome);
  }
  return envelope.recipients.map((recipient) => {
    const outcome = byKey.get(keyOf(recipient)) as DeliveryOutcome;
    if (outcome.kind === 'refused') return replyOf(outcome.error, overQuota);
    return { code: 250, text: `2.0.0 ${printable(recipient.address)} delivered` };
  });
}

/** Resolves when all octets have been taken; at any moment at most one chunk waits here. */
function pour(stream: Readable, incoming: IncomingStream): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const fail = (error: unknown): void => {
    stream.off('data', take);
    reject(error);
  };
  const take = (chunk: Buffer): void => {
    try {
      const written = incoming.write(chunk);
      if (written === undefined) return;
      stream.pause();
      written.then(() => stream.resume(), fail);
    } catch (error) {
      fail(error);
    }
  };
  stream.on('data', take);
  stream.once('end', resolve);
  stream.on('error', (cause) => fail(new ClientGone('the connection was lost', { cause })));
  stream.once('close', () => {
    if (!stream.readableEnded) fail(new ClientGone('the connection was closed'));
  });
  return promise;
}

/** Reads the rest and throws it away. Throws `ClientGone`. */
function drain(stream: Readable): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  if (stream.readableEnded) resolve();
  else if (stream.destroyed) reject(new ClientGone('the connection was closed'));
  stream.once('end', resolve);
  stream.once('close', () => reject(new ClientGone('the connection was closed')));
  stream.resume();
  return promise;
}

/** The same address twice is one delivery and two replies. */
function distinctOf(recipients: readonly Recipient[]): Map<string, Recipient> {
  return new Map(recipients.map((recipient) => [keyOf(recipient), recipient]));
}

function keyOf({ account, address }: Recipient): string {
  return `${account} ${address.toLowerCase()}`;
}

function report(
  log: Log,
  from: string,
  { account, address: to }: Recipient,
  { facts }: Received,
  ms: number,
  outcome: DeliveryOutcome,
): void {
  const fields = { from, to, accountId: account, sizeBytes: facts.sizeBytes, ms };
  if (outcome.kind === 'delivered') log.record({ ...fields, uid: outcome.uid }, 'delivered');
  else log.warn({ ...fields, outcome: outcome.error.code, err: outcome.error }, 'not delivered');
}

/** Replies are ASCII unless both sides agreed otherwise (RFC 6531 §3.7.4.2). */
function printable(address: string): string {
  return /^[\x21-\x7e]{1,320}$/.test(address) ? `<${address}>` : 'the message was';
}
