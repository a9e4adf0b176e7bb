/**
 * What was computed of an account's emails and is asked for again: the threads, and lists of emails in an order (`mailbox/query/`).
 *
 * A list belongs to a moment; whoever finds one of an earlier moment brings it up to date or makes it anew, so forgetting one
 * costs time and nothing else. Bounded by octets for all accounts together; what was not used for a while goes.
 */
import type { AccountState } from './account.ts';
import type { ThreadTable } from './thread-table.ts';

/** Whatever it is to those who make it. */
export interface KeptList {
  readonly sizeBytes: number;
}

/** Each a view that some client has open. */
const MAX_LISTS = 8;

interface Kept {
  threads: ThreadTable | undefined;
  readonly lists: Map<string, KeptList>;
  lastUsedMs: number;
}

export class EmailListCache {
  readonly #kept = new Map<AccountState, Kept>();
  readonly #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  threads(account: AccountState, nowMs: number): ThreadTable | undefined {
    return this.#find(account, nowMs)?.threads;
  }

  keepThreads(account: AccountState, threads: ThreadTable, nowMs: number): void {
    this.#of(account, nowMs).threads = threads;
    this.#makeRoom(account);
  }

  list(account: AccountState, name: string, nowMs: number): KeptList | undefined {
    const lists = this.#find(account, nowMs)?.lists;
    const list = lists?.get(name);
    if (lists === undefined || list === undefined) return undefined;
    // The last one used goes last.
    lists.delete(name);
    lists.set(name, list);
    return list;
  }

  /** In the place of one of that name. */
  keepList(account: AccountState, name: string, list: KeptList, nowMs: number): void {
    const { lists } = this.#of(account, nowMs);
    lists.delete(name);
    lists.set(name, list);
    for (const oldest of lists.keys()) {
      if (lists.size <= MAX_LISTS) break;
      lists.delete(oldest);
    }
    this.#makeRoom(account);
  }

  dropUnused(beforeMs: number): void {
    for (const [account, { lastUsedMs }] of this.#kept) if (lastUsedMs < beforeMs) this.#kept.delete(account);
  }

  #find(account: AccountState, nowMs: number): Kept | undefined {
    const kept = this.#kept.get(account);
    if (kept !== undefined) kept.lastUsedMs = nowMs;
    return kept;
  }

  #of(account: AccountState, nowMs: number): Kept {
    const kept = this.#find(account, nowMs) ?? { threads: undefined, lists: new Map(), lastUsedMs: nowMs };
    this.#kept.set(account, kept);
    return kept;
  }

  /** Other accounts go first, those that were not used for longest; then this one's lists, the oldest first. */
  #makeRoom(account: AccountState): void {
    let bytes = 0;
    for (const kept of this.#kept.values()) bytes += bytesOf(kept);
    if (bytes <= this.#maxBytes) return;
    const byUse = [...this.#kept].sort(([, a], [, b]) => a.lastUsedMs - b.lastUsedMs);
    for (const [other, kept] of byUse) {
      if (bytes <= this.#maxBytes) return;
      if (other === account) continue;
      bytes -= bytesOf(kept);
      this.#kept.delete(other);
    }
    const own = this.#kept.get(account);
    if (own === undefined) return;
    for (const [name, list] of own.lists) {
      if (bytes <= this.#maxBytes) return;
      bytes -= list.sizeBytes;
      own.lists.delete(name);
    }
  }
}

function bytesOf({ threads, lists }: Kept): number {
  let bytes = threads?.sizeBytes ?? 0;
  for (const { sizeBytes } of lists.values()) bytes += sizeBytes;
  return bytes;
}
