/**
 * A message as it leaves. Line ends become CRLF, whatever they were, so that what is signed is what is sent and nothing in it can
 * end it early (RFC 5321 §4.1.1.4, §2.3.8); then dots that begin a line get another (§4.5.2). Pure, in pieces of any size.
 */
const CR = 0x0d;
const LF = 0x0a;
const DOT = 0x2e;
const CRLF = Buffer.from('\r\n');

/** A bare CR and a bare LF are line ends as well. */
export class LineEnds {
  /** The last octet was a CR, which is not given out yet. */
  #hasCr = false;
  #last = LF;

  push(chunk: Buffer): Buffer {
    if (!this.#hasCr && isRegular(chunk)) {
      if (chunk.length > 0) this.#last = chunk[chunk.length - 1] as number;
      return chunk;
    }
    const out = Buffer.allocUnsafe(chunk.length * 2 + 2);
    let at = 0;
    for (const octet of chunk) {
      if (this.#hasCr) {
        this.#hasCr = false;
        at = CRLF.copy(out, at) + at;
        if (octet === LF) continue;
      }
      if (octet === CR) this.#hasCr = true;
      else if (octet === LF) at = CRLF.copy(out, at) + at;
      else out[at++] = octet;
    }
    if (at > 0) this.#last = out[at - 1] as number;
    return out.subarray(0, at);
  }

  /** The last line ends as well. */
  end(): Buffer {
    const isOpen = this.#hasCr || this.#last !== LF;
    this.#hasCr = false;
    this.#last = LF;
    return isOpen ? CRLF : CRLF.subarray(0, 0);
  }
}

/** Every CR is followed by LF and every LF preceded by CR, and it does not end between them: nothing is to be done. */
function isRegular(chunk: Buffer): boolean {
  for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, at + 1))
    if (at === 0 || chunk[at - 1] !== CR) return false;
  for (let at = chunk.indexOf(CR); at >= 0; at = chunk.indexOf(CR, at + 1))
    if (chunk[at + 1] !== LF) return false;
  return true;
}

/** Of octets whose lines end with CRLF. */
export class DotStuffing {
  #isLineStart = true;

  push(chunk: Buffer): Buffer {
    const places: number[] = [];
    if (this.#isLineStart && chunk[0] === DOT) places.push(0);
    for (let at = chunk.indexOf('\n.'); at >= 0; at = chunk.indexOf('\n.', at + 2)) places.push(at + 1);
    if (chunk.length > 0) this.#isLineStart = chunk[chunk.length - 1] === LF;
    if (places.length === 0) return chunk;
    const out = Buffer.allocUnsafe(chunk.length + places.length);
    let from = 0;
    let to = 0;
    for (const place of places) {
      to += chunk.copy(out, to, from, place);
      out[to++] = DOT;
      from = place;
    }
    chunk.copy(out, to, from);
    return out;
  }
}
