/**
 * Byte-stuffing (RFC 1939 §3): a line that begins with a dot gets another one in front, so that a line of one dot can
 * end the reply. Lines end with CRLF here; `octet-form.ts` sees to that.
 *
 * Stretches without such lines are passed on by reference, found by a search that is faster than any loop; a message
 * made of dots is copied instead, or it would become a million little buffers.
 */
import { LF } from '../base/bytes.ts';

const DOT_OCTET = 0x2e;
const DOT = Buffer.from('.');
const LINE_WITH_DOT = Buffer.from('\n.');
/** More dots than this in one piece, and the rest of it is copied. */
const MAX_SPLITS = 32;

export const TERMINATOR = Buffer.from('.\r\n');

export class Stuffer {
  #isLineStart = true;

  /** Nothing was sent yet, or the last line is finished. */
  get isLineStart(): boolean {
    return this.#isLineStart;
  }

  /** Appends the piece to `out`, dots doubled. */
  push(piece: Buffer, out: Buffer[]): void {
    if (piece.length === 0) return;
    if (this.#isLineStart && piece[0] === DOT_OCTET) out.push(DOT);
    this.#isLineStart = piece[piece.length - 1] === LF;
    let from = 0;
    for (let splits = 0; ; splits++) {
      const lf = piece.indexOf(LINE_WITH_DOT, from);
      if (lf < 0) break;
      if (splits === MAX_SPLITS) {
        out.push(stuffed(piece.subarray(from)));
        return;
      }
      out.push(piece.subarray(from, lf + 1), DOT);
      from = lf + 1;
    }
    out.push(from === 0 ? piece : piece.subarray(from));
  }
}

/** The first octet is not looked at: it is in the middle of a line, or its dot was doubled already. */
function stuffed(piece: Buffer): Buffer {
  const out = Buffer.allocUnsafe(piece.length + (piece.length >> 1) + 1);
  let at = 0;
  for (let i = 0; i < piece.length; i++) {
    const octet = piece[i] as number;
    if (octet === DOT_OCTET && i > 0 && piece[i - 1] === LF) out[at++] = DOT_OCTET;
    out[at++] = octet;
  }
  return out.subarray(0, at);
}
