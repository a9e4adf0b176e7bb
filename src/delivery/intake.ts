/**
 * The part of a message that is kept here: from its first octet to one reply for each recipient, also for one that was
 * named twice. A client that goes away in the middle leaves nothing.
 */
import { invariant } from '../base/invariant.ts';
import type { Activity } from '../identity/activity.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import { type DeliveryOutcome, deliver, type Recipient } from '../mailbox/operations/deliver.ts';
import { type IncomingStream, openIncoming, type Received } from '../mailbox/operations/incoming.ts';
import type { Reservation } from '../mailbox/operations/upload-budget.ts';
import { receiveInto } from '../smtp/receiving.ts';
import { type OverQuota, rejection, replyOf } from '../smtp/replies.ts';
import type { Reply } from '../smtp/reply.ts';
import type { ReadMessage } from '../smtp/role.ts';
import type { Envelope, NamedRecipient } from './envelope.ts';
import type { Taken } from './judgement.ts';
import type { DeliveryServices } from './services.ts';

export class Intake {
  readonly #services: DeliveryServices;
  readonly #envelope: Envelope;
  readonly #incoming: IncomingStream;
  readonly #room: Reservation;
  readonly #startMs = performance.now();
  #received: Received | MailboxError | undefined;

  constructor(services: DeliveryServices, envelope: Envelope) {
    const { domain, uploads, settings } = services;
    const accounts = [...new Set(envelope.recipients.map((one) => one.account))];
    this.#services = services;
    this.#envelope = envelope;
    this.#incoming = openIncoming(domain, accounts, settings.maxMessageBytes, envelope.declaredBytes);
    this.#room = uploads.reserve(undefined, 0);
  }

  /** To its end, whatever is wrong with it. Throws `ClientGone`, and what `read` throws. */
  async receive(read: ReadMessage): Promise<void> {
    this.#received = await receiveInto(this.#incoming, this.#room, read);
    if (!(this.#received instanceof MailboxError)) return;
    const { id, session, remote, from } = this.#envelope;
    const facts = { id, session, remote, from, sizeBytes: this.#incoming.receivedBytes, err: this.#received };
    this.#services.log.warn(facts, 'a message was refused');
  }

  async deliver(taken: Taken): Promise<Reply[]> {
    const { settings } = this.#services;
    const received = this.#received;
    invariant(received !== undefined, 'a message is delivered when it has come');
    if (received instanceof MailboxError)
      return this.#envelope.recipients.map(() => replyOf(received, settings.overQuota));
    return deliverToAll(this.#services, this.#envelope, { received, taken, startMs: this.#startMs });
  }

  /** What was delivered is the store's by now; what nobody took, in all or some parts of the store, is given up. */
  release(): void {
    this.#incoming.abort();
    this.#room.release();
  }
}

interface Whole {
  readonly received: Received;
  readonly taken: Taken;
  readonly startMs: number;
}

async function deliverToAll(
  services: DeliveryServices,
  envelope: Envelope,
  { received, taken, startMs }: Whole,
): Promise<Reply[]> {
  const { domain, activity, repeats, settings } = services;
  const all = distinctOf(envelope.recipients);
  const repeat = taken.isShared ? repeats.keyOf(envelope.from, received) : undefined;
  const hasHad = ({ account }: Recipient): boolean => repeat !== undefined && repeats.hasHad(repeat, account);
  const distinct = new Map([...all].filter(([, recipient]) => !hasHad(recipient)));
  const outcomes = await deliver(domain, [...distinct.values()], received, envelope.from, taken);
  const byKey = new Map([...distinct.keys()].map((key, index) => [key, outcomes[index]]));
  for (const [key, { account }] of distinct)
    if (repeat !== undefined && byKey.get(key)?.kind === 'delivered') repeats.remember(repeat, account);
  const ms = Math.round(performance.now() - startMs);
  for (const [key, recipient] of distinct) {
    report(
      activity,
      envelope,
      recipient,
      { received, ms, verdict: taken.verdict },
      byKey.get(key) as DeliveryOutcome,
    );
  }
  return envelope.recipients.map((recipient) => {
    const outcome = byKey.get(keyOf(recipient)) ?? HAD_ALREADY;
    const { code, text } = answerTo(outcome, recipient.address, settings.overQuota);
    return { code, text: `${text}; id ${envelope.id}` };
  });
}

/** When it was brought before. */
const HAD_ALREADY: DeliveryOutcome = { kind: 'delivered', copies: [] };

function answerTo(outcome: DeliveryOutcome, address: string, overQuota: OverQuota): Reply {
  switch (outcome.kind) {
    case 'delivered':
      return { code: 250, text: `2.0.0 ${printable(address)} delivered` };
    case 'refused':
      return replyOf(outcome.error, overQuota);
    case 'rejected':
      return rejection(outcome.reason);
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
  { id, session, service, remote, from }: Envelope,
  { name, address: to }: NamedRecipient,
  {
    received,
    ms,
    verdict,
  }: { readonly received: Received; readonly ms: number; readonly verdict: string | undefined },
  outcome: DeliveryOutcome,
): void {
  const about = {
    ...{ id, session, service, remote, from, to, sizeBytes: received.facts.sizeBytes },
    ...namesOf(received),
    ...(verdict === undefined ? {} : { verdict }),
  };
  switch (outcome.kind) {
    case 'delivered': {
      const { copies } = outcome;
      if (copies.length === 0) activity.record(name, 'thrown away', { ...about, ms });
      for (const copy of copies) activity.record(name, 'delivered', { ...about, ...copy, ms });
      return;
    }
    case 'rejected': {
      const reason = outcome.reason.slice(0, MAX_SHOWN);
      activity.record(name, 'rejected', { ...about, reason, ms });
      return;
    }
    case 'refused': {
      const { code, message: reason } = outcome.error;
      activity.attempt(name, 'not delivered', { ...about, outcome: code, reason, ms }, true);
    }
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
