/**
 * What is on its way to somebody who is told by HTTP, one receiver by a key. Each has one request at a time and a pause after it, in which
 * what comes is put together; one that fails is tried again, later and later, so often and no oftener, and what came meanwhile goes with
 * it. In memory alone: it is for hints, and whoever missed one loses nothing.
 */
export type Outcome =
  | { readonly kind: 'done' }
  /** The receiver is no more. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'later'; readonly afterMs?: number | undefined };

export interface ParcelsOptions<Content> {
  /** Both in one, the older first. */
  readonly join: (older: Content, newer: Content) => Content;
  /** Never rejects. */
  readonly send: (content: Content) => Promise<Outcome>;
  /** Between two requests to one receiver; 5 seconds when left out. */
  readonly pauseMs?: number | undefined;
  /** After a failure, the first time; ten seconds when left out. */
  readonly retryMs?: number | undefined;
}

interface Parcel<Content> {
  readonly key: string;
  content: Content | undefined;
  tries: number;
  timer: NodeJS.Timeout | undefined;
  /** A request is under way. */
  isOut: boolean;
}

const PAUSE_MS = 5000;
const RETRY_MS = 10_000;
const MOST_WAIT_MS = 60 * 60_000;
const MAX_TRIES = 7;

export class Parcels<Content> {
  readonly #options: ParcelsOptions<Content>;
  readonly #parcels = new Map<string, Parcel<Content>>();

  constructor(options: ParcelsOptions<Content>) {
    this.#options = options;
  }

  put(key: string, content: Content): void {
    const there = this.#parcels.get(key);
    const parcel = there ?? { key, content: undefined, tries: 0, timer: undefined, isOut: false };
    parcel.content = this.#joined(parcel.content, content);
    this.#parcels.set(key, parcel);
    if (!parcel.isOut && parcel.timer === undefined) this.#in(parcel, 0);
  }

  /** Nothing is sent any more. */
  stop(): void {
    for (const { timer } of this.#parcels.values()) clearTimeout(timer);
    this.#parcels.clear();
  }

  #joined(older: Content | undefined, newer: Content): Content {
    return older === undefined ? newer : this.#options.join(older, newer);
  }

  #in(parcel: Parcel<Content>, ms: number): void {
    parcel.timer = setTimeout(() => {
      parcel.timer = undefined;
      void this.#go(parcel);
    }, ms).unref();
  }

  async #go(parcel: Parcel<Content>): Promise<void> {
    const { content } = parcel;
    if (content === undefined) {
      this.#parcels.delete(parcel.key);
      return;
    }
    parcel.content = undefined;
    parcel.isOut = true;
    const outcome = await this.#options.send(content);
    parcel.isOut = false;
    if (this.#parcels.get(parcel.key) !== parcel) return;
    if (outcome.kind === 'gone' || (outcome.kind === 'later' && ++parcel.tries >= MAX_TRIES)) {
      this.#parcels.delete(parcel.key);
    } else if (outcome.kind === 'later') {
      parcel.content = parcel.content === undefined ? content : this.#options.join(content, parcel.content);
      const usualMs = (this.#options.retryMs ?? RETRY_MS) * 3 ** (parcel.tries - 1);
      this.#in(parcel, Math.min(MOST_WAIT_MS, Math.max(usualMs, outcome.afterMs ?? 0)));
    } else {
      parcel.tries = 0;
      this.#in(parcel, this.#options.pauseMs ?? PAUSE_MS);
    }
  }
}

/** What a receiver's status means for what it was sent (RFC 8030 §7.3); what it refuses is not tried again. */
export function outcomeOf(status: number, retryAfter: string | undefined): Outcome {
  if (status === 404 || status === 410) return { kind: 'gone' };
  if (status !== 429 && status < 500) return { kind: 'done' };
  const seconds = /^\d{1,6}$/.test(retryAfter ?? '') ? Number(retryAfter) : undefined;
  return { kind: 'later', afterMs: seconds === undefined ? undefined : seconds * 1000 };
}
