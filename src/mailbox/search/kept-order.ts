/**
 * SORT and THREAD from what was kept of the command before (`state/kept-orders.ts`).
 *
 * An order of the whole mailbox serves every search of it: those that were not found, and those that have left, are passed over.
 * A few messages that came since are put where they belong, each by comparing it with as many as it takes to halve the order
 * down to its place. Conversations serve only when exactly the same messages are there.
 */

import type { Pause } from '../../base/time-slice.ts';
import type { Domain } from '../domain.ts';
import type { KeptOrder } from '../state/kept-orders.ts';
import type { MailboxState } from '../state/mailbox.ts';

/** More that are new, and all are sorted anew. */
const MOST_NEW = 100;
/** Octets of a table of UIDs for each of them. */
const SPARSEST = 16;
const STEP_MASK = 0xffff;

/** Of one mailbox and one way to sort. */
export class OrderKeeper {
  readonly #domain: Domain;
  readonly #mailbox: MailboxState;
  readonly #name: string;

  constructor(domain: Domain, mailbox: MailboxState, name: string) {
    this.#domain = domain;
    this.#mailbox = mailbox;
    this.#name = name;
  }

  get #cache() {
    return this.#domain.accounts.orders;
  }

  /** Undefined when there is none, or sorting those few is less work. */
  find(uids: readonly number[]): KeptOrder | undefined {
    if (uids.length < this.#cache.leastMessages) return undefined;
    const kept = this.#cache.get(this.#mailbox, this.#name, this.#domain.clock.nowMs());
    return kept !== undefined && uids.length > kept.count / 64 ? kept : undefined;
  }

  /** When it is of these messages and no others. */
  async findSame(uids: readonly number[], pause: Pause): Promise<Uint32Array | undefined> {
    const kept = this.find(uids);
    if (kept?.count !== uids.length) return undefined;
    const same = await filtered(kept.uids, uids, pause);
    return same?.length === uids.length ? kept.uids : undefined;
  }

  /** When it was made of all messages there are. */
  keep(made: Uint32Array, uids: readonly number[]): void {
    const { exists } = this.#mailbox;
    if (uids.length !== exists || exists < this.#cache.leastMessages) return;
    const order = { uids: made, upTo: uids.at(-1) as number, count: uids.length };
    this.#cache.keep(this.#mailbox, this.#name, order, this.#domain.clock.nowMs());
  }
}

/** Those of the ascending UIDs that came after the order was made; undefined when they are too many. */
export function newSince({ upTo }: KeptOrder, uids: readonly number[]): readonly number[] | undefined {
  let from = uids.length;
  while (from > 0 && (uids[from - 1] as number) > upTo) from--;
  return uids.length - from > MOST_NEW ? undefined : uids.slice(from);
}

/** Of the order those that are among the ascending UIDs; undefined when these lie too far apart. */
export async function filtered(
  order: Uint32Array,
  uids: readonly number[],
  pause: Pause,
): Promise<Uint32Array | undefined> {
  const first = uids[0] ?? 0;
  const width = (uids.at(-1) ?? 0) - first + 1;
  if (width > SPARSEST * uids.length) return undefined;
  const isWanted = new Uint8Array(width);
  for (let i = 0; i < uids.length; i++) isWanted[(uids[i] as number) - first] = 1;
  const out = new Uint32Array(Math.min(order.length, uids.length));
  let count = 0;
  for (let i = 0; i < order.length; i++) {
    const uid = order[i] as number;
    if (isWanted[uid - first] === 1) out[count++] = uid;
    const resting = (i & STEP_MASK) === STEP_MASK ? pause() : undefined;
    if (resting !== undefined) await resting;
  }
  return out.subarray(0, count);
}

/** The order with one more message in it. */
export async function inserted(
  order: Uint32Array,
  uid: number,
  isBefore: (uid: number, other: number) => Promise<boolean>,
): Promise<Uint32Array> {
  let low = 0;
  let high = order.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (await isBefore(uid, order[middle] as number)) high = middle;
    else low = middle + 1;
  }
  const out = new Uint32Array(order.length + 1);
  out.set(order.subarray(0, low));
  out[low] = uid;
  out.set(order.subarray(low), low + 1);
  return out;
}
