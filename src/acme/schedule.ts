/**
 * When a certificate is renewed; pure. As the authority says (RFC 9773 §4.2), else at two thirds of its lifetime, a little earlier or
 * later for each server, so that not all come at once. After a failure with growing gaps.
 */
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const FIRST_GAP_MS = 15 * 60_000;
const LONGEST_GAP_MS = DAY_MS;
/** Of the lifetime. */
const JITTER = 0.05;

export interface Lifetime {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What the authority suggests. */
export interface SuggestedWindow {
  readonly startMs: number;
  readonly endMs: number;
}

/** `chance`: from 0 to below 1, the same for one certificate at every look. */
export function renewalMs({ fromMs, toMs }: Lifetime, chance: number, suggested?: SuggestedWindow): number {
  if (suggested !== undefined && suggested.endMs > suggested.startMs)
    return suggested.startMs + chance * (suggested.endMs - suggested.startMs);
  const lifetime = toMs - fromMs;
  return fromMs + lifetime * (2 / 3 + (chance - 0.5) * 2 * JITTER);
}

/** How long to wait after so many failures in a row: 15 minutes, an hour, four, sixteen, a day. */
export function gapAfterMs(failures: number): number {
  return Math.min(LONGEST_GAP_MS, FIRST_GAP_MS * 4 ** Math.max(0, failures - 1));
}

/** When to look again: at the moment itself when it is near, else within some hours, since names come and go. */
export function lookAgainMs(nowMs: number, dueMs: number): number {
  return Math.max(60_000, Math.min(dueMs - nowMs, 6 * HOUR_MS));
}

/** RFC 9773 §4.2; undefined for what is no such answer. */
export function readWindow(body: string): SuggestedWindow | undefined {
  try {
    const { suggestedWindow } = JSON.parse(body) as { suggestedWindow?: { start?: string; end?: string } };
    const startMs = Date.parse(suggestedWindow?.start ?? '');
    const endMs = Date.parse(suggestedWindow?.end ?? '');
    return endMs > startMs ? { startMs, endMs } : undefined;
  } catch {
    return undefined;
  }
}
