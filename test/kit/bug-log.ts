/**
 * The log of servers in tests: silent, but for bugs of ours. A client is only told SERVERBUG or [SYS/PERM]; where it happened
 * stands here, on the standard error of the test run.
 */
import { type Log, type LogFields, silentLog } from '../../src/base/log.ts';

const BUG = /^a bug: /;

export const bugLog: Log = Object.freeze({
  ...silentLog,
  error(fields: LogFields, message: string) {
    if (BUG.test(message)) showBug(message, fields.err);
  },
  child: () => bugLog,
});

/** From the log of a server that is a process of its own. */
export function showLoggedBugs(lines: string): void {
  for (const line of lines.split('\n')) {
    if (!line.includes('"message":"a bug: ')) continue;
    const { message, err } = JSON.parse(line) as { message: string; err?: { stack?: string } };
    showBug(message, err);
  }
}

function showBug(message: string, err: unknown): void {
  const { stack } = (err ?? {}) as { stack?: string };
  process.stderr.write(`${message}\n${stack ?? String(err)}\n`);
}
