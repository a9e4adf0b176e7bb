/** What was searched for lately: on a device of one's own it is kept, elsewhere for as long as the page lives. */
import { type ReadonlySignal, signal } from '@preact/signals-core';

const KEY = 'searches';
const MOST = 8;
const MAX_LENGTH = 200;

export class RecentSearches {
  readonly #storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | undefined;
  readonly #all: ReturnType<typeof signal<readonly string[]>>;

  readonly #me: string;

  /** Those of this person: another's are not read, and go with the first that is kept. `storage` absent: nothing is kept. */
  constructor(me: string, storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | undefined) {
    this.#me = me;
    this.#storage = storage;
    this.#all = signal(read(me, storage));
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
      else this.#storage?.setItem(KEY, JSON.stringify({ of: this.#me, all }));
    } catch {
      // Full, or forbidden.
    }
  }
}

function read(me: string, storage: Pick<Storage, 'getItem'> | undefined): readonly string[] {
  try {
    const kept = JSON.parse(storage?.getItem(KEY) ?? '{}') as { of?: unknown; all?: unknown };
    if (kept.of !== me || !Array.isArray(kept.all)) return [];
    return kept.all.filter((one) => typeof one === 'string').slice(0, MOST);
  } catch {
    return [];
  }
}
