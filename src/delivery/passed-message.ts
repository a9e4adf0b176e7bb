/**
 * A message of which some recipients are kept here and some are passed on to the holders of their accounts: its octets go both
 * ways as they come, and the replies are put into the order of the RCPT commands (RFC 2033 §4.2).
 */
import { REPLY } from '../smtp/replies.ts';
import type { Reply } from '../smtp/reply.ts';
import type { ReadMessage } from '../smtp/role.ts';
import type { NamedRecipient } from './envelope.ts';
import type { Holders } from './holders.ts';
import type { Taken } from './judgement.ts';

export class PassedMessage {
  /** The recipients that are kept here. */
  readonly kept: readonly NamedRecipient[];
  readonly #holders: Holders | undefined;
  readonly #recipients: readonly NamedRecipient[];
  readonly #counts = new Map<string, number>();
  readonly #names: ReadonlySet<string>;

  constructor(holders: Holders | undefined, recipients: readonly NamedRecipient[]) {
    this.#holders = holders;
    this.#recipients = recipients;
    this.kept = recipients.filter(({ holder }) => holder === undefined);
    for (const { holder } of recipients) {
      if (holder !== undefined) this.#counts.set(holder, (this.#counts.get(holder) ?? 0) + 1);
    }
    this.#names = new Set(this.#counts.keys());
  }

  /** Reads as `read` does, and passes on what it has read. */
  through(read: ReadMessage): ReadMessage {
    if (this.#names.size === 0) return read;
    return async () => {
      const piece = await read();
      if (piece !== undefined && piece.bytes.length > 0) await this.#holders?.write(this.#names, piece.bytes);
      return piece;
    };
  }

  /** The message has come whole: what each holder says of its recipients. */
  async finish(taken: Taken): Promise<ReadonlyMap<string, readonly Reply[]>> {
    if (this.#holders === undefined || this.#names.size === 0) return new Map();
    return this.#holders.finish(this.#counts, taken);
  }

  /** Nobody gets it. */
  giveUp(): void {
    this.#holders?.giveUp(this.#names);
  }

  /** All replies, those that were made here among them. */
  inOrder(kept: readonly Reply[], others: ReadonlyMap<string, readonly Reply[]>): readonly Reply[] {
    if (this.#names.size === 0) return kept;
    const waiting = new Map<string | undefined, Reply[]>([[undefined, [...kept]]]);
    for (const [holder, replies] of others) waiting.set(holder, [...replies]);
    return this.#recipients.map(({ holder }) => waiting.get(holder)?.shift() ?? REPLY.holderGone);
  }
}
