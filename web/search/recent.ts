/** What was searched for lately: on a device of one's own it is kept, elsewhere for as long as the page lives. */
import { type ReadonlySignal, signal } from '@preact/signals-core';

const KEY = 'searches';
const MOST = 8;
const MAX_LENGTH = 200;

export class RecentSearches {
  readonly #storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | undefined;
  readonly #all: ReturnType<typeof signal<readonly string[]>>;

  /** `storage` absent: nothing is kept. */
  constructor(storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | undefined) {
    this.#storage = storage;
    this.#all = signal(read(storage));
  }

  get all(): ReadonlySignal<readonly string[]> {
    return this.#all as ReadonlySignal<readonly string[]>;
  }

  /** The newest first, each once. */
  add(query: string): void {
    const text = query.trim();
    if (text === '' || text.length > MAX_LENGTH) return;
    this.#keep([text, ...(this.#all.peek() ?? []).filter((one) => one !== text)].slice(0, MOST));
  }

  forget(): void {
    this.#keep([]);
  }

  #keep(all: readonly string[]): void {
    this.#all.value = all;
    try {
      if (all.length === 0) this.#storage?.removeItem(KEY);
      else this.#storage?.setItem(KEY, JSON.stringify(all));
    } catch {
      // Full, or forbidden.
    }
  }
}

function read(storage: Pick<Storage, 'getItem'> | undefined): readonly string[] {
  try {
    const kept: unknown = JSON.parse(storage?.getItem(KEY) ?? '[]');
    return Array.isArray(kept) ? kept.filter((one) => typeof one === 'string').slice(0, MOST) : [];
  } catch {
    return [];
  }
}
