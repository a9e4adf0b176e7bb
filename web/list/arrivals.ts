/**
 * New mail as a person is told of it who does not look: how many have come, at most once in ten seconds, and nothing of what is only
 * loaded. Pure.
 */
import type { Email } from '../sync/model.ts';

export const PAUSE_MS = 10_000;

export interface Arrivals {
  /** The newest time of receipt so far. */
  readonly newest: string;
  readonly toldMs: number;
  /** Come, and not told yet. */
  readonly waiting: number;
}

export const NONE_YET: Arrivals = { newest: '', toldMs: Number.NEGATIVE_INFINITY, waiting: 0 };

/** `rows`: the unread emails at the top of the Inbox. `said`: how many to tell of now. */
export function arrived(
  before: Arrivals,
  rows: readonly Pick<Email, 'receivedAt'>[],
  nowMs: number,
): { readonly after: Arrivals; readonly said: number } {
  const newest = [before.newest, ...rows.map(({ receivedAt }) => receivedAt)].toSorted().at(-1) ?? '';
  const isFirst = before.newest === '';
  const fresh = isFirst ? 0 : rows.filter(({ receivedAt }) => receivedAt > before.newest).length;
  const waiting = before.waiting + fresh;
  const isTime = waiting > 0 && nowMs - before.toldMs >= PAUSE_MS;
  return isTime
    ? { after: { newest, toldMs: nowMs, waiting: 0 }, said: waiting }
    : { after: { ...before, newest, waiting }, said: 0 };
}
