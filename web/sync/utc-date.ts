/** A UTCDate of JMAP (RFC 8620 §1.4): no fraction of a second. */
export function utcDate(at: Date | number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
}
