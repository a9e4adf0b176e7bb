/** A UTCDate (RFC 8620 §1.4) of milliseconds since 1970; without a fraction where there is none. */
export function utcDateOf(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}
