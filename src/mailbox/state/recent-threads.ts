/**
 * Threads of emails that the store may not have shown to somebody who has asked it: between the question and the change for
 * which it was asked, others come in, and two of one turn may answer each other. Each question opens a window; what was
 * given a thread since then is here until the window is closed.
 *
 * Bounded by what comes in while the slowest question is open; without one, by what the store has not yet applied.
 */
import type { EmailThread, ThreadMatch } from '../model/threads.ts';

interface Recent {
  readonly modseq: number;
  readonly email: number;
  readonly is: EmailThread;
}

export interface ThreadWindow {
  /** Emails that were given their threads since what the store tells, by an id, as they came. */
  matchesOf(id: string): readonly ThreadMatch[];
  /** How many have been added to a thread since; without the one that began it. */
  sizeOf(thread: number): number;
  close(): void;
}

export interface ThreadsUnderWay {
  /** To be opened before the store is asked, and closed in any case. */
  open(): ThreadWindow;
}

const NONE: readonly ThreadMatch[] = Object.freeze([]);

export class RecentThreads implements ThreadsUnderWay {
  /** Of the last change that the store has applied. */
  #committed: number;
  readonly #recent: Recent[] = [];
  readonly #byId = new Map<string, Recent[]>();
  /** Those that did not begin it. */
  readonly #byThread = new Map<number, Recent[]>();
  /** In the order in which they were opened, so their floors ascend. */
  readonly #windows = new Set<{ readonly floor: number }>();

  constructor(modseq: number) {
    this.#committed = modseq;
  }

  /** Somebody is about to change the account. */
  get isOpen(): boolean {
    return this.#windows.size > 0;
  }

  open(): ThreadWindow {
    const floor = this.#committed;
    const window: ThreadWindow & { readonly floor: number } = {
      floor,
      matchesOf: (id) => {
        const known = this.#byId.get(id);
        if (known === undefined) return NONE;
        return known.filter(({ modseq }) => modseq > floor).map((recent) => matchOf(recent, id));
      },
      sizeOf: (thread) => this.#byThread.get(thread)?.filter(({ modseq }) => modseq > floor).length ?? 0,
      close: () => {
        this.#windows.delete(window);
        this.#forget();
      },
    };
    this.#windows.add(window);
    return window;
  }

  /** The returned function takes it back; called in reverse order. */
  add(modseq: number, email: number, is: EmailThread): () => void {
    const recent: Recent = { modseq, email, is };
    this.#recent.push(recent);
    if (is.own !== undefined) put(this.#byId, is.own, recent);
    for (const id of is.named) put(this.#byId, id, recent);
    if (is.thread !== email) put(this.#byThread, is.thread, recent);
    return () => {
      this.#recent.splice(this.#recent.lastIndexOf(recent), 1);
      this.#drop(recent);
    };
  }

  /** The store has applied all changes up to this modseq. */
  committed(modseq: number): void {
    this.#committed = modseq;
    this.#forget();
  }

  /** What every open window's answer of the store has as well. */
  #forget(): void {
    const [oldest] = this.#windows;
    const floor = oldest?.floor ?? this.#committed;
    let count = 0;
    while (count < this.#recent.length && (this.#recent[count] as Recent).modseq <= floor) count++;
    if (count === 0) return;
    for (const recent of this.#recent.splice(0, count)) this.#drop(recent);
  }

  #drop(recent: Recent): void {
    const { email, is } = recent;
    if (is.own !== undefined) take(this.#byId, is.own, recent);
    for (const id of is.named) take(this.#byId, id, recent);
    if (is.thread !== email) take(this.#byThread, is.thread, recent);
  }
}

function put<K>(map: Map<K, Recent[]>, key: K, recent: Recent): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [recent]);
  else known.push(recent);
}

function take<K>(map: Map<K, Recent[]>, key: K, recent: Recent): void {
  const known = map.get(key);
  if (known === undefined) return;
  if (known.length === 1) map.delete(key);
  else known.splice(known.indexOf(recent), 1);
}

function matchOf({ email, is: { thread, subject, own } }: Recent, id: string): ThreadMatch {
  return { email, thread, subject, isOwn: own === id };
}
