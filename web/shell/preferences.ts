/**
 * What the person has chosen: kept with the account, so that all devices know it; light or dark and the density are this device's own.
 * A choice counts at once and is written behind.
 */
import { type ReadonlySignal, signal } from '@preact/signals-core';

export interface Choices {
  /** Absent: as the browser says. */
  readonly language?: 'en' | 'sv';
  readonly conversations: boolean;
  /** Single keys do something. */
  readonly keys: boolean;
  readonly undoSeconds: number;
  /** Senders whose pictures are shown (`read/pictures.ts`). */
  readonly picturesFrom: string;
  readonly plainFont: 'sans' | 'serif' | 'mono';
  /** To the right and to the left. */
  readonly swipeRight: SwipeDeed;
  readonly swipeLeft: SwipeDeed;
}

export type SwipeDeed = 'archive' | 'delete' | 'read' | 'none';

export const DEFAULTS: Choices = {
  conversations: true,
  keys: true,
  undoSeconds: 10,
  picturesFrom: '',
  plainFont: 'sans',
  swipeRight: 'archive',
  swipeLeft: 'delete',
};

type Kept = Readonly<Record<string, unknown>>;

export interface PreferenceOptions {
  readonly write: (kept: Kept) => Promise<boolean>;
}

export class Preferences {
  readonly #write: PreferenceOptions['write'];
  readonly #choices = signal<Choices>(DEFAULTS);
  #kept: Kept = {};

  constructor({ write }: PreferenceOptions) {
    this.#write = write;
  }

  get choices(): ReadonlySignal<Choices> {
    return this.#choices;
  }

  /** As the account has them. What this version does not know stays as it is. */
  load(kept: Kept): void {
    this.#kept = kept;
    this.#choices.value = choicesOf(kept);
  }

  /** False: it could not be written, and is as before. `undefined` takes a choice back. */
  async choose(change: { readonly [K in keyof Choices]?: Choices[K] | undefined }): Promise<boolean> {
    const before = this.#kept;
    this.load(
      Object.fromEntries(Object.entries({ ...before, ...change }).filter(([, value]) => value !== undefined)),
    );
    const after = this.#kept;
    const isWritten = await this.#write(after);
    if (!isWritten && this.#kept === after) this.load(before);
    return isWritten;
  }
}

/** What is not of the right kind is as nobody had chosen. */
export function choicesOf(kept: Kept): Choices {
  const { language, undoSeconds } = kept;
  return {
    ...(language === 'en' || language === 'sv' ? { language } : {}),
    conversations: isBoolean(kept.conversations) ? kept.conversations : DEFAULTS.conversations,
    keys: isBoolean(kept.keys) ? kept.keys : DEFAULTS.keys,
    undoSeconds:
      typeof undoSeconds === 'number' && undoSeconds >= 0 && undoSeconds <= 30
        ? undoSeconds
        : DEFAULTS.undoSeconds,
    picturesFrom: typeof kept.picturesFrom === 'string' ? kept.picturesFrom : DEFAULTS.picturesFrom,
    plainFont: oneOf(kept.plainFont, ['sans', 'serif', 'mono'], DEFAULTS.plainFont),
    swipeRight: oneOf(kept.swipeRight, DEEDS, DEFAULTS.swipeRight),
    swipeLeft: oneOf(kept.swipeLeft, DEEDS, DEFAULTS.swipeLeft),
  };
}

export const DEEDS: readonly SwipeDeed[] = ['archive', 'delete', 'read', 'none'];

function oneOf<T extends string>(value: unknown, all: readonly T[], otherwise: T): T {
  return all.find((one) => one === value) ?? otherwise;
}

function isBoolean(value: unknown): value is boolean {
  return typeof value === 'boolean';
}
