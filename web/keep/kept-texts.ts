/**
 * Mails with their text that were opened, so that they can be read again without a network. What a mail says never changes, so it is not
 * asked for twice. Bounded in number, size and age; what was opened longest ago goes first, and what is destroyed at once.
 */
import type { FullEmail } from '../read/full-email.ts';
import type { Kept } from './database.ts';
import { resultOf } from './database.ts';

export interface TextNote {
  readonly id: string;
  readonly size: number;
  readonly atMs: number;
}

const NOTES = 'texts';
const MAX_COUNT = 1000;
const MAX_SIZE = 30_000_000;
const MAX_ONE = 2_000_000;
const MAX_AGE_MS = 60 * 86_400_000;

export class KeptTexts {
  readonly #kept: Pick<Kept, 'read' | 'change'>;
  readonly #nowMs: () => number;

  constructor(kept: Pick<Kept, 'read' | 'change'>, nowMs: () => number) {
    this.#kept = kept;
    this.#nowMs = nowMs;
  }

  async find(id: string): Promise<FullEmail | undefined> {
    return (await this.#kept.read<{ readonly email: FullEmail }>('texts', id))?.email;
  }

  async keep(email: FullEmail): Promise<void> {
    const size = sizeOf(email);
    if (size > MAX_ONE) return;
    const note = { id: email.id, size, atMs: this.#nowMs() };
    await this.#notes(async (notes, store) => {
      store.put({ id: email.id, email });
      return [note, ...notes.filter(({ id }) => id !== email.id)];
    });
  }

  async forget(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    await this.#notes(async (notes, store) => {
      for (const id of ids) store.delete(id);
      return notes.filter(({ id }) => !ids.includes(id));
    });
  }

  #notes(
    run: (notes: readonly TextNote[], store: IDBObjectStore) => Promise<readonly TextNote[]>,
  ): Promise<void> {
    return this.#kept.change(['texts'], async (store) => {
      const known = (await resultOf(store('facts').get(NOTES))) as readonly TextNote[] | undefined;
      const notes = await run(known ?? [], store('texts'));
      const { stay, go } = bounded(notes, this.#nowMs());
      for (const { id } of go) store('texts').delete(id);
      store('facts').put(stay, NOTES);
    });
  }
}

/** Newest first. */
export function bounded(
  notes: readonly TextNote[],
  nowMs: number,
): { readonly stay: readonly TextNote[]; readonly go: readonly TextNote[] } {
  let size = 0;
  let count = 0;
  const stays = (note: TextNote): boolean => {
    size += note.size;
    return ++count <= MAX_COUNT && size <= MAX_SIZE && note.atMs > nowMs - MAX_AGE_MS;
  };
  const judged = notes.map((note) => ({ note, isKept: stays(note) }));
  return {
    stay: judged.filter(({ isKept }) => isKept).map(({ note }) => note),
    go: judged.filter(({ isKept }) => !isKept).map(({ note }) => note),
  };
}

/** Two octets a character, as it may be kept. */
function sizeOf({ bodyValues }: FullEmail): number {
  return 4000 + Object.values(bodyValues).reduce((sum, { value }) => sum + 2 * value.length, 0);
}
