/**
 * The two rewritings between a message as stored (CRLF, RFC 5322 §2.3) and as files hold it: line ends, and the `>`
 * before lines that begin with `From ` in an mbox (RFC 4155 Appendix A). Both in one pass, over chunks of any size.
 *
 * Promises: a CRLF stays a CRLF and a CR without LF stays as it is; only a bare LF becomes CRLF. The result does not
 * depend on where the chunks are cut.
 */
import { CR, LF } from '../base/bytes.ts';

/** Which quoted lines lose a `>`: every `>From `, `>>From ` (mboxrd), only `>From ` (mboxo), or none. */
export type Quoting = 'mboxrd' | 'mboxo' | 'none';

const GT = 0x3e;
const FROM = Buffer.from('From ');

interface ReaderOptions {
  readonly quoting: Quoting;
  /** False: the octets are in the file as they were delivered. */
  readonly wantsCrlf: boolean;
}

/** File to message. */
export class LineReader {
  readonly #options: ReaderOptions;
  #previous = LF;
  /** At the start of a line: `>` seen, and octets of `From ` after them; neither has been written yet. */
  #quotes = 0;
  #matched = 0;
  #isHolding: boolean;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#isHolding = options.quoting !== 'none';
  }

  push(chunk: Buffer): Buffer {
    const { quoting, wantsCrlf } = this.#options;
    if (quoting === 'none' && !wantsCrlf) return chunk;
    const out = Buffer.allocUnsafe(2 * chunk.length + this.#quotes + FROM.length);
    const mayHold = quoting !== 'none';
    let at = 0;
    let previous = this.#previous;
    for (let i = 0; i < chunk.length; i++) {
      const c = chunk[i] as number;
      if (this.#isHolding) {
        if (this.#hold(c)) continue;
        at = this.#release(out, at);
      }
      if (c === LF && wantsCrlf && previous !== CR) out[at++] = CR;
      out[at++] = c;
      previous = c;
      if (c === LF && mayHold) this.#isHolding = true;
    }
    this.#previous = previous;
    return out.subarray(0, at);
  }

  /** What is still held back. */
  end(): Buffer {
    const out = Buffer.allocUnsafe(this.#quotes + FROM.length);
    return out.subarray(0, this.#release(out, 0));
  }

  /** True when the octet may belong to a quoted `From ` and was kept. */
  #hold(c: number): boolean {
    if (c === GT && this.#matched === 0) {
      this.#quotes++;
      return true;
    }
    if (this.#quotes === 0 || this.#matched === FROM.length || c !== FROM[this.#matched]) return false;
    this.#matched++;
    return true;
  }

  #release(out: Buffer, start: number): number {
    let at = start;
    const drops = this.#matched === FROM.length && (this.#options.quoting === 'mboxrd' || this.#quotes === 1);
    out.fill(GT, at, at + this.#quotes - (drops ? 1 : 0));
    at += this.#quotes - (drops ? 1 : 0);
    at += FROM.copy(out, at, 0, this.#matched);
    if (at > start) this.#previous = out[at - 1] as number;
    this.#quotes = 0;
    this.#matched = 0;
    this.#isHolding = false;
    return at;
  }
}

/** Message to file: CRLF to LF when asked, and one `>` more before every `>*From ` (mboxrd). */
export class LineWriter {
  readonly #quotes: boolean;
  readonly #wantsLf: boolean;
  #rest: Buffer = Buffer.alloc(0);
  #isLineStart = true;

  constructor(options: { readonly quotes: boolean; readonly wantsLf: boolean }) {
    this.#quotes = options.quotes;
    this.#wantsLf = options.wantsLf;
  }

  push(chunk: Buffer): Buffer {
    return this.#write(this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]), false);
  }

  end(): Buffer {
    return this.#write(this.#rest, true);
  }

  #write(input: Buffer, isEnd: boolean): Buffer {
    const out: Buffer[] = [];
    let at = 0;
    while (at < input.length) {
      const lf = input.indexOf(LF, at);
      // An unfinished line waits for its end, unless it is long enough to tell that it needs no quote.
      const isLong = lf < 0 && (isEnd || input.length - at > 64 * 1024);
      if (lf < 0 && !isLong) break;
      const cut = lf >= 0 ? lf + 1 : isEnd ? input.length : input.length - 1;
      if (this.#isLineStart && this.#quotes && isFromLine(input, at)) out.push(Buffer.from('>'));
      if (this.#wantsLf && lf > at && input[lf - 1] === CR) out.push(input.subarray(at, lf - 1), LF_ONLY);
      else out.push(input.subarray(at, cut));
      this.#isLineStart = lf >= 0;
      at = cut;
    }
    this.#rest = input.subarray(at);
    return Buffer.concat(out);
  }
}

const LF_ONLY = Buffer.from('\n');

/** `From `, or any number of `>` and then `From `. */
function isFromLine(bytes: Buffer, start: number): boolean {
  let at = start;
  while (bytes[at] === GT) at++;
  return bytes.subarray(at, at + FROM.length).equals(FROM);
}

/** Whether CR and LF come only as CRLF: then the CRLF and the LF form turn into each other without loss. */
export class CrlfProbe {
  #previous = 0;
  #isCanonical = true;

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    if (this.#previous === CR && chunk[0] !== LF) this.#isCanonical = false;
    for (let at = chunk.indexOf(LF); at >= 0 && this.#isCanonical; at = chunk.indexOf(LF, at + 1)) {
      if ((at === 0 ? this.#previous : chunk[at - 1]) !== CR) this.#isCanonical = false;
    }
    for (let at = chunk.indexOf(CR); at >= 0 && this.#isCanonical; at = chunk.indexOf(CR, at + 1)) {
      if (at + 1 < chunk.length && chunk[at + 1] !== LF) this.#isCanonical = false;
    }
    this.#previous = chunk[chunk.length - 1] as number;
  }

  get isCanonical(): boolean {
    return this.#isCanonical && this.#previous !== CR;
  }

  get endsWithLf(): boolean {
    return this.#previous === LF;
  }
}
