/**
 * Taking turns: a semaphore, a mutex (a semaphore of one) and a queue between a fast producer and a slow consumer.
 *
 * Waiters are served in the order they came. Every waiting room has a size; when it is full the newcomer is refused
 * at once (`GateFull`) instead of adding memory and delay for everybody.
 */
export class GateFull extends Error {
  override readonly name = 'GateFull';
}

/** First in, first out, in amortised constant time: an array and a head, compacted when half of it is spent. */
class Fifo<T> {
  #items: (T | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head++] = undefined;
    if (this.#head > 32 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}

export class Semaphore {
  readonly #maxWaiting: number;
  readonly #waiting = new Fifo<() => void>();
  #free: number;

  constructor(permits: number, maxWaiting = Number.POSITIVE_INFINITY) {
    this.#free = permits;
    this.#maxWaiting = maxWaiting;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  async run<T>(work: () => T | Promise<T>): Promise<T> {
    await this.#enter();
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  #enter(): Promise<void> | undefined {
    if (this.#free > 0) {
      this.#free--;
      return undefined;
    }
    if (this.#waiting.length >= this.#maxWaiting) throw new GateFull('too many are waiting');
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    return promise;
  }

  /** The permit passes straight to the next in line, so that nobody can slip in between. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free++;
  }
}

export class Mutex extends Semaphore {
  constructor(maxWaiting = Number.POSITIVE_INFINITY) {
    super(1, maxWaiting);
  }
}

/**
 * A queue of at most `capacity` items. `push` waits while it is full, `shift` waits while it is empty and gives
 * undefined once the queue was closed and emptied. `offer` never waits: false means full or closed.
 */
export class BoundedQueue<T> {
  readonly #capacity: number;
  readonly #items = new Fifo<T>();
  readonly #takers = new Fifo<(item: T | undefined) => void>();
  readonly #givers = new Fifo<() => void>();
  #isClosed = false;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get length(): number {
    return this.#items.length;
  }

  offer(item: T): boolean {
    if (this.#isClosed) return false;
    const taker = this.#takers.shift();
    if (taker) {
      taker(item);
      return true;
    }
    if (this.#items.length >= this.#capacity) return false;
    this.#items.push(item);
    return true;
  }

  async push(item: T): Promise<boolean> {
    while (!this.#isClosed) {
      if (this.offer(item)) return true;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#givers.push(resolve);
      await promise;
    }
    return false;
  }

  async shift(): Promise<T | undefined> {
    const item = this.#items.shift();
    if (item !== undefined || this.#isClosed) {
      this.#givers.shift()?.();
      return item;
    }
    const { promise, resolve } = Promise.withResolvers<T | undefined>();
    this.#takers.push(resolve);
    return promise;
  }

  close(): void {
    this.#isClosed = true;
    for (let taker = this.#takers.shift(); taker; taker = this.#takers.shift()) taker(undefined);
    for (let giver = this.#givers.shift(); giver; giver = this.#givers.shift()) giver();
  }
}
