/**
 * A message of which some recipients are kept here and some are passed on to the holders of their accounts: its octets go both
 * ways as they come, and the replies are put into the order of the RCPT commands (RFC 2033 §4.2).
 */
import type { DataRead } from '../smtp/input.ts';
import { REPLY } from '../smtp/replies.ts';
import type { Reply } from '../smtp/reply.ts';
import type { Forwarding } from './forwarding.ts';
import type { NamedRecipient } from './transaction.ts';

export class PassedMessage {
  /** The recipients that are kept here. */
  readonly kept: readonly NamedRecipient[];
  readonly #forwarding: Forwarding;
  readonly #recipients: readonly NamedRecipient[];
  readonly #counts = new Map<string, number>();
  readonly #holders: ReadonlySet<string>;

  constructor(forwarding: Forwarding, recipients: readonly NamedRecipient[]) {
    this.#forwarding = forwarding;
    this.#recipients = recipients;
    this.kept = recipients.filter(({ holder }) => holder === undefined);
    for (const { holder } of recipients) {
      if (holder !== undefined) this.#counts.set(holder, (this.#counts.get(holder) ?? 0) + 1);
    }
    this.#holders = new Set(this.#counts.keys());
  }

  /** False: all recipients are here. */
  get isNeeded(): boolean {
    return this.#holders.size > 0;
  }

  async begin(): Promise<void> {
    if (this.isNeeded) await this.#forwarding.data(this.#holders);
  }

  /** Reads as `read` does, and passes on what it has read. */
  through(read: () => Promise<DataRead | undefined>): () => Promise<DataRead | undefined> {
    if (!this.isNeeded) return read;
    return async () => {
      const piece = await read();
      if (piece?.raw !== undefined) await this.#forwarding.write(this.#holders, piece.raw);
      return piece;
    };
  }

  /** All replies, with those that were made here among them. */
  async inOrder(kept: readonly Reply[]): Promise<readonly Reply[]> {
    if (!this.isNeeded) return kept;
    const waiting = new Map<string | undefined, Reply[]>(await this.#forwarding.replies(this.#counts));
    waiting.set(undefined, [...kept]);
    return this.#recipients.map(({ holder }) => waiting.get(holder)?.shift() ?? REPLY.holderGone);
  }
}
