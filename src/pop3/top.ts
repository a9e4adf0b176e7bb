/**
 * TOP (RFC 1939 §7): the header, the blank line, and the first n lines of the body. Works on the converted octets, so a
 * line is what the client will count as one.
 */
import { LF } from '../base/bytes.ts';

const BLANK_LINE = Buffer.from('\n\r\n');

export class TopCutter {
  #linesLeft: number;
  #isHeader = true;
  /** The last three octets of what was seen; the message starts as if after a line end. */
  #tail: Buffer = Buffer.from('\r\n');
  isDone = false;

  constructor(lines: number) {
    this.#linesLeft = lines;
  }

  /** What of the piece belongs to it. */
  cut(piece: Buffer): Buffer {
    if (this.isDone) return piece.subarray(0, 0);
    const bodyAt = this.#isHeader ? this.#bodyStart(piece) : 0;
    if (bodyAt < 0) return piece;
    const end = this.#bodyEnd(piece, bodyAt);
    if (end < 0) return piece;
    this.isDone = true;
    return piece.subarray(0, end);
  }

  #bodyStart(piece: Buffer): number {
    const joint = Buffer.concat([this.#tail, piece.subarray(0, 3)]);
    const across = joint.indexOf(BLANK_LINE);
    let at = -1;
    if (across >= 0 && across + 3 > this.#tail.length) at = across + 3 - this.#tail.length;
    else {
      const inside = piece.indexOf(BLANK_LINE);
      if (inside >= 0) at = inside + 3;
    }
    if (at >= 0) this.#isHeader = false;
    else this.#tail = Buffer.concat([this.#tail, piece.subarray(-3)]).subarray(-3);
    return at;
  }

  /** -1: the body goes on. */
  #bodyEnd(piece: Buffer, from: number): number {
    let at = from;
    for (; this.#linesLeft > 0; this.#linesLeft--) {
      const lf = piece.indexOf(LF, at);
      if (lf < 0) return -1;
      at = lf + 1;
    }
    return at;
  }
}
