/**
 * Octets in a form that every server passes on (RFC 2045 §6): lines of at most 76, in quoted-printable or base64. Pieces of any size in,
 * the same octets out however they were cut.
 */

const CR = 0x0d;
const LF = 0x0a;
const MAX_LINE = 76;
const FROM = Buffer.from('From');
const HEX = Buffer.from('0123456789ABCDEF');

/** All line ends of a text as CRLF, whichever they were. */
export class CrlfLines {
  #endsInCr = false;

  write(piece: Buffer): Buffer {
    if (piece.length === 0) return piece;
    const out = Buffer.allocUnsafe(2 * piece.length);
    let length = 0;
    for (const octet of piece) {
      if (octet !== LF || !this.#endsInCr) {
        if (octet === LF || octet === CR) {
          out[length++] = CR;
          out[length++] = LF;
        } else out[length++] = octet;
      }
      this.#endsInCr = octet === CR;
    }
    return out.subarray(0, length);
  }
}

/** Of text whose lines end in CRLF. */
export class QuotedPrintable {
  #line = 0;
  /** A blank, which may be the last of its line, or a CR: what follows decides. */
  #held = -1;
  /** How many of the first octets of the line are those of `From`. */
  #from = 0;
  #out = Buffer.alloc(0);
  #length = 0;

  write(piece: Buffer): Buffer {
    this.#out = Buffer.allocUnsafe(4 * piece.length + 16);
    this.#length = 0;
    for (const octet of piece) this.#take(octet);
    return this.#out.subarray(0, this.#length);
  }

  end(): Buffer {
    this.#out = Buffer.allocUnsafe(16);
    this.#length = 0;
    if (this.#held >= 0) this.#quote(this.#held);
    this.#held = -1;
    return this.#out.subarray(0, this.#length);
  }

  #take(octet: number): void {
    const held = this.#held;
    this.#held = -1;
    if (held === CR) {
      if (octet === LF) {
        this.#put(CR, LF);
        this.#line = 0;
        return;
      }
      this.#quote(CR);
    } else if (held >= 0) {
      // RFC 2045 §6.7 (3): white space at the end of a line is quoted.
      // And programs of old change lines that begin with `From `.
      if (octet === CR || (this.#line === 4 && this.#from === 4)) this.#quote(held);
      else this.#plain(held);
    }
    if (octet === CR || octet === 0x20 || octet === 0x09) this.#held = octet;
    else if (octet > 0x20 && octet < 0x7f && octet !== 0x3d && !this.#isDot(octet)) this.#plain(octet);
    else this.#quote(octet);
  }

  /** One at the beginning of a line has a meaning on the way (RFC 5321 §4.5.2), and there are servers that lose it. */
  #isDot(octet: number): boolean {
    return octet === 0x2e && (this.#line === 0 || this.#line + 1 >= MAX_LINE);
  }

  #plain(octet: number): void {
    this.#room(1);
    if (this.#line === 0) this.#from = 0;
    if (this.#from === this.#line && octet === FROM[this.#line]) this.#from++;
    this.#put(octet);
    this.#line++;
  }

  #quote(octet: number): void {
    this.#room(3);
    this.#put(0x3d, HEX[octet >> 4] as number, HEX[octet & 15] as number);
    this.#line += 3;
  }

  /** With the `=` that ends a line which goes on. */
  #room(width: number): void {
    if (this.#line + width < MAX_LINE) return;
    this.#put(0x3d, CR, LF);
    this.#line = 0;
  }

  #put(...octets: readonly number[]): void {
    for (const octet of octets) this.#out[this.#length++] = octet;
  }
}

/** Octets a line of base64 stands for. */
const LINE_BYTES = 57;
const CRLF = Buffer.from('\r\n');

export class Base64Lines {
  #rest: Buffer = Buffer.alloc(0);

  write(piece: Buffer): Buffer {
    const bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    const whole = bytes.length - (bytes.length % LINE_BYTES);
    // A copy: the piece may be a part of something large.
    this.#rest = Buffer.from(bytes.subarray(whole));
    return lines(bytes.subarray(0, whole));
  }

  end(): Buffer {
    const last = lines(this.#rest);
    this.#rest = Buffer.alloc(0);
    return last;
  }
}

function lines(bytes: Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += LINE_BYTES) {
    pieces.push(Buffer.from(bytes.toString('base64', at, at + LINE_BYTES), 'latin1'), CRLF);
  }
  return Buffer.concat(pieces);
}
