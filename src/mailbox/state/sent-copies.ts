/**
 * What came into the mailboxes for sent mail a moment ago, by Message-ID: a program that puts there what it has sent, where the
 * server has done so, or will, is to find one copy and not two. In memory, for minutes: whoever forgets makes a copy. Whether it is the same
 * message is asked of its octets (`operations/same-message.ts`).
 */
import { LruMap } from '../../base/lru.ts';
import type { AccountId, MailboxId, Uid } from '../model/model.ts';

const KNOWN_FOR_MS = 10 * 60_000;
const MAX_KNOWN = 20_000;

/** Who has put it there. */
export type SentCopyMaker = 'server' | 'program';

export interface SentCopyPlace {
  readonly account: AccountId;
  readonly mailbox: MailboxId;
  readonly messageId: string;
}

export class SentCopies {
  readonly #known = new LruMap<string, { readonly uid: Uid; readonly atMs: number }>(MAX_KNOWN);

  note(place: SentCopyPlace, madeBy: SentCopyMaker, uid: Uid, nowMs: number): void {
    this.#known.set(keyOf(place, madeBy), { uid, atMs: nowMs });
  }

  /** It may have been expunged since. */
  find(place: SentCopyPlace, madeBy: SentCopyMaker, nowMs: number): Uid | undefined {
    const known = this.#known.get(keyOf(place, madeBy));
    return known !== undefined && nowMs - known.atMs < KNOWN_FOR_MS ? known.uid : undefined;
  }

  /** Once: who asks again, wants another. False when somebody has asked for this one meanwhile. */
  take(place: SentCopyPlace, madeBy: SentCopyMaker, uid: Uid): boolean {
    const key = keyOf(place, madeBy);
    return this.#known.get(key)?.uid === uid && this.#known.delete(key);
  }
}

function keyOf({ account, mailbox, messageId }: SentCopyPlace, madeBy: SentCopyMaker): string {
  return `${madeBy} ${account} ${mailbox} ${messageId}`;
}
