/**
 * One message from the world, from MAIL to the one reply that answers for all its recipients (RFC 5321 §4.1.1.4): 250 when nobody
 * who was promised it can lose it any more.
 */
import type { IncomingMail, Judgement } from '../delivery/incoming-mail.ts';
import { isPostmaster } from '../smtp/path.ts';
import type { Reply } from '../smtp/reply.ts';
import type { NamedTo, ReadMessage, Transaction } from '../smtp/role.ts';
import { HopCounter, MAX_HOPS } from './hops.ts';
import { oneReply } from './one-reply.ts';

/** What the session knows of who sends. */
export interface Arrival {
  /** `recipient`: the only one. */
  received(id: string, recipient: string | undefined): Buffer;
  /** A recipient was named that is not there. Throws `Farewell` when it was one too many. */
  unknown(): void;
}

const IN_A_CIRCLE: Reply = { code: 554, text: '5.4.6 the message goes in a circle' };

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

  async recipient({ address }: NamedTo): Promise<Reply> {
    const to = isPostmaster(address) ? `${address}@${this.#defaultDomain}` : address;
    const reply = await this.#mail.recipient(to);
    if (reply.code === 250) this.#recipients.push(to);
    else if (reply.code === 550) this.#arrival.unknown();
    return reply;
  }

  async message(read: ReadMessage, id: string): Promise<readonly Reply[]> {
    const hops = new HopCounter();
    const watched: ReadMessage = async () => {
      const piece = await read();
      if (piece !== undefined) hops.write(piece.bytes);
      return piece;
    };
    const judge = (): Judgement => {
      if (hops.count >= MAX_HOPS) return { kind: 'refused', reply: IN_A_CIRCLE };
      const only = this.#recipients.length === 1 ? this.#recipients[0] : undefined;
      return { kind: 'taken', fields: this.#arrival.received(id, only) };
    };
    const replies = await this.#mail.message(watched, id, judge);
    return [oneReply(replies, id)];
  }
}
