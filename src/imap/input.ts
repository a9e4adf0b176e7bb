/**
 * The reading half of a session: bytes from the stream, commands from the framer, and waiting for two things at once.
 *
 * One read of the stream is under way at most, and whoever waits is woken through one slot, so an idle session holds two
 * small objects and gathers nothing however often it is woken. A wake says only that it is time to look; what there is to
 * see is kept in fields, so none is lost that comes before the sleeper of the last one has got up.
 */
import type { Connection } from '../net/connection.ts';
import type { FrameEvent, LineEvent } from './wire/frame-event.ts';
import type { Framer } from './wire/framer.ts';

export type Wake = 'bytes' | 'hint' | 'timeout' | 'end';

export class Input {
  readonly #stream: Pick<Connection, 'read'>;
  readonly #framer: Framer;
  /** The session has waited, so the others have run. */
  readonly #onWaited: () => void;
  #isReading = false;
  #isEnded = false;
  #failure: unknown;
  #waiter: (() => void) | undefined;
  /** The framer was given something since it was last looked at. */
  #hasBytes = false;
  #hasHint = false;
  #isLate = false;

  constructor(stream: Pick<Connection, 'read'>, framer: Framer, onWaited: () => void = () => {}) {
    this.#stream = stream;
    this.#framer = framer;
    this.#onWaited = onWaited;
  }

  /** True while nothing but this object holds the session up. */
  get isWaiting(): boolean {
    return this.#waiter !== undefined;
  }

  /** The next event of a command, or undefined when the client is gone. Throws ReadTimeout. */
  async nextEvent(): Promise<FrameEvent | undefined> {
    for (;;) {
      const event = this.#framer.next();
      if (event !== undefined) return event;
      if ((await this.#wait(false)) === 'end') return undefined;
    }
  }

  /** The next whole line, or undefined when the client is gone. */
  async nextLine(): Promise<LineEvent | undefined> {
    for (;;) {
      const line = this.#framer.takeLine();
      if (line !== undefined) return line;
      if ((await this.#wait(false)) === 'end') return undefined;
    }
  }

  /** A line, or what else came first. */
  lineOrWake(timeoutMs: number): Promise<LineEvent | Exclude<Wake, 'bytes'>> {
    return this.#orWake(timeoutMs, () => this.#framer.takeLine());
  }

  /** The next event of a command, or what else came first; without a time there is none. */
  eventOrWake(timeoutMs: number | undefined): Promise<FrameEvent | Exclude<Wake, 'bytes'>> {
    return this.#orWake(timeoutMs, () => this.#framer.next());
  }

  async #orWake<T>(
    timeoutMs: number | undefined,
    take: () => T | undefined,
  ): Promise<T | Exclude<Wake, 'bytes'>> {
    this.#isLate = false;
    const ring = (): void => {
      this.#isLate = true;
      this.#wake();
    };
    const timer = timeoutMs === undefined ? undefined : setTimeout(ring, timeoutMs).unref();
    try {
      for (;;) {
        const taken = take();
        if (taken !== undefined) return taken;
        const wake = await this.#wait(true);
        if (wake !== 'bytes') return wake;
      }
    } finally {
      clearTimeout(timer);
      this.#isLate = false;
    }
  }

  /** Something changed that the session may want to tell. */
  hint(): void {
    this.#hasHint = true;
    this.#wake();
  }

  /** Before a TLS handshake: what was read is dropped. */
  dropPending(): number {
    return this.#framer.residual();
  }

  /** What was read of the stream and not used. */
  takeUnread(): Buffer {
    return this.#framer.takeUnread();
  }

  async #wait(wantsHint: boolean): Promise<Wake> {
    // What a hint is about is told with the next answer.
    if (!wantsHint) this.#hasHint = false;
    for (;;) {
      const wake = this.#takeWake(wantsHint);
      if (wake !== undefined) return wake;
      this.#read();
      await new Promise<void>((resolve) => {
        this.#waiter = resolve;
      });
      this.#onWaited();
    }
  }

  #takeWake(wantsHint: boolean): Wake | undefined {
    if (wantsHint && this.#hasHint) {
      this.#hasHint = false;
      return 'hint';
    }
    if (this.#hasBytes) {
      this.#hasBytes = false;
      return 'bytes';
    }
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#isEnded) return 'end';
    return this.#isLate ? 'timeout' : undefined;
  }

  #read(): void {
    if (this.#isReading || this.#isEnded) return;
    this.#isReading = true;
    this.#stream.read().then(
      (chunk) => {
        this.#isReading = false;
        if (chunk === undefined) this.#isEnded = true;
        else {
          this.#framer.push(chunk);
          this.#hasBytes = true;
        }
        this.#wake();
      },
      (error: unknown) => {
        this.#isReading = false;
        this.#isEnded = true;
        this.#failure = error;
        this.#wake();
      },
    );
  }

  #wake(): void {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    waiter?.();
  }
}
