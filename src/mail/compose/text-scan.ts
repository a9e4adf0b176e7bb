/**
 * What a text is made of, to choose how it is written: in itself, in quoted-printable or in base64, by which is shorter (RFC 2045
 * §6), and whether it can say that it is flowed. Pieces of any size; lines end in CRLF.
 */
import { isUtf8 } from 'node:buffer';

export type Encoding = '7bit' | '8bit' | 'quoted-printable' | 'base64';

const CR = 0x0d;
const LF = 0x0a;
/** Of what was written by a person. */
const GOOD_LINE = 76;
/** RFC 5322 §2.1.1. */
const MAX_LINE = 998;

export class TextScan {
  #bytes = 0;
  #quoted = 0;
  #line = 0;
  #longest = 0;
  #last = 0;
  #isEightBit = false;
  #hasControl = false;
  #hasNul = false;
  #hasBareEnd = false;
  #isFlowable = true;
  /** Of the line: its first octets, as far as they are looked at. */
  #start = '';

  write(piece: Buffer): void {
    for (const octet of piece) this.#take(octet);
  }

  #take(octet: number): void {
    this.#bytes++;
    const wasCr = this.#last === CR;
    if (octet === LF) {
      if (!wasCr) this.#hasBareEnd = true;
      this.#endLine();
      return;
    }
    if (wasCr) this.#hasBareEnd = true;
    if (octet !== CR) {
      this.#line++;
      if (this.#line <= 5) this.#begin(octet);
    }
    if (octet > 0x7e || octet === 0x3d || (octet < 0x20 && octet !== CR && octet !== 0x09)) this.#quoted++;
    if (octet > 0x7f) this.#isEightBit = true;
    else if (octet === 0) this.#hasNul = true;
    else if (octet === 0x7f || (octet < 0x20 && octet !== CR && octet !== 0x09)) this.#hasControl = true;
    if (octet === CR && this.#last === 0x20 && !(this.#line === 3 && this.#start === '-- '))
      this.#isFlowable = false;
    this.#last = octet;
  }

  /** What begins so gets a blank in front when it is flowed. */
  #begin(octet: number): void {
    this.#start += String.fromCharCode(octet);
    if (this.#start === ' ' || this.#start === 'From ') this.#isFlowable = false;
  }

  #endLine(): void {
    if (this.#line > this.#longest) this.#longest = this.#line;
    this.#line = 0;
    this.#start = '';
    this.#last = LF;
  }

  #longestLine(): number {
    return Math.max(this.#longest, this.#line);
  }

  /** For text that somebody wrote; whichever it is, the text comes back. */
  get encoding(): Encoding {
    const isPlain = !this.#isEightBit && !this.#hasControl && !this.#hasNul && !this.#hasBareEnd;
    if (isPlain && this.#longestLine() <= GOOD_LINE && this.#last !== CR) return '7bit';
    const quoted = (this.#bytes + 2 * this.#quoted) * (78 / 75);
    const base64 = ((this.#bytes * 4) / 3) * (78 / 76);
    // A person can read it without a program, which is worth a little.
    return quoted <= 1.25 * base64 ? 'quoted-printable' : 'base64';
  }

  /** For a message in a message, which may not be encoded (RFC 2046 §5.2.1); undefined when it cannot be passed on as it is. */
  get identity(): '7bit' | '8bit' | undefined {
    const isWhole = !this.#hasNul && !this.#hasBareEnd && this.#last !== CR;
    if (!isWhole || this.#longestLine() > MAX_LINE) return undefined;
    return this.#isEightBit ? '8bit' : '7bit';
  }

  /**
   * Whether it is the same text to a reader who takes it for flowed (RFC 3676 §4): no line is joined to the next or loses a blank. Then it
   * may say so, and its long lines are laid out anew on narrow and wide screens.
   */
  get isFlowable(): boolean {
    return this.#isFlowable && this.#last !== 0x20;
  }
}

/** Whether octets in pieces are UTF-8, and whether any is above 127. */
export class CharsetScan {
  #isUtf8 = true;
  #isAscii = true;
  #rest: Buffer = Buffer.alloc(0);

  write(piece: Buffer): void {
    if (!this.#isUtf8) return;
    const bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    // A character that the piece cuts in two is looked at with the next.
    let end = bytes.length;
    for (let back = 1; back <= Math.min(3, bytes.length); back++) {
      const octet = bytes[bytes.length - back] as number;
      if (octet < 0x80) break;
      if (octet < 0xc0) continue;
      if (back < (octet >= 0xf0 ? 4 : octet >= 0xe0 ? 3 : 2)) end = bytes.length - back;
      break;
    }
    this.#look(bytes.subarray(0, end));
    this.#rest = Buffer.from(bytes.subarray(end));
  }

  /** Undefined when it is in a charset that nobody has named. */
  end(): 'us-ascii' | 'utf-8' | undefined {
    this.#look(this.#rest);
    if (!this.#isUtf8) return undefined;
    return this.#isAscii ? 'us-ascii' : 'utf-8';
  }

  #look(bytes: Buffer): void {
    if (!isUtf8(bytes)) this.#isUtf8 = false;
    if (this.#isAscii && bytes.some((octet) => octet > 0x7f)) this.#isAscii = false;
  }
}
