/**
 * Says that a command is still at work when it has nothing to say for long (RFC 9585): a client that hears nothing takes the
 * connection for dead, and its user sees how far it is. Only between lines; what is told is told as anything else is, when all that
 * was written before it is durable.
 */
import { writeStatus } from './replies.ts';
import type { WireWriter } from './wire/writer.ts';

/** What it is told through. */
interface Line {
  readonly out: WireWriter;
  flush(): Promise<void>;
}

export class Progress {
  readonly #line: Line;
  readonly #tag: string;
  readonly #timer: NodeJS.Timeout;
  #done: number | undefined;
  #goal: number | undefined;

  /** Until `stop`; every so often. */
  constructor(line: Line, tag: string, everyMs: number) {
    this.#line = line;
    this.#tag = tag;
    this.#timer = setInterval(() => this.#tell(), everyMs).unref();
  }

  /** Of so many things so many are done. */
  reached(done: number, goal: number): void {
    this.#done = done;
    this.#goal = goal;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #tell(): void {
    const { out } = this.#line;
    if (!out.isBetweenLines) return;
    const [done, goal] = [this.#done ?? 'NIL', this.#goal ?? 'NIL'];
    writeStatus(out, '*', 'OK', 'Still at work', `INPROGRESS ("${this.#tag}" ${done} ${goal})`);
    // Why it cannot be sent, the command hears that sends what it has.
    this.#line.flush().catch(() => {});
  }
}
