/**
 * Long lines of a field cut at white space (RFC 5322 §2.2.3). What a reader unfolds is the same text, but for gaps that
 * would fill lines of their own.
 *
 * Promises: lines of at most 76 octets where white space allows it, of at most 998 in any case (RFC 5322 §2.1.1): a word
 * that is longer is cut. No line is nothing but white space. Linear.
 */
const GOOD_LENGTH = 76;
const MAX_LENGTH = 998;
const MAX_GAP = 255;
const BLANK_RUN = /[ \t]+/g;

/** One line without its end; the result has CRLF between its lines. */
export function foldLine(line: string): string {
  if (line.length <= GOOD_LENGTH) return line;
  const text = line.replace(BLANK_RUN, (gap) => (gap.length > MAX_GAP ? ' ' : gap));
  const lines: string[] = [];
  let start = 0;
  let fold = -1;
  for (const { index, 0: blanks } of text.matchAll(BLANK_RUN)) {
    const end = index + blanks.length;
    if (index - start > GOOD_LENGTH && fold > start) {
      lines.push(text.slice(start, fold));
      start = fold;
    }
    // The last blank of a run begins the new line, unless nothing but blanks would be left before it or behind it.
    if (index > start && end < text.length) fold = end - 1;
  }
  if (text.length - start > GOOD_LENGTH && fold > start) {
    lines.push(text.slice(start, fold));
    start = fold;
  }
  lines.push(text.slice(start));
  return lines.flatMap(cut).join('\r\n');
}

/** No white space came in time. */
function cut(line: string): string[] {
  if (line.length <= MAX_LENGTH) return [line];
  const pieces = [line.slice(0, MAX_LENGTH)];
  for (let at = MAX_LENGTH; at < line.length; at += MAX_LENGTH - 1) {
    pieces.push(` ${line.slice(at, at + MAX_LENGTH - 1)}`);
  }
  return pieces;
}
