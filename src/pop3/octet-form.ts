/**
 * The form in which POP3 sends a message: whole lines that end with CRLF, a header that ends with a blank line, no NUL.
 * Most messages are in that form as they are stored, which their traits say; the others are converted on the way out,
 * and what is stored stays as it is. Headers in ASCII are another matter (`sent-form.ts`).
 *
 * - LF without CR, and any number of CRs before LF, is one line end.
 * - Another CR is a line end in the body. In the header it is a blank: a line end there would make a field of what the
 *   sender hid behind the CR (`Subject: x<CR>From: boss`), which every other reader of the message sees as text.
 * - NUL is 0x80: Outlook hangs on NUL.
 * - Outlook breaks on a header without its blank line, so one is added; an unfinished last line is finished.
 *
 * Promises: the same octets however the message is cut.
 */
import { CR, CRLF, EMPTY, LF, SP } from '../base/bytes.ts';
import { NUL_REPLACEMENT } from '../mail/nul.ts';
import { TRAIT } from '../mail/traits.ts';

const TWO_CRLF = Buffer.from('\r\n\r\n');

/** What must follow the stored octets of a message with clean lines; undefined for one that has to be converted. */
export function endingOf(traits: number): Buffer | undefined {
  if ((traits & TRAIT.CleanLines) === 0) return undefined;
  const missing = ((traits & TRAIT.LastLineEnd) === 0 ? 1 : 0) + ((traits & TRAIT.HeaderEnd) === 0 ? 1 : 0);
  if (missing === 0) return EMPTY;
  return missing === 1 ? CRLF : TWO_CRLF;
}

export class OctetForm {
  #isHeader = true;
  #isLineStart = true;
  /** CRs whose meaning depends on what follows. */
  #heldCrs = 0;

  convert(piece: Buffer): Buffer {
    const out = Buffer.allocUnsafe(2 * (piece.length + this.#heldCrs));
    let at = 0;
    for (let i = 0; i < piece.length; i++) {
      const octet = piece[i] as number;
      if (octet === CR) {
        this.#heldCrs++;
      } else if (octet === LF) {
        this.#heldCrs = 0;
        at = this.#endLine(out, at);
      } else {
        if (this.#heldCrs > 0) at = this.#releaseCrs(out, at);
        out[at++] = octet === 0 ? NUL_REPLACEMENT : octet;
        this.#isLineStart = false;
      }
    }
    return out.subarray(0, at);
  }

  end(): Buffer {
    const out = Buffer.allocUnsafe(4);
    let at = 0;
    if (this.#heldCrs > 0 || !this.#isLineStart) at = this.#endLine(out, at);
    if (this.#isHeader) at = this.#endLine(out, at);
    return out.subarray(0, at);
  }

  #endLine(out: Buffer, at: number): number {
    out[at] = CR;
    out[at + 1] = LF;
    if (this.#isLineStart) this.#isHeader = false;
    this.#isLineStart = true;
    return at + 2;
  }

  #releaseCrs(out: Buffer, from: number): number {
    let at = from;
    for (; this.#heldCrs > 0; this.#heldCrs--) {
      if (this.#isHeader) {
        out[at++] = SP;
        this.#isLineStart = false;
      } else at = this.#endLine(out, at);
    }
    return at;
  }
}
