import { EMPTY } from '../base/bytes.ts';

/**
 * The sending half of a stream: what was written and has not left yet.
 *
 * Everything pushed in one turn of the event loop goes out as one batch; a batch is in the socket until the socket has
 * taken it, then the next one follows. So the amount in flight is known, progress is a batch that was taken, and a
 * peer that takes nothing for `writeTimeoutMs` is stuck, however much or little waits for it.
 */
const BATCH_BYTES = 512 * 1024;
/** Producers pause above this. */
const MARK_BYTES = 512 * 1024;
/** Up to this size buffers are joined: copying them costs less than one more entry in a vectored write, and no garbage. */
const JOIN_BYTES = 8 * 1024;

export class StreamClosed extends Error {
  override readonly name = 'StreamClosed';
}

export interface StreamTap {
  received(bytes: Buffer): void;
  sent(bytes: Buffer): void;
}

interface OutboxOptions {
  readonly writeTimeoutMs: number;
  readonly nowMs: () => number;
  readonly tap?: StreamTap;
}

/** What takes the batches: a socket, or what stands before it. */
export interface Sink {
  cork(): void;
  uncork(): void;
  write(bytes: Buffer, taken?: () => void): unknown;
}

export class Outbox {
  readonly #socket: Sink;
  readonly #options: OutboxOptions;
  #queue: Buffer[] = [];
  #head = 0;
  #bytes = 0;
  #takenBytes = 0;
  /** Who wants to know when so much of all that was ever pushed is taken, in that order. */
  #waiting: { readonly bytes: number; readonly taken: () => void }[] = [];
  #inFlightBytes = 0;
  #isScheduled = false;
  #progressMs = 0;
  #belowMark: PromiseWithResolvers<void> | undefined;
  #empty: PromiseWithResolvers<void> | undefined;
  #failure: StreamClosed | undefined;

  constructor(socket: Sink, options: OutboxOptions) {
    this.#socket = socket;
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#bytes === 0;
  }

  get isBelowMark(): boolean {
    return this.#bytes <= MARK_BYTES;
  }

  isStuck(nowMs: number): boolean {
    return this.#inFlightBytes > 0 && nowMs - this.#progressMs >= this.#options.writeTimeoutMs;
  }

  push(bytes: Buffer | readonly Buffer[], taken?: () => void): void {
    if (this.#failure) return;
    if (Buffer.isBuffer(bytes)) this.#add(bytes);
    else for (const part of bytes) this.#add(part);
    if (taken !== undefined && this.#bytes === 0) taken();
    else if (taken !== undefined) this.#waiting.push({ bytes: this.#takenBytes + this.#bytes, taken });
    if (this.#isScheduled || this.#inFlightBytes > 0 || this.#bytes === 0) return;
    this.#isScheduled = true;
    // After the promise jobs of this turn, before the next event: all replies of one read share a packet.
    process.nextTick(() => this.#send());
  }

  untilBelowMark(): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.isBelowMark) return Promise.resolve();
    this.#belowMark ??= Promise.withResolvers();
    return this.#belowMark.promise;
  }

  untilEmpty(): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#bytes === 0) return Promise.resolve();
    this.#empty ??= Promise.withResolvers();
    return this.#empty.promise;
  }

  fail(reason: StreamClosed): void {
    this.#failure ??= reason;
    this.#queue = [];
    this.#head = 0;
    this.#bytes = 0;
    this.#waiting = [];
    this.#inFlightBytes = 0;
    this.#belowMark?.reject(reason);
    this.#empty?.reject(reason);
    this.#belowMark = undefined;
    this.#empty = undefined;
  }

  #add(part: Buffer): void {
    if (part.length === 0) return;
    this.#options.tap?.sent(part);
    this.#queue.push(part);
    this.#bytes += part.length;
  }

  #send(): void {
    this.#isScheduled = false;
    if (this.#failure || this.#bytes === 0) return;
    const batch = this.#takeBatch();
    this.#progressMs = this.#options.nowMs();
    const last = batch.pop() ?? EMPTY;
    if (batch.length > 0) {
      this.#socket.cork();
      for (const part of batch) this.#socket.write(part);
    }
    this.#socket.write(last, () => this.#taken());
    if (batch.length > 0) this.#socket.uncork();
  }

  /** The next `BATCH_BYTES`, a larger buffer in slices, runs of small ones joined. */
  #takeBatch(): Buffer[] {
    const batch: Buffer[] = [];
    let small: Buffer[] = [];
    let smallBytes = 0;
    const join = (): void => {
      if (small.length > 0)
        batch.push(small.length === 1 ? (small[0] as Buffer) : Buffer.concat(small, smallBytes));
      small = [];
      smallBytes = 0;
    };
    let bytes = 0;
    while (bytes < BATCH_BYTES && this.#head < this.#queue.length) {
      let part = this.#queue[this.#head] as Buffer;
      const room = BATCH_BYTES - bytes;
      if (part.length > room) {
        this.#queue[this.#head] = part.subarray(room);
        part = part.subarray(0, room);
      } else {
        this.#queue[this.#head++] = EMPTY;
      }
      bytes += part.length;
      if (part.length >= JOIN_BYTES) {
        join();
        batch.push(part);
      } else {
        small.push(part);
        smallBytes += part.length;
      }
    }
    join();
    if (this.#head === this.#queue.length) {
      this.#queue = [];
      this.#head = 0;
    }
    this.#inFlightBytes = bytes;
    return batch;
  }

  #taken(): void {
    if (this.#failure) return;
    this.#bytes -= this.#inFlightBytes;
    this.#takenBytes += this.#inFlightBytes;
    this.#inFlightBytes = 0;
    while ((this.#waiting[0]?.bytes ?? Number.POSITIVE_INFINITY) <= this.#takenBytes)
      this.#waiting.shift()?.taken();
    if (this.isBelowMark) {
      this.#belowMark?.resolve();
      this.#belowMark = undefined;
    }
    if (this.#bytes > 0) {
      this.#send();
      return;
    }
    this.#empty?.resolve();
    this.#empty = undefined;
  }
}
