/** When a message may leave at the earliest (RFC 4865). Pure. */
import type { MailParameters } from '../smtp/parameters.ts';
import type { Reply } from '../smtp/reply.ts';

export const MAX_HOLD_SECONDS = 30 * 86_400;

/** What EHLO says: seconds, and until when. */
export function holdLimits(nowMs: number): string {
  return `${MAX_HOLD_SECONDS} ${new Date(nowMs + MAX_HOLD_SECONDS * 1000).toISOString().replace(/\.\d+Z$/, 'Z')}`;
}

/** Milliseconds since 1970, undefined for a message that is not held, or why it cannot be. A moment that is over holds nothing. */
export function holdUntil(
  { holdForSeconds, holdUntilMs }: MailParameters,
  nowMs: number,
): number | Reply | undefined {
  const atMs = holdForSeconds === undefined ? holdUntilMs : nowMs + holdForSeconds * 1000;
  if (atMs === undefined || atMs <= nowMs) return undefined;
  // Clocks differ a little, and the client read the limit a moment ago.
  if (atMs <= nowMs + MAX_HOLD_SECONDS * 1000 + 60_000) return atMs;
  return { code: 501, text: `5.5.4 a message can be held for ${MAX_HOLD_SECONDS / 86_400} days at most` };
}
