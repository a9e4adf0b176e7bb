/**
 * Orders and conversations of whole mailboxes, kept between commands: what a message is sorted and threaded by never changes,
 * so an order holds for as long as the same messages are there, whatever becomes of their flags, and without those that have
 * left for longer.
 *
 * Bounded by octets for all mailboxes together; what was not used for a while goes.
 */
import type { MailboxState } from './mailbox.ts';

export interface KeptOrder {
  /** UIDs, or for conversations UIDs and brackets. */
  readonly uids: Uint32Array;
  /** Messages with a UID above it are not in it. */
  readonly upTo: number;
  /** How many messages it has. */
  readonly count: number;
}

/** Each a way of sorting that some client has. */
const MAX_ORDERS = 8;

interface Kept {
  readonly orders: Map<string, KeptOrder>;
  lastUsedMs: number;
}

export class OrderCache {
  readonly #kept = new Map<MailboxState, Kept>();
  readonly #maxBytes: number;
  /** Of fewer messages it is not worth it. */
  leastMessages = 500;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get(mailbox: MailboxState, name: string, nowMs: number): KeptOrder | undefined {
    const kept = this.#kept.get(mailbox);
    const order = kept?.orders.get(name);
    if (kept === undefined || order === undefined) return undefined;
    kept.lastUsedMs = nowMs;
    // The last one used goes last.
    kept.orders.delete(name);
    kept.orders.set(name, order);
    return order;
  }

  /** Others go when there is no room, those that were not used for longest first. */
  keep(mailbox: MailboxState, name: string, order: KeptOrder, nowMs: number): void {
    let kept = this.#kept.get(mailbox);
    if (kept === undefined) {
      kept = { orders: new Map(), lastUsedMs: nowMs };
      this.#kept.set(mailbox, kept);
    }
    kept.lastUsedMs = nowMs;
    kept.orders.delete(name);
    kept.orders.set(name, order);
    for (const first of kept.orders.keys()) {
      if (kept.orders.size <= MAX_ORDERS) break;
      kept.orders.delete(first);
    }
    this.#makeRoom();
  }

  dropUnused(beforeMs: number): void {
    for (const [mailbox, { lastUsedMs }] of this.#kept) if (lastUsedMs < beforeMs) this.#kept.delete(mailbox);
  }

  #makeRoom(): void {
    const byUse = [...this.#kept].sort(([, a], [, b]) => a.lastUsedMs - b.lastUsedMs);
    let bytes = byUse.reduce((sum, [, kept]) => sum + bytesOf(kept), 0);
    for (const [mailbox, kept] of byUse) {
      if (bytes <= this.#maxBytes) return;
      bytes -= bytesOf(kept);
      this.#kept.delete(mailbox);
    }
  }
}

function bytesOf({ orders }: Kept): number {
  let bytes = 0;
  for (const { uids } of orders.values()) bytes += uids.byteLength;
  return bytes;
}
