/**
 * What a check says: one thing it looked at, whether it is as it should be, what was seen, what was expected, and, where the two
 * differ, what to do. Made for people and for machines alike: the command line prints it, a page of the administration can show it.
 */
export type Verdict = 'ok' | 'warn' | 'fail' | 'unknown';

interface Looked {
  /** What was looked at: `imaps [::]:993`, `example.com`. */
  readonly subject: string;
  readonly seen: string;
  readonly expected: string;
}

interface Wanting extends Looked {
  readonly remedy: string;
  /** Lines for the zone file of the domain. */
  readonly records?: readonly string[];
}

interface Right extends Looked {
  /** What can be published as well, and nobody misses. */
  readonly records?: readonly string[];
}

/**
 * `warn`: it works, and something is missing or will be. `fail`: it does not work, or not for others. `unknown`: it cannot be
 * seen from inside; the remedy says who could see it.
 */
export type Outcome =
  | ({ readonly verdict: 'ok' } & Right)
  | ({ readonly verdict: 'warn' | 'fail' | 'unknown' } & Wanting);

export type Finding = Outcome & {
  /** Of the check, as the table has it. */
  readonly check: string;
};

export const ok = (found: Right): Outcome => ({ verdict: 'ok', ...found });
export const warn = (found: Wanting): Outcome => ({ verdict: 'warn', ...found });
export const fail = (found: Wanting): Outcome => ({ verdict: 'fail', ...found });
export const unknown = (found: Wanting): Outcome => ({ verdict: 'unknown', ...found });

const ORDER: readonly Verdict[] = ['ok', 'unknown', 'warn', 'fail'];

export function worst(verdicts: readonly Verdict[]): Verdict {
  return ORDER[Math.max(0, ...verdicts.map((verdict) => ORDER.indexOf(verdict)))] as Verdict;
}
