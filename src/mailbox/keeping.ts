/**
 * For how long mail is kept that is on its way out: a port, answered from the configuration and the settings of accounts. What a
 * mailbox says of itself goes first (`operations/retention.ts`).
 */
import type { Clock } from '../base/clock.ts';
import type { AccountRecord, Role } from './model/model.ts';
import type { Limits } from './model/quota.ts';

/** The time by which something is given up for good, see `upkeep/known-time.ts`; by it a leap of the clock makes nothing older. */
export interface KeepingClock extends Clock {
  /** When what bears this date will have been there for so long. */
  dueMs(atMs: number, ageMs: number): number;
  /** The latest date of which everything has been there for so long. */
  pastMs(ageMs: number): number;
}

/** Believed as it is. */
export function plainKeepingClock(clock: Clock): KeepingClock {
  return {
    nowMs: () => clock.nowMs(),
    dueMs: (atMs, ageMs) => atMs + ageMs,
    pastMs: (ageMs) => clock.nowMs() - ageMs,
  };
}

export interface Keeping {
  readonly clock: KeepingClock;
  /** What was deleted can be brought back for so long; 0: it cannot. */
  readonly recoverMs: number;
  /** As many octets of what was deleted are kept. */
  recoverBytes(limits: Limits): number;
  /** Mail is expunged when it has been in a mailbox of this role for so long; undefined: never. */
  retentionMs(record: AccountRecord, role: Role | undefined): number | undefined;
}

/** For tests of other things. */
export const KEEPS_ALL = (clock: Clock): Keeping => ({
  clock: plainKeepingClock(clock),
  recoverMs: 0,
  recoverBytes: () => Number.POSITIVE_INFINITY,
  retentionMs: () => undefined,
});
