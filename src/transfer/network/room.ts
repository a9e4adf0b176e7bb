/**
 * Whether there is room for a message before it is fetched. Asked only once the account has refused one: until then the octets are
 * the better question.
 */
import { humanSize } from '../../base/bytes.ts';

/** What an account has and may have; absent: no limit. */
export interface AccountRoom {
  readonly address: string;
  readonly usedBytes: number;
  readonly usedMessages: number;
  readonly quotaBytes?: number;
  readonly quotaMessages?: number;
}

export class Room {
  readonly #ask: () => Promise<AccountRoom>;
  #isTight = false;

  constructor(ask: () => Promise<AccountRoom>) {
    this.#ask = ask;
  }

  /** The account has refused a message. */
  tighten(): void {
    this.#isTight = true;
  }

  /** Why messages of this size have no room, one by one in this order; undefined for those that have. */
  async refusals(sizes: readonly number[]): Promise<readonly (string | undefined)[]> {
    if (!this.#isTight) return sizes.map(() => undefined);
    const { usedBytes, usedMessages, quotaBytes, quotaMessages } = await this.#ask();
    let bytes = (quotaBytes ?? Number.POSITIVE_INFINITY) - usedBytes;
    let messages = (quotaMessages ?? Number.POSITIVE_INFINITY) - usedMessages;
    return sizes.map((size) => {
      if (messages < 1) return `no room for another message: there are ${usedMessages} of ${quotaMessages}`;
      if (size > bytes)
        return `no room for ${humanSize(size)}: the account has ${humanSize(Math.max(0, bytes))} left`;
      bytes -= size;
      messages--;
      return undefined;
    });
  }
}
