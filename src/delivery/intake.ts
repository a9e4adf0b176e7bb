/**
 * The part of a message that is kept here: from its first octet to one reply for each recipient, also for one that was
 * named twice. A client that goes away in the middle leaves nothing.
 */
import { invariant } from '../base/invariant.ts';
import { decodeWords } from '../mail/encoded-word.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import { type IncomingStream, openIncoming, type Received } from '../mailbox/operations/incoming.ts';
import type { Reservation } from '../mailbox/operations/upload-budget.ts';
import { receiveInto } from '../smtp/receiving.ts';
import { replyToSender } from '../smtp/replies.ts';
import type { Reply } from '../smtp/reply.ts';
import type { ReadMessage } from '../smtp/role.ts';
import type { Envelope } from './envelope.ts';
import { handOver } from './handing-over.ts';
import type { Taken } from './judgement.ts';
import type { DeliveryServices } from './services.ts';

const MAX_SHOWN = 320;

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
    const { cause, code, message: why } = this.#received;
    // Of what a stranger sends that is too large the words say enough; of a fault of ours where it comes from.
    const reason = cause === undefined ? { code, why } : { err: this.#received };
    const facts = { id, session, remote, from, sizeBytes: this.#incoming.receivedBytes, ...reason };
    this.#services.log.warn(facts, 'a message was refused');
  }

  /** By what people know it, when all of it has come. */
  get about(): { readonly messageId?: string; readonly subject?: string } {
    const received = this.#received;
    if (received === undefined || received instanceof MailboxError) return {};
    const { messageId } = received.facts;
    const subject = received.header.all('subject')[0];
    return {
      ...(messageId !== undefined && { messageId: messageId.slice(0, MAX_SHOWN) }),
      ...(subject !== undefined && { subject: decodeWords(subject).trim().slice(0, MAX_SHOWN) }),
    };
  }

  async deliver(taken: Taken): Promise<Reply[]> {
    const { settings } = this.#services;
    const received = this.#received;
    invariant(received !== undefined, 'a message is delivered when it has come');
    if (received instanceof MailboxError)
      return this.#envelope.recipients.map(() => replyToSender(received, settings.overQuota));
    return handOver(this.#services, this.#envelope, { received, taken, startMs: this.#startMs });
  }

  /** What was delivered is the store's by now; what nobody took, in all or some parts of the store, is given up. */
  release(): void {
    this.#incoming.abort();
    this.#room.release();
  }
}
