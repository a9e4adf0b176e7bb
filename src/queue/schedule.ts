/**
 * When a message is tried again, when its sender hears that it is late, and when it is given up. Pure; all times in milliseconds.
 *
 * The first gaps get past a server that turns strangers away once (greylisting), and there are several tries in the first hour
 * (RFC 5321 §4.5.4.1). Gaps are spread by a tenth, so that what was deferred together does not come back together.
 */
export interface Schedule {
  /** One behind the other; the last one is for all that follow. */
  readonly gapsMs: readonly number[];
  readonly giveUpMs: number;
  /** Of reports: whoever cannot be reached for so long is not waiting for them. */
  readonly giveUpReportsMs: number;
  readonly warnMs: number;
  /** Failures of a message that come within this time are one report. */
  readonly gatherMs: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const SCHEDULE: Schedule = Object.freeze({
  gapsMs: [1, 5, 10, 20, 40, 60, 120, 180, 240].map((minutes) => minutes * MINUTE),
  giveUpMs: 5 * DAY,
  giveUpReportsMs: 2 * DAY,
  warnMs: 4 * HOUR,
  gatherMs: MINUTE,
});

const SPREAD = 0.1;

/** After so many attempts, the last of them at `nowMs`; `random` is from 0 to below 1. */
export function nextTryMs(
  { gapsMs }: Pick<Schedule, 'gapsMs'>,
  attempts: number,
  nowMs: number,
  random: number,
): number {
  const gap = gapsMs[Math.min(Math.max(attempts, 1), gapsMs.length) - 1] ?? HOUR;
  return Math.round(nowMs + gap * (1 - SPREAD + 2 * SPREAD * random));
}

/** A host that cannot be reached is asked again after 1, 2, 4 minutes and so on, at most an hour. */
export function nextProbeMs(failures: number, nowMs: number, random: number, firstMs = MINUTE): number {
  const gap = Math.min(firstMs * 2 ** Math.max(0, failures - 1), HOUR);
  return Math.round(nowMs + gap * (1 - SPREAD + 2 * SPREAD * random));
}
