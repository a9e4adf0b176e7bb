/**
 * Threads of emails that the store may not have shown to somebody who has asked it: between the question and the change for
 * which it was asked, others come in, and two of one turn may answer each other. Each question opens a window; what was
 * given a thread since then is here until the window is closed.
 *
 * Bounded by what comes in while the slowest question is open; without one, by what the store has not yet applied.
 */
import { type EmailThread, MAX_MATCHES, type ThreadMatch } from '../model/threads.ts';
import { OpenQuestions } from './open-questions.ts';

interface Recent {
  readonly modseq: number;
  readonly email: number;
  readonly is: EmailThread;
}

export interface ThreadWindow {
  /** Emails that were given their threads since what the store tells: own ids first, then the newest; no more than MAX_MATCHES. */
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
  readonly #questions: OpenQuestions;
  readonly #recent = new Line();
  readonly #byOwn = new Map<string, Line>();
  readonly #byNamed = new Map<string, Line>();
  /** Those that did not begin it. */
  readonly #byThread = new Map<number, Line>();

  constructor(modseq: number) {
    this.#questions = new OpenQuestions(modseq, (floor) => this.#forget(floor));
  }

  /** Somebody is about to change the account. */
  get isOpen(): boolean {
    return this.#questions.isAny;
  }

  open(): ThreadWindow {
    const { floor, close } = this.#questions.open();
    return {
      matchesOf: (id) => {
        const own = this.#byOwn.get(id);
        const named = this.#byNamed.get(id);
        if (own === undefined && named === undefined) return NONE;
        const matches: ThreadMatch[] = [];
        own?.matchesAbove(floor, true, matches);
        named?.matchesAbove(floor, false, matches);
        return matches;
      },
      sizeOf: (thread) => this.#byThread.get(thread)?.countAbove(floor) ?? 0,
      close,
    };
  }

  /** The returned function takes it back; called in reverse order. */
  add(modseq: number, email: number, is: EmailThread): () => void {
    const recent: Recent = { modseq, email, is };
    this.#recent.push(recent);
    const { own, named, thread } = is;
    if (own !== undefined) put(this.#byOwn, own, recent);
    for (const id of named) put(this.#byNamed, id, recent);
    if (thread !== email) put(this.#byThread, thread, recent);
    return () => {
      this.#recent.pop();
      this.#drop(recent, 'last');
    };
  }

  /** The store has applied all changes up to this modseq. */
  committed(modseq: number): void {
    this.#questions.committed(modseq);
  }

  /** What every answer of the store has as well. */
  #forget(floor: number): void {
    for (;;) {
      const { first } = this.#recent;
      if (first === undefined || first.modseq > floor) return;
      this.#recent.shift();
      this.#drop(first, 'first');
    }
  }

  /** The oldest or the newest of all is that in each of its lines too. */
  #drop({ email, is: { own, named, thread } }: Recent, which: Which): void {
    if (own !== undefined) take(this.#byOwn, own, which);
    for (const id of named) take(this.#byNamed, id, which);
    if (thread !== email) take(this.#byThread, thread, which);
  }
}

type Which = 'first' | 'last';

/** In the order in which they came, so their modseqs ascend; goes at either end, whatever its length, in the same time. */
class Line {
  readonly #all: Recent[] = [];
  /** Before it are those that went. */
  #start = 0;

  get isEmpty(): boolean {
    return this.#start === this.#all.length;
  }

  get first(): Recent | undefined {
    return this.#all[this.#start];
  }

  push(recent: Recent): void {
    this.#all.push(recent);
  }

  pop(): void {
    if (!this.isEmpty) this.#all.pop();
  }

  shift(): void {
    this.#start++;
    if (this.#start * 2 < this.#all.length) return;
    this.#all.splice(0, this.#start);
    this.#start = 0;
  }

  /** The newest first, until there are enough of them. */
  matchesAbove(floor: number, isOwn: boolean, out: ThreadMatch[]): void {
    for (let i = this.#all.length - 1; i >= this.#start && out.length < MAX_MATCHES; i--) {
      const { modseq, email, is } = this.#all[i] as Recent;
      if (modseq <= floor) return;
      out.push({ email, thread: is.thread, subject: is.subject, isOwn });
    }
  }

  countAbove(floor: number): number {
    let low = this.#start;
    let high = this.#all.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#all[middle] as Recent).modseq <= floor) low = middle + 1;
      else high = middle;
    }
    return this.#all.length - low;
  }
}

function put<K>(map: Map<K, Line>, key: K, recent: Recent): void {
  let line = map.get(key);
  if (line === undefined) {
    line = new Line();
    map.set(key, line);
  }
  line.push(recent);
}

function take<K>(map: Map<K, Line>, key: K, which: Which): void {
  const line = map.get(key);
  if (line === undefined) return;
  if (which === 'first') line.shift();
  else line.pop();
  if (line.isEmpty) map.delete(key);
}
