/**
 * The clock, as far as it can be judged without asking anybody outside: files cannot have been written in the future, and the
 * system knows whether it keeps the clock right.
 */
import { fail, type Outcome, ok, unknown, warn } from '../finding.ts';
import type { Check } from '../world.ts';

const SLACK_MS = 5 * 60_000;
const subject = 'this machine';
const expected = 'the right time, kept by a time service';

export const clock: Check = {
  name: 'clock',
  async run({ machine, nowMs }) {
    const [newest, isKept] = await Promise.all([machine.newestFile(), machine.isClockKept()]);
    return [judge(nowMs, newest, isKept)];
  },
};

export function judge(
  nowMs: number,
  newest: { readonly path: string; readonly mtimeMs: number } | undefined,
  isKept: boolean | undefined,
): Outcome {
  const now = timeOf(nowMs);
  if (newest !== undefined && newest.mtimeMs > nowMs + SLACK_MS)
    return fail({
      ...{
        subject,
        expected,
        seen: `it is ${now}, and ${newest.path} was written at ${timeOf(newest.mtimeMs)}`,
      },
      remedy: 'set the clock, and let a time service keep it (timedatectl set-ntp true); mail is dated by it',
    });
  if (isKept === true) return ok({ subject, expected, seen: `${now}, kept by a time service` });
  if (isKept === false)
    return warn({
      ...{ subject, expected, seen: `${now}, and no time service keeps it` },
      remedy: 'let one keep it: timedatectl set-ntp true, or chrony; certificates are judged by it',
    });
  return unknown({
    ...{
      subject,
      expected,
      seen: `${now}; nobody outside is asked for the time, and the system does not say whether it keeps it`,
    },
    remedy: 'compare it with another clock; in a container the host keeps it',
  });
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
