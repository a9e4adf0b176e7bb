/**
 * NUL in messages. It is stored as it came, and no line or string of a mail protocol may hold it (RFC 5321 §4.5.2,
 * RFC 9051 §9 CHAR8): what is sent as text has 0x80 in its place, so every length stays what it is. The octets are
 * looked at as they leave: those that were damaged on the disk may hold one that nobody knew of at delivery.
 */

export const NUL_REPLACEMENT = 0x80;

/** The octets as they are when there is no NUL among them, else a copy. */
export function withoutNul(octets: Buffer): Buffer {
  let at = octets.indexOf(0);
  if (at < 0) return octets;
  const out = Buffer.from(octets);
  for (; at >= 0; at = out.indexOf(0, at + 1)) out[at] = NUL_REPLACEMENT;
  return out;
}
