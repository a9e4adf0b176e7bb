/**
 * For how long mail is kept that is on its way out: a port, answered from the configuration and the settings of accounts. What a
 * mailbox says of itself goes first (`operations/retention.ts`).
 */
import type { Clock } from '../base/clock.ts';
import type { AccountRecord, Role } from './model/model.ts';
import type { Limits } from './model/quota.ts';

export interface Keeping {
  /** For whatever is given up for good because time has passed, see `upkeep/known-time.ts`. */
  readonly clock: Clock;
  /** What was deleted can be brought back for so long; 0: it cannot. */
  readonly recoverMs: number;
  /** As many octets of what was deleted are kept. */
  recoverBytes(limits: Limits): number;
  /** Mail is expunged when it has been in a mailbox of this role for so long; undefined: never. */
  retentionMs(record: AccountRecord, role: Role | undefined): number | undefined;
}

/** For tests of other things. */
export const KEEPS_ALL = (clock: Clock): Keeping => ({
  clock,
  recoverMs: 0,
  recoverBytes: () => Number.POSITIVE_INFINITY,
  retentionMs: () => undefined,
});
