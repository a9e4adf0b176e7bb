/**
 * Which messages of a mailbox somebody who is not its owner has seen: a bit for each UID, in pages, so that a change writes a kilobyte.
 * Bits are of messages that are there, so their number and that of the messages say how many are unseen.
 */
import type { AccountId, MailboxId } from './model.ts';

const UIDS_PER_PAGE = 8192;
export const SEEN_PAGE_BYTES = UIDS_PER_PAGE / 8;

export interface SeenRow {
  readonly mailbox: MailboxId;
  readonly reader: AccountId;
  /** UIDs from `page * 8192`. */
  readonly page: number;
  /** SEEN_PAGE_BYTES; one without any bit has no row. */
  readonly bits: Buffer;
}

export interface SeenMessages {
  /** How many. */
  readonly count: number;
  has(uid: number): boolean;
  /** Also of messages that have left, of which not everybody was told that. */
  had(uid: number): boolean;
  /** Ends included, ascending. */
  ranges(): (readonly [low: number, high: number])[];
}

export const NOTHING_SEEN: SeenMessages = Object.freeze({
  count: 0,
  has: () => false,
  had: () => false,
  ranges: () => [],
});

export class SeenPages implements SeenMessages {
  /** Never changed, only put in the place of others. */
  readonly pages = new Map<number, Buffer>();
  /** UIDs of messages that he had seen and that have left since; no more than some thousands. */
  readonly left = new Set<number>();
  count = 0;

  load(page: number, bits: Buffer): void {
    this.pages.set(page, bits);
    for (const octet of bits) this.count += bitsIn(octet);
  }

  has(uid: number): boolean {
    const bits = this.pages.get(pageOf(uid));
    return bits !== undefined && hasBit(bits, uid % UIDS_PER_PAGE);
  }

  had(uid: number): boolean {
    return this.has(uid) || this.left.has(uid);
  }

  ranges(): (readonly [low: number, high: number])[] {
    const ranges: [number, number][] = [];
    for (const page of [...this.pages.keys()].sort((a, b) => a - b)) {
      const bits = this.pages.get(page) as Buffer;
      for (let at = 0; at < UIDS_PER_PAGE; at++) {
        if (bits[at >> 3] === 0) {
          at |= 7;
          continue;
        }
        if (!hasBit(bits, at)) continue;
        const uid = page * UIDS_PER_PAGE + at;
        const last = ranges.at(-1);
        if (last !== undefined && last[1] === uid - 1) last[1] = uid;
        else ranges.push([uid, uid]);
      }
    }
    return ranges;
  }

  /** The pages as they would be with these UIDs seen or not, and how many bits are different. */
  changed(uids: readonly number[], isSeen: boolean): { pages: ReadonlyMap<number, Buffer>; by: number } {
    const pages = new Map<number, Buffer>();
    let by = 0;
    for (const uid of uids) {
      const page = pageOf(uid);
      const at = uid % UIDS_PER_PAGE;
      let bits = pages.get(page) ?? this.pages.get(page);
      if ((bits !== undefined && hasBit(bits, at)) === isSeen) continue;
      if (!pages.has(page)) {
        bits = bits === undefined ? Buffer.alloc(SEEN_PAGE_BYTES) : Buffer.from(bits);
        pages.set(page, bits);
      }
      (bits as Buffer)[at >> 3] = ((bits as Buffer)[at >> 3] as number) ^ (1 << (at & 7));
      by += isSeen ? 1 : -1;
    }
    return { pages, by };
  }
}

function pageOf(uid: number): number {
  return Math.floor(uid / UIDS_PER_PAGE);
}

function hasBit(bits: Buffer, at: number): boolean {
  return ((bits[at >> 3] as number) & (1 << (at & 7))) !== 0;
}

function bitsIn(octet: number): number {
  let count = 0;
  for (let rest = octet; rest !== 0; rest &= rest - 1) count++;
  return count;
}
