import { pino } from 'pino';

/**
 * The log: facts as fields, one sentence as message. JSON lines on standard error, or lines for a person when
 * standard error is a terminal. Standard output is not ours: it carries the one `ready` line that scripts wait for.
 *
 * A log is a constructor argument; `child` adds fields that every line below it carries (protocol, session, account).
 * What a client sent is a field, never part of the message, so it cannot forge a line; passwords are `Secret`s.
 */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const satisfies readonly LogLevel[];

/** An error goes under the key `err`: it is written with its stack and its causes. */
export type LogFields = Readonly<Record<string, unknown>>;

export interface Log {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  child(fields: LogFields): Log;
}

export interface LogOptions {
  readonly level?: LogLevel;
  /** Where finished lines go, each with its newline; standard error when absent. */
  readonly write?: (line: string) => void;
  /** Lines for a person instead of JSON; when absent: whether standard error is a terminal. */
  readonly isPretty?: boolean;
}

export function createLog(options: LogOptions = {}): Log {
  const { level = 'info', write } = options;
  const isPretty = options.isPretty ?? (write === undefined && process.stderr.isTTY === true);
  const raw = write ? { write } : pino.destination({ dest: 2, sync: true });
  const target = isPretty ? { write: (line: string) => void raw.write(prettyLine(line)) } : raw;
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      messageKey: 'message',
      serializers: { err: pino.stdSerializers.errWithCause },
    },
    target,
  );
}

/** Drops everything: for tests and tools that have nobody to tell. */
export const silentLog: Log = Object.freeze({
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLog,
});

/** `12:34:56.789 WARN  over quota  account=alice@example.com`, a stack below it. */
function prettyLine(json: string): string {
  const { time, level, message, err, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const stack = (err as { stack?: string } | undefined)?.stack;
  const rest = Object.entries(fields).map(([key, value]) => `  ${key}=${prettyValue(value)}`);
  const clock = String(time).slice(11, 23);
  return `${clock} ${String(level).toUpperCase().padEnd(5)} ${message}${rest.join('')}\n${stack ? `  ${stack}\n` : ''}`;
}

function prettyValue(value: unknown): string {
  return typeof value === 'string' && /^[\x21-\x7e]+$/.test(value) ? value : JSON.stringify(value);
}
