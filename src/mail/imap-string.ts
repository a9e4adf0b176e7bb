/**
 * How stored pieces of IMAP responses spell strings: envelopes and body structures are kept as the wire wants them.
 *
 * Promises: whatever octets come in, a valid `nstring` of RFC 9051 §9 comes out, the same for IMAP4rev1 and rev2
 * and with or without UTF8=ACCEPT: quoted when all octets are 7-bit, there are no line ends and at most MAX_QUOTED
 * of them, else a literal. In a quoted string only `"` and `\` are escaped; nothing else may be. A NUL, which no
 * string may hold, becomes 0x80. Strings are octets, one per char.
 */

/** Clients have line limits; a literal has none. */
export const MAX_QUOTED = 1000;

export function nstring(value: string | undefined): string {
  return value === undefined ? 'NIL' : imapString(value);
}

export function imapString(value: string): string {
  if (value.length <= MAX_QUOTED && !NEEDS_LITERAL.test(value)) {
    return NEEDS_ESCAPE.test(value) ? `"${value.replace(/["\\]/g, '\\$&')}"` : `"${value}"`;
  }
  return `{${value.length}}\r\n${value.includes('\0') ? value.replaceAll('\0', '\x80') : value}`;
}

// One character class each: linear whatever the input.
const NEEDS_LITERAL = /[\0\r\n\x80-\xff]/;
const NEEDS_ESCAPE = /["\\]/;

/** Cut to a number of octets; the text may end inside a character, which a reader must bear anyway. */
export function truncate(value: string, maxBytes: number): string {
  return value.length > maxBytes ? value.slice(0, maxBytes) : value;
}
