/**
 * HZ (RFC 1843): `~{` and `~}` switch to and from GB 2312 in octets of 7 bits, `~~` is a tilde, `~` before a line end joins
 * lines. No line begins in GB 2312 unless it says so.
 *
 * Promises: as every decoder of this folder.
 */
import { LF } from '../../base/bytes.ts';
import { type CharsetDecoder, PlatformDecoder } from './decoder.ts';

const TILDE = 0x7e;
const OPEN = 0x7b;
const CLOSE = 0x7d;

export class HzDecoder implements CharsetDecoder {
  readonly #decoder = new PlatformDecoder('gb18030');
  #isWide = false;
  /** The last octet of the piece before was a tilde. */
  #hasTilde = false;

  write(octets: Buffer): string {
    // The EUC form of GB 2312 has the high bits set; a tilde that was held may come out as one octet more.
    const out = Buffer.allocUnsafe(octets.length + 1);
    let size = 0;
    for (let i = 0; i < octets.length; i++) {
      const c = octets[i] as number;
      if (this.#hasTilde) {
        this.#hasTilde = false;
        if (c === OPEN || c === CLOSE) {
          this.#isWide = c === OPEN;
          continue;
        }
        if (!this.#isWide && c === LF) continue;
        out[size++] = this.#isWide ? TILDE | 0x80 : TILDE;
        if (!this.#isWide && c === TILDE) continue;
      }
      if (c === TILDE) {
        this.#hasTilde = true;
        continue;
      }
      if (c === LF) this.#isWide = false;
      out[size++] = this.#isWide && c > 0x20 ? c | 0x80 : c;
    }
    return this.#decoder.write(out.subarray(0, size));
  }

  end(): string {
    const last = this.#hasTilde ? Buffer.of(this.#isWide ? TILDE | 0x80 : TILDE) : Buffer.alloc(0);
    this.#hasTilde = false;
    return this.#decoder.write(last) + this.#decoder.end();
  }
}
