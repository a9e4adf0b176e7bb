/**
 * EUC-TW: ASCII, plane 1 of CNS 11643 in two octets, and any plane in four (8E, A0 and the plane's number, two octets).
 *
 * Promises: as every decoder of this folder. Planes from 3 on have no table here.
 */
import { EMPTY } from '../../base/bytes.ts';
import { SETS } from './coded-sets.ts';
import type { CharsetDecoder } from './decoder.ts';

const SINGLE_SHIFT_2 = 0x8e;

export class EucTwDecoder implements CharsetDecoder {
  #held: Buffer = EMPTY;

  write(octets: Buffer): string {
    const bytes = this.#held.length === 0 ? octets : Buffer.concat([this.#held, octets]);
    let out = '';
    let at = 0;
    while (at < bytes.length) {
      const c = bytes[at] as number;
      const size = c < 0x80 ? 1 : c === SINGLE_SHIFT_2 ? 4 : 2;
      if (at + size > bytes.length) break;
      const [first, second] = [bytes[at + size - 2] as number, bytes[at + size - 1] as number];
      if (size === 1) out += String.fromCharCode(c);
      else if (first > 0xa0 && second > 0xa0)
        out += planeOf(size === 2 ? 1 : (bytes[at + 1] as number) - 0xa0).text(Buffer.of(first, second));
      else out += '\ufffd';
      // What is no pair takes no more than its first octet along.
      at += size > 1 && (first <= 0xa0 || second <= 0xa0) ? 1 : size;
    }
    this.#held = Buffer.from(bytes.subarray(at));
    return out;
  }

  end(): string {
    const isCut = this.#held.length > 0;
    this.#held = EMPTY;
    return isCut ? '\ufffd' : '';
  }
}

function planeOf(number: number) {
  return number === 1 ? SETS.cns1 : number === 2 ? SETS.cns2 : SETS.none;
}
