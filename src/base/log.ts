import { isatty } from 'node:tty';
import { pino } from 'pino';
import { LineLimits, type LineSource } from './log-limits.ts';
import { LogFile, LogOutput, unblockedWriter, visible } from './log-output.ts';

/**
 * The log: facts as fields, one sentence as message. JSON lines on standard error or in a file, or lines for a person when
 * standard error is a terminal. Standard output is not ours: it carries the one `ready` line that scripts wait for.
 *
 * A log is a constructor argument; `child` adds fields that every line below it carries (protocol, session, account).
 * What a client sent is a field, never part of the message, so it cannot forge a line, nor does a terminal that shows the
 * log obey it; passwords are `Secret`s. The message
 * is a constant, by which lines are limited (`log-limits.ts`): a stranger cannot fill the disk with what he makes us say.
 * Lines of level debug are not limited. Writing never waits and never fails (`log-output.ts`).
 */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/**
 * An error goes under the key `err`: it is written with its stack and its causes. The key `remote` is the address that
 * made us say it, by which the line is limited.
 */
export type LogFields = Readonly<Record<string, unknown>>;

export interface Log {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  /**
   * A line of level info that no limit leaves out. For what people will look for one by one, and what costs whoever
   * causes it more than it costs us: mail that came in, changes by an administrator.
   */
  record(fields: LogFields, message: string): void;
  /** `account`: the session is signed in; its lines are limited as that account's, no more as its address's. */
  child(fields: LogFields, account?: string): Log;
}

/** The log of the whole process; those that `child` makes have the level of the moment they were made. */
export interface RootLog extends Log {
  setLevel(level: LogLevel): void;
  /** A finished line of another process of ours, with its newline. */
  pass(line: string): void;
  /** A file that was moved away (logrotate) is begun anew. */
  reopen(): void;
  /** Lines since the start that the limits left out, and that the output did not take. */
  readonly omitted: { readonly leftOut: number; readonly lost: number };
}

export interface LogOptions {
  readonly level?: LogLevel;
  /** A file to append to, made when it is not there, for nobody else to read; standard error when absent. */
  readonly file?: string;
  /** Where finished lines go, each with its newline; standard error when absent. */
  readonly write?: (line: string) => void;
  /** Fields of every line. */
  readonly base?: LogFields;
  /** Lines for a person instead of JSON; when absent: whether standard error is a terminal. */
  readonly isPretty?: boolean;
  /** Tests own time. */
  readonly nowMs?: () => number;
}

const STDERR = 2;
/** Whatever a client could put into a field: a line is not longer. */
const MAX_LINE_LENGTH = 16 * 1024;
const SHOWN_LENGTH = 4 * 1024;
/** How long what was left out is counted before it is told. */
const REPORT_MS = 10_000;

export function createLog(options: LogOptions = {}): RootLog {
  const { level = 'info' } = options;
  const file = options.file === undefined ? undefined : new LogFile(options.file);
  const isTerminal = options.write === undefined && file === undefined && isatty(STDERR);
  const isPretty = options.isPretty ?? isTerminal;
  const output = options.write === undefined ? outputTo(file, isPretty) : undefined;
  const write = options.write ?? ((line: string): void => output?.write(line));
  const target = {
    write(line: string): void {
      const shown = bounded(visible(line));
      write(isPretty && shown.startsWith('{') ? prettyLine(shown) : shown);
    },
  };
  const lines = pino(
    {
      level,
      base: options.base ?? null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      messageKey: 'message',
      serializers: { err: pino.stdSerializers.errWithCause },
    },
    target,
  );
  const limiter = new Limiter(lines, options.nowMs);
  if (output !== undefined) {
    process.on('exit', () => {
      limiter.report();
      output.flush();
    });
  }
  const pass = (line: string): void => {
    try {
      target.write(line);
    } catch {
      write(visible(line)); // it looked like JSON
    }
  };
  return new ProcessLog(lines, { limiter, file, output, pass });
}

/** Drops everything: for tests and tools that have nobody to tell. */
export const silentLog: Log = Object.freeze({
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  record: () => {},
  child: () => silentLog,
});

type Lines = Pick<pino.Logger, 'debug' | 'info' | 'warn' | 'error' | 'child' | 'isLevelEnabled'>;

class LimitedLog implements Log {
  readonly #lines: Lines;
  readonly #limiter: Limiter;
  readonly #source: LineSource | undefined;

  constructor(lines: Lines, limiter: Limiter, source: LineSource | undefined) {
    this.#lines = lines;
    this.#limiter = limiter;
    this.#source = source;
  }

  debug(fields: LogFields, message: string): void {
    this.#lines.debug(fields, message);
  }

  info(fields: LogFields, message: string): void {
    if (this.#admits('info', fields, message)) this.#lines.info(fields, message);
  }

  warn(fields: LogFields, message: string): void {
    if (this.#admits('warn', fields, message)) this.#lines.warn(fields, message);
  }

  error(fields: LogFields, message: string): void {
    if (this.#admits('error', fields, message)) this.#lines.error(fields, message);
  }

  record(fields: LogFields, message: string): void {
    this.#lines.info(fields, message);
  }

  child(fields: LogFields, account?: string): Log {
    const source =
      account === undefined ? (remoteOf(fields) ?? this.#source) : { name: account, isAccount: true };
    return new LimitedLog(this.#lines.child(fields), this.#limiter, source);
  }

  #admits(level: 'info' | 'warn' | 'error', fields: LogFields, message: string): boolean {
    if (!this.#lines.isLevelEnabled(level)) return false;
    return this.#limiter.admits(message, this.#source ?? remoteOf(fields));
  }
}

interface LogParts {
  readonly limiter: Limiter;
  readonly file: LogFile | undefined;
  readonly output: LogOutput | undefined;
  readonly pass: (line: string) => void;
}

class ProcessLog extends LimitedLog implements RootLog {
  readonly #root: pino.Logger;
  readonly #parts: LogParts;

  constructor(root: pino.Logger, parts: LogParts) {
    super(root, parts.limiter, undefined);
    this.#root = root;
    this.#parts = parts;
  }

  get omitted(): { readonly leftOut: number; readonly lost: number } {
    const { limiter, output } = this.#parts;
    return { leftOut: limiter.leftOut, lost: output?.totalLost ?? 0 };
  }

  setLevel(level: LogLevel): void {
    this.#root.level = level;
  }

  pass(line: string): void {
    this.#parts.pass(line);
  }

  reopen(): void {
    this.#parts.file?.reopen();
  }
}

function remoteOf({ remote }: LogFields): LineSource | undefined {
  return typeof remote === 'string' ? { name: remote, isAccount: false } : undefined;
}

/** Tells now and then what the limits left out. */
class Limiter {
  readonly #lines: Lines;
  readonly #limits: LineLimits;
  #timer: NodeJS.Timeout | undefined;

  constructor(lines: Lines, nowMs: (() => number) | undefined) {
    this.#lines = lines;
    this.#limits = new LineLimits(nowMs);
  }

  get leftOut(): number {
    return this.#limits.total;
  }

  admits(message: string, source: LineSource | undefined): boolean {
    if (this.#limits.admits(message, source)) return true;
    this.#timer ??= setTimeout(() => this.report(), REPORT_MS).unref();
    return false;
  }

  report(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const { kind, source, lines } of this.#limits.takeLeftOut()) {
      this.#lines.warn(
        { of: kind, ...(source === undefined ? {} : { source }), lines },
        'lines were left out',
      );
    }
  }
}

function outputTo(file: LogFile | undefined, isPretty: boolean): LogOutput {
  return new LogOutput({
    write: file === undefined ? unblockedWriter(STDERR) : (bytes) => file.write(bytes),
    lostLine: (lines, reason) => {
      const message = `lines were lost: ${file === undefined ? 'standard error' : 'the log file'} took none`;
      const line = JSON.stringify({ level: 'warn', time: new Date().toISOString(), lines, reason, message });
      return isPretty ? prettyLine(line) : `${line}\n`;
    },
  });
}

/** A line that is too long keeps what it is and its beginning, as text: cut JSON could not be read. */
function bounded(line: string): string {
  if (line.length <= MAX_LINE_LENGTH) return line;
  if (!line.startsWith('{')) return `${line.slice(0, SHOWN_LENGTH)}\n`;
  const { level, time, message } = JSON.parse(line) as Record<string, unknown>;
  const begins = line.slice(0, SHOWN_LENGTH);
  return `${JSON.stringify({ level, time, begins, length: line.length, message })}\n`;
}

/** `12:34:56.789 WARN  over quota  account=alice@example.com`, a stack below it. */
function prettyLine(json: string): string {
  const { time, level, message, err, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const stack = (err as { stack?: string } | undefined)?.stack;
  const rest = Object.entries(fields).map(([key, value]) => `  ${key}=${prettyValue(value)}`);
  const clock = String(time).slice(11, 23);
  const head = `${clock} ${String(level).toUpperCase().padEnd(5)} ${message}${rest.join('')}\n`;
  return visible(stack ? `${head}  ${stack}\n` : head);
}

function prettyValue(value: unknown): string {
  return typeof value === 'string' && /^[\x21-\x7e]+$/.test(value) ? value : JSON.stringify(value);
}
