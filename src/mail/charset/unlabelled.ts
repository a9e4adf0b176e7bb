/**
 * Text whose charset nobody told, or whose label says us-ascii and is wrong: UTF-8 where it is that, else windows-1252, which
 * is what unlabelled mail is in practice.
 *
 * Promises: each line is judged by itself, so one line in another charset spoils no other and the same text comes however it
 * was cut; of a line longer than MAX_HELD each stretch is. Linear. A byte order mark at the start goes.
 */
import { isAscii, isUtf8 } from 'node:buffer';
import { EMPTY, LF, latin1 } from '../../base/bytes.ts';
import type { CharsetDecoder } from './decoder.ts';

/** A longer line is judged in stretches. */
const MAX_HELD = 16 * 1024;

export class UnlabelledDecoder implements CharsetDecoder {
  #held: Buffer = EMPTY;
  #isStart = true;

  write(octets: Buffer): string {
    if (this.#held.length === 0 && isAscii(octets)) {
      this.#isStart &&= octets.length === 0;
      return latin1(octets);
    }
    const bytes = this.#held.length === 0 ? octets : Buffer.concat([this.#held, octets]);
    let cut = bytes.lastIndexOf(LF) + 1;
    if (bytes.length - cut > MAX_HELD) cut = lastCharacter(bytes);
    this.#held = Buffer.from(bytes.subarray(cut));
    return this.#text(bytes.subarray(0, cut));
  }

  end(): string {
    const last = this.#text(this.#held);
    this.#held = EMPTY;
    return last;
  }

  #text(bytes: Buffer): string {
    if (bytes.length === 0) return '';
    const text = unlabelledText(bytes);
    const isMarked = this.#isStart && text.charCodeAt(0) === 0xfeff;
    this.#isStart = false;
    return isMarked ? text.slice(1) : text;
  }
}

/** A byte order mark stays. */
export function unlabelledText(bytes: Buffer): string {
  if (isAscii(bytes)) return latin1(bytes);
  if (isUtf8(bytes)) return bytes.toString('utf8');
  const windows = new TextDecoder('windows-1252');
  let out = '';
  let plainFrom = 0;
  for (let at = 0; at < bytes.length; ) {
    const lf = bytes.indexOf(LF, at);
    const end = lf < 0 ? bytes.length : lf + 1;
    const line = bytes.subarray(at, end);
    if (!isAscii(line)) {
      out += latin1(bytes, plainFrom, at) + (isUtf8(line) ? line.toString('utf8') : windows.decode(line));
      plainFrom = end;
    }
    at = end;
  }
  return out + latin1(bytes, plainFrom);
}

/** Where the last UTF-8 character begins that may be incomplete; the end when there is none. */
function lastCharacter(bytes: Buffer): number {
  for (let i = bytes.length - 1; i >= Math.max(0, bytes.length - 4); i--) {
    const c = bytes[i] as number;
    if (c < 0x80) return bytes.length;
    if (c >= 0xc0) return i;
  }
  return bytes.length;
}
