/** A header taken apart into its fields and put together again; what is not touched keeps its octets. */

import { latin1 } from '../../base/bytes.ts';
import { encodeWords } from '../../mail/downgrade/words.ts';
import { colonOf, fieldEnd, foldAscii, isBlankLine, nameEnd } from '../../mail/header.ts';

export interface HeaderPiece {
  /** In lower case; '' for a line that is no field. */
  readonly name: string;
  /** All of it, with its line end. */
  readonly octets: Buffer;
  /** The value as it stands. */
  readonly raw: Buffer;
}

/** A line may have 998 octets (RFC 5322 §2.1.1); folded lines are shorter. */
const MAX_LINE = 78;
const MAX_PLAIN_WORD = 900;

export function headerPieces(header: Buffer): {
  readonly fields: readonly HeaderPiece[];
  readonly end: Buffer;
} {
  const fields: HeaderPiece[] = [];
  let at = 0;
  while (at < header.length && !isBlankLine(header, at, header.length)) {
    const next = fieldEnd(header, at, header.length);
    const colon = colonOf(header, at, next);
    const name = colon < 0 ? '' : foldAscii(latin1(header, at, nameEnd(header, at, colon)));
    fields.push({
      name,
      octets: header.subarray(at, next),
      raw: header.subarray(colon < 0 ? next : colon + 1, next),
    });
    at = next;
  }
  return { fields, end: header.subarray(at) };
}

export function joinPieces(fields: readonly HeaderPiece[], end: Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (const { octets } of fields) {
    pieces.push(octets);
    if (octets.at(-1) !== 0x0a) pieces.push(Buffer.from('\r\n'));
  }
  return Buffer.concat([...pieces, end.length === 0 ? Buffer.from('\r\n') : end]);
}

/** A whole field: control characters and line ends become spaces, what is not ASCII encoded words, long lines are folded. */
export function encodedField(name: string, value: string): Buffer {
  const clean = value.replace(/[\0-\x1f\x7f]+/g, ' ').trim();
  const isPlain =
    /^[\x20-\x7e]*$/.test(clean) && !clean.split(' ').some((word) => word.length > MAX_PLAIN_WORD);
  const text = isPlain ? clean : encodeWords(Buffer.from(clean.toWellFormed()), 'utf-8');
  return Buffer.from(`${folded(`${name}: ${text}`)}\r\n`, 'latin1');
}

function folded(line: string): string {
  const lines: string[] = [];
  let rest = line;
  while (rest.length > MAX_LINE) {
    // Never before the first word of the value: a line of nothing but spaces is no line of a header.
    const start = lines.length === 0 ? line.indexOf(': ') + 2 : 1;
    let at = rest.lastIndexOf(' ', MAX_LINE);
    if (at < start) at = rest.indexOf(' ', Math.max(start, 1));
    if (at <= 0 || rest.slice(at).trim() === '' || rest.slice(0, at).trim() === '') break;
    lines.push(rest.slice(0, at));
    rest = rest.slice(at);
  }
  return [...lines, rest].join('\r\n');
}
