/**
 * A limit of messages for one command (RFC 9738), where the configuration sets one. A command that names more is done for those with the
 * highest UIDs, and its answer says the lowest of them, below which the client goes on; what must be done for all or none (COPY, APPEND,
 * SORT, THREAD) is refused. EXPUNGE, CLOSE and STATUS are not limited.
 */
import type { Criterion, UidRanges } from '../mailbox/model/criterion.ts';
import type { SessionContext } from './context.ts';
import type { PositionRun } from './message-set.ts';
import { type Completion, no, ok, writeStatus } from './replies.ts';
import type { ImapSettings } from './settings.ts';
import type { View } from './view.ts';
import { NumSet } from './wire/numset.ts';

/** What a command is done for, when not for everything it names. */
export interface Cut {
  readonly most: number;
  /** The lowest UID for which it is done. */
  readonly lowest: number;
}

type Limits = Pick<ImapSettings, 'messagesPerCommand' | 'messagesLimited'>;

/** Of any command; undefined: there is none. */
export function limitOf({ messagesPerCommand, messagesLimited }: Limits): number | undefined {
  return messagesPerCommand > 0 && messagesLimited === 'all' ? messagesPerCommand : undefined;
}

/** Of COPY and APPEND; undefined: there is none. */
export function saveLimitOf({ messagesPerCommand }: Limits): number | undefined {
  return messagesPerCommand > 0 ? messagesPerCommand : undefined;
}

/** Which of these messages are among those that a command is done for; undefined: all are. */
export function cutOf(
  { uids }: Pick<View, 'uids'>,
  runs: readonly PositionRun[],
  most: number | undefined,
): Cut | undefined {
  if (most === undefined) return undefined;
  let left = most;
  for (let i = runs.length - 1; i >= 0; i--) {
    const [from, to] = runs[i] as PositionRun;
    if (to - from > left) return { most, lowest: lowestAbove(uids, runs, i, to - left) };
    left -= to - from;
  }
  return undefined;
}

/** Of the positions from this one on; where none of this run is left, the next one begins. */
function lowestAbove(
  uids: ArrayLike<number>,
  runs: readonly PositionRun[],
  run: number,
  position: number,
): number {
  const [, to] = runs[run] as PositionRun;
  return uids[position < to ? position : (runs[run + 1] as PositionRun)[0]] as number;
}

/** The messages that are left. */
export function runsWithin(
  { uids }: Pick<View, 'uids'>,
  runs: readonly PositionRun[],
  cut: Cut | undefined,
): readonly PositionRun[] {
  if (cut === undefined) return runs;
  return runs.flatMap(([from, to]): PositionRun[] => {
    let first = from;
    if ((uids[to - 1] as number) < cut.lowest) return [];
    for (let high = to - 1; first < high; ) {
      const middle = (first + high) >>> 1;
      if ((uids[middle] as number) < cut.lowest) first = middle + 1;
      else high = middle;
    }
    return [[first, to]];
  });
}

/** The part of a search that it is done for: messages that it looks at count, and its UIDs say at which it has to look. */
export function searchCut(
  view: Pick<View, 'uids' | 'count'>,
  criterion: Criterion,
  most: number | undefined,
): Cut | undefined {
  if (most === undefined) return undefined;
  const members = criterion.kind === 'and' ? criterion.criteria : [criterion];
  return cutOf(
    view,
    runsIn(
      view,
      members.flatMap((one) => (one.kind === 'uids' ? [one.ranges] : [])),
    ),
    most,
  );
}

/** The same search of what it is done for. */
export function searchWithin(criterion: Criterion, cut: Cut | undefined): Criterion {
  if (cut === undefined) return criterion;
  const above: Criterion = { kind: 'uids', ranges: [[cut.lowest, Number.MAX_SAFE_INTEGER]] };
  return { kind: 'and', criteria: [above, criterion] };
}

/** The positions of the UIDs that are in all of these. */
function runsIn(
  { uids, count }: Pick<View, 'uids' | 'count'>,
  all: readonly UidRanges[],
): readonly PositionRun[] {
  if (all.length === 0) return count === 0 ? [] : [[0, count]];
  const runs: PositionRun[] = [];
  NumSet.of('uid', all.reduce(intersection)).eachRun(uids, (from, to) => runs.push([from, to]));
  return runs;
}

function intersection(one: UidRanges, other: UidRanges): UidRanges {
  const both: (readonly [number, number])[] = [];
  for (let i = 0, j = 0; i < one.length && j < other.length; ) {
    const [a, b] = [one[i], other[j]] as [UidRanges[number], UidRanges[number]];
    const [low, high] = [Math.max(a[0], b[0]), Math.min(a[1], b[1])];
    if (low <= high) both.push([low, high]);
    if (a[1] < b[1]) i++;
    else j++;
  }
  return both;
}

type Told = Pick<SessionContext, 'out'>;

/** How a command ends that was done; `code`: what its OK says besides. */
export function done(session: Told, name: string, cut: Cut | undefined, code?: string): Completion {
  if (cut === undefined) return ok(`${name} completed`, code);
  if (code === undefined) return ok(textOf(name, cut), codeOf(cut));
  noteCut(session, name, cut);
  return ok(`${name} completed`, code);
}

/** Before an answer that says something else. */
export function noteCut({ out }: Told, name: string, cut: Cut | undefined): void {
  if (cut !== undefined) writeStatus(out, '*', 'NO', textOf(name, cut), codeOf(cut));
}

function textOf(name: string, { most }: Cut): string {
  return `${name} completed for ${most} messages, the others are left`;
}

function codeOf({ most, lowest }: Cut): string {
  return `MESSAGELIMIT ${most} ${lowest}`;
}

/** `lowest`: for those from this UID on it would be done. */
export function tooMany(most: number, lowest?: number): Completion {
  const code = lowest === undefined ? `MESSAGELIMIT ${most}` : `MESSAGELIMIT ${most} ${lowest}`;
  return no(`At most ${most} messages in one command`, code);
}
