/**
 * Time as a passed value, so that tests own it. Wall-clock milliseconds since 1970; never used to order changes
 * (the account's modseq does that), only to stamp, to expire and to throttle.
 */
export interface Clock {
  nowMs(): number;
}

export const systemClock: Clock = { nowMs: () => Date.now() };
