/** What a server says of how much it takes (RFC 9422), so that nobody finds out by being refused. Pure. */
import type { HopSession } from './session.ts';

/** Messages of a connection, recipients of a transaction; all recipients of ours are of one domain. */
export type LimitName = 'MAILMAX' | 'RCPTMAX';

/** Without an end when nothing is said, or nothing that can be meant. */
export function limitOf(session: Pick<HopSession, 'offer'>, name: LimitName): number {
  for (const word of session.offer('LIMITS')?.split(' ') ?? []) {
    const [key = '', value = ''] = word.split('=');
    if (key.toUpperCase() === name && /^[1-9]\d{0,5}$/.test(value)) return Number(value);
  }
  return Number.POSITIVE_INFINITY;
}
