/**
 * One message from the world, from MAIL to the one reply that answers for all its recipients (RFC 5321 §4.1.1.4): 250 when nobody
 * who was promised it can lose it any more.
 */
import type { IncomingMail } from '../delivery/incoming-mail.ts';
import type { Judgement } from '../delivery/judgement.ts';
import { isPostmaster } from '../smtp/path.ts';
import type { Reply } from '../smtp/reply.ts';
import type { NamedTo, ReadMessage, Transaction } from '../smtp/role.ts';
import type { Assessment } from './assessment.ts';
import { oneReply } from './one-reply.ts';

/** What the session knows of who sends. */
export interface Arrival {
  /** Begins to find out where it is from, and what is thought of it. */
  assess(id: string, recipients: readonly string[]): Assessment;
  /** `recipient`: the only one. */
  received(id: string, recipient: string | undefined): Buffer;
  /** A recipient was named that is not there. Throws `Farewell` when it was one too many. */
  unknown(): void;
}

export class MxTransaction implements Transaction {
  readonly #mail: IncomingMail;
  readonly #arrival: Arrival;
  readonly #defaultDomain: string;
  readonly #recipients: string[] = [];

  constructor(mail: IncomingMail, arrival: Arrival, defaultDomain: string) {
    this.#mail = mail;
    this.#arrival = arrival;
    this.#defaultDomain = defaultDomain;
  }

  async recipient({ address, parameters }: NamedTo): Promise<Reply> {
    const to = isPostmaster(address) ? `${address}@${this.#defaultDomain}` : address;
    const reply = await this.#mail.recipient(to, parameters);
    if (reply.code === 250) this.#recipients.push(to);
    else if (reply.code === 550) this.#arrival.unknown();
    return reply;
  }

  async message(read: ReadMessage, id: string): Promise<readonly Reply[]> {
    const only = this.#recipients.length === 1 ? this.#recipients[0] : undefined;
    const { received } = this.#arrival;
    // Not before: whoever only names senders and recipients has us ask nobody.
    const assessment = this.#arrival.assess(id, this.#recipients);
    const judge = (): Promise<Judgement> => assessment.judge(received(id, only));
    try {
      const replies = await this.#mail.message(assessment.through(read), id, judge, { hasOneReply: true });
      return [oneReply(replies, id)];
    } finally {
      assessment.end();
    }
  }
}
