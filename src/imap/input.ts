/**
 * The reading half of a session: bytes from the stream, commands from the framer, and waiting for two things at once.
 *
 * One read of the stream is under way at most, and whoever waits is told through one slot, so an idle session holds two
 * small objects and gathers nothing however often it is woken.
 */
import type { ByteStream } from '../net/stream.ts';
import type { FrameEvent, LineEvent } from './wire/frame-event.ts';
import type { Framer } from './wire/framer.ts';

export type Wake = 'bytes' | 'hint' | 'timeout' | 'end';

export class Input {
  readonly #stream: Pick<ByteStream, 'read'>;
  readonly #framer: Framer;
  #isReading = false;
  #isEnded = false;
  #failure: unknown;
  #waiter: ((wake: Wake) => void) | undefined;
  #hasHint = false;

  constructor(stream: Pick<ByteStream, 'read'>, framer: Framer) {
    this.#stream = stream;
    this.#framer = framer;
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
  async lineOrWake(timeoutMs: number): Promise<LineEvent | Exclude<Wake, 'bytes'>> {
    const timer = setTimeout(() => this.#wake('timeout'), timeoutMs);
    timer.unref();
    try {
      for (;;) {
        const line = this.#framer.takeLine();
        if (line !== undefined) return line;
        const wake = await this.#wait(true);
        if (wake !== 'bytes') return wake;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Something changed that the session may want to tell. */
  hint(): void {
    this.#hasHint = true;
    this.#wake('hint');
  }

  /** Before a TLS handshake: what was read is dropped. */
  dropPending(): number {
    return this.#framer.residual();
  }

  async #wait(wantsHint: boolean): Promise<Wake> {
    if (wantsHint && this.#hasHint) {
      this.#hasHint = false;
      return 'hint';
    }
    if (!wantsHint) this.#hasHint = false;
    this.#read();
    for (;;) {
      if (this.#isEnded) {
        if (this.#failure !== undefined) throw this.#failure;
        return 'end';
      }
      const wake = await new Promise<Wake>((resolve) => {
        this.#waiter = resolve;
      });
      if (wake === 'hint') this.#hasHint = false;
      if (wake === 'bytes' || wantsHint) return wake;
    }
  }

  #read(): void {
    if (this.#isReading || this.#isEnded) return;
    this.#isReading = true;
    this.#stream.read().then(
      (chunk) => {
        this.#isReading = false;
        if (chunk === undefined) this.#isEnded = true;
        else this.#framer.push(chunk);
        this.#wake(chunk === undefined ? 'end' : 'bytes');
      },
      (error: unknown) => {
        this.#isReading = false;
        this.#isEnded = true;
        this.#failure = error;
        this.#wake('end');
      },
    );
  }

  #wake(wake: Wake): void {
    const waiter = this.#waiter;
    if (waiter === undefined) return;
    this.#waiter = undefined;
    waiter(wake);
  }
}
