/**
 * Where finished lines leave the process: a file descriptor, usually standard error. Nothing that happens on its other
 * side stops or ends the server: not a reader that has stopped reading (EAGAIN), one that is gone (EPIPE), or a full disk
 * (ENOSPC). Lines wait in a buffer of a fixed size; what does not fit is dropped and counted, and the count is told when
 * the output takes something again.
 *
 * A write is never waited for. A pipe or a terminal is opened anew, since whether a descriptor waits is a property that
 * is shared with every process that has it (the shell that started us); a socket cannot be, and is set not to wait. On
 * a file, a write is a copy into the system's memory.
 *
 * And what text from outside looks like there, in the log or in what a command prints (`visible`).
 */
import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';

/** What moves the cursor, clears the screen, ends the line or turns the direction of writing. */
const OBEYED = /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * Text from outside as it may be shown: what a terminal would obey, whoever wrote it, stands there as `\u001b`. (U+0080 to U+009F
 * are as good as ESC to many.) Lines stay lines, and JSON means what it meant.
 */
export function visible(text: string): string {
  return text.replace(OBEYED, escaped);
}

/** One line, whatever it was. */
export function visibleLine(text: string): string {
  return visible(text).replace(/[\n\t]/g, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

const MAX_WAITING_BYTES = 1024 * 1024;
/** What is handed over in one call. */
const PIECE_BYTES = 64 * 1024;
const RETRY_MS = 50;
const MAX_RETRY_MS = 1000;

export interface LogOutputOptions {
  /** As `fs.writeSync`: how many octets were taken; throws when none were. */
  readonly write: (bytes: Buffer) => number;
  /** The line that tells how many were lost, with its newline. */
  readonly lostLine: (lines: number, reason: string) => string;
  readonly maxWaitingBytes?: number;
}

export class LogOutput {
  readonly #options: LogOutputOptions;
  readonly #maxWaitingBytes: number;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #isScheduled = false;
  #retryMs = RETRY_MS;
  #lost = 0;
  #totalLost = 0;
  #reason = '';

  constructor(options: LogOutputOptions) {
    this.#options = options;
    this.#maxWaitingBytes = options.maxWaitingBytes ?? MAX_WAITING_BYTES;
  }

  /** Lines dropped since the start. */
  get totalLost(): number {
    return this.#totalLost;
  }

  /** Takes whole lines. All lines of a turn of the event loop leave in one write. */
  write(text: string): void {
    const bytes = Buffer.from(text);
    if (this.#waitingBytes + bytes.length > this.#maxWaitingBytes) {
      this.#lost++;
      this.#totalLost++;
      return;
    }
    this.#push(bytes);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#send());
  }

  /** The last chance, at the end of the process. */
  flush(): void {
    this.#sendAll();
  }

  #push(bytes: Buffer): void {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
  }

  #send(): void {
    this.#isScheduled = false;
    const reason = this.#sendAll();
    if (reason === undefined) {
      this.#retryMs = RETRY_MS;
      return;
    }
    this.#reason = reason;
    this.#isScheduled = true;
    setTimeout(() => this.#send(), this.#retryMs).unref();
    this.#retryMs = Math.min(2 * this.#retryMs, MAX_RETRY_MS);
  }

  /** Undefined when nothing is left, else why. */
  #sendAll(): string | undefined {
    while (this.#waitingBytes > 0) {
      const piece = this.#takePiece();
      try {
        const taken = this.#options.write(piece);
        this.#giveBack(piece.subarray(taken));
      } catch (error) {
        this.#giveBack(piece);
        return (error as NodeJS.ErrnoException).code ?? String(error);
      }
      if (this.#lost > 0 && this.#waitingBytes === 0) {
        this.#push(Buffer.from(this.#options.lostLine(this.#lost, this.#reason)));
        this.#lost = 0;
      }
    }
    return undefined;
  }

  /** From the front; a line may be cut, its rest comes next. */
  #takePiece(): Buffer {
    let count = 0;
    let bytes = 0;
    while (count < this.#waiting.length && (count === 0 || bytes < PIECE_BYTES)) {
      bytes += (this.#waiting[count++] as Buffer).length;
    }
    const parts = this.#waiting.splice(0, count);
    this.#waitingBytes -= bytes;
    return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts, bytes);
  }

  #giveBack(rest: Buffer): void {
    if (rest.length === 0) return;
    this.#waiting.unshift(rest);
    this.#waitingBytes += rest.length;
  }
}

/** Writes to the descriptor without ever waiting for whoever reads it. */
export function unblockedWriter(fd: number): (bytes: Buffer) => number {
  const target = unblocked(fd);
  return (bytes) => writeSync(target, bytes);
}

function unblocked(fd: number): number {
  const { O_WRONLY, O_NONBLOCK, O_NOCTTY, O_APPEND } = constants;
  try {
    const stat = fstatSync(fd);
    if (stat.isFIFO() || stat.isCharacterDevice()) {
      return openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_APPEND);
    }
    // Making a stream of it is the one way to set O_NONBLOCK; the stream itself is not used.
    if (stat.isSocket()) new Socket({ fd, readable: false, writable: true }).on('error', () => {}).unref();
  } catch {
    // Without /proc, or nobody reads the pipe any more: as it is.
  }
  return fd;
}

/** A file that is appended to, for its owner alone to read. */
export class LogFile {
  readonly #path: string;
  #fd: number;

  constructor(path: string) {
    this.#path = path;
    this.#fd = openLog(path);
  }

  write(bytes: Buffer): number {
    return writeSync(this.#fd, bytes);
  }

  /** Throws when it cannot be opened, and goes on with the one that is open. */
  reopen(): void {
    const before = this.#fd;
    this.#fd = openLog(this.#path);
    closeSync(before);
  }
}

function openLog(path: string): number {
  return openSync(path, 'a', 0o600);
}
