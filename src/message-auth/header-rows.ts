/**
 * The header of a message that comes in pieces: gathered until the blank line, then as rows for whoever checks or signs it.
 * Everything after the blank line is the body's.
 *
 * How much a header may cost is decided here, since judging it is not linear: each field may be named by each signature.
 */
import { EMPTY, LF, latin1 } from '../base/bytes.ts';
import { foldAscii, HeaderBlock, isBlankLine } from '../mail/header.ts';

/** A field as `mailauth` has it. */
export interface HeaderRow {
  /** In lower case. */
  readonly key: string;
  readonly casedKey: string;
  /** The field with its folding, without the line end that closes it. */
  readonly line: Buffer;
}

/** Real headers have some forty fields in ten kilobytes. */
export const MAX_ROWS = 2000;
export const MAX_HEADER_BYTES = 512 * 1024;

export class HeaderGatherer {
  #pieces: Buffer[] = [];
  #bytes = 0;
  #isOver = false;
  /** The line that is coming is nothing so far, or a CR. */
  #isEmptyLine = true;
  #isTooLarge = false;

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Larger than what is looked at. */
  get isTooLarge(): boolean {
    return this.#isTooLarge;
  }

  /** What of `octets` is the body's. */
  write(octets: Buffer): Buffer {
    if (this.#isOver) return octets;
    let at = 0;
    while (at < octets.length) {
      const lf = octets.indexOf(LF, at);
      const end = lf < 0 ? octets.length : lf + 1;
      this.#isEmptyLine &&= isNothing(octets, at, lf < 0 ? end : lf);
      at = end;
      if (lf < 0) break;
      if (this.#isEmptyLine) {
        this.#isOver = true;
        break;
      }
      this.#isEmptyLine = true;
    }
    this.#keep(octets.subarray(0, at));
    return octets.subarray(at);
  }

  /** The header with its blank line, when there was one. Nothing of one that is too large. */
  take(): Buffer {
    const header = this.#isTooLarge ? EMPTY : Buffer.concat(this.#pieces);
    this.#pieces = [];
    return header;
  }

  #keep(octets: Buffer): void {
    this.#bytes += octets.length;
    if (this.#bytes > MAX_HEADER_BYTES) {
      this.#isTooLarge = true;
      this.#pieces = [];
    } else if (octets.length > 0) this.#pieces.push(Buffer.from(octets));
  }
}

function isNothing(octets: Buffer, from: number, to: number): boolean {
  return from === to || (to - from === 1 && octets[from] === 0x0d);
}

/** Undefined: more fields than are looked at, or a line that is no field, so that readers may differ about what there is. */
export function headerRows(header: Buffer): readonly HeaderRow[] | undefined {
  const block = new HeaderBlock(header);
  if (block.count > MAX_ROWS) return undefined;
  const rows: HeaderRow[] = [];
  let at = 0;
  for (let i = 0; i < block.count; i++) {
    const { start, nameEnd, end } = block.linesAt(i);
    if (start !== at) return undefined;
    const casedKey = latin1(header, start, nameEnd);
    rows.push({ key: foldAscii(casedKey), casedKey, line: withoutLineEnd(header, start, end) });
    at = end;
  }
  const isWhole = at === header.length || isBlankLine(header, at, header.length);
  return isWhole ? rows : undefined;
}

function withoutLineEnd(header: Buffer, start: number, end: number): Buffer {
  let to = end;
  if (to > start && header[to - 1] === LF) to--;
  if (to > start && header[to - 1] === 0x0d) to--;
  return header.subarray(start, to);
}
