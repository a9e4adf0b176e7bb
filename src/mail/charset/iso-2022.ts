/**
 * The charsets of mail that switch by escape sequences (ISO/IEC 2022 in octets of 7 bits): ISO-2022-JP and its extensions
 * -1, -2, -3 and -2004 (RFC 1468, RFC 1554, RFC 2237), ISO-2022-KR (RFC 1557), ISO-2022-CN and -EXT (RFC 1922), and EUC-TW.
 *
 * Promises: as every decoder of this folder. An escape sequence that switches to a set and back with nothing between is
 * nothing, as the standard has it. A line begins in ASCII, whatever the one before forgot. All sets are understood whichever of the
 * names is given, since mail mixes them; the name says what is shifted to when nothing was designated. What no table has is
 * U+FFFD, one for each character.
 */
import { EMPTY } from '../../base/bytes.ts';
import { type CodedSet, finalSet, SETS } from './coded-sets.ts';
import type { CharsetDecoder } from './decoder.ts';

const ESC = 0x1b;
const SHIFT_OUT = 0x0e;
const SHIFT_IN = 0x0f;
const CR = 0x0d;
const LF = 0x0a;
const DELETE = 0x7f;

/** What G1 is before anything is designated, and whether octets from A1 to DF are Katakana as in code page 50221. */
const FLAVOURS = {
  'iso-2022-jp': { g1: SETS.katakana, hasKatakana: true },
  'iso-2022-kr': { g1: SETS.ksc, hasKatakana: false },
  'iso-2022-cn': { g1: SETS.gb, hasKatakana: false },
} as const;

export type Iso2022Name = keyof typeof FLAVOURS;

export class Iso2022Decoder implements CharsetDecoder {
  readonly #hasKatakana: boolean;
  #g0: CodedSet = SETS.ascii;
  #g1: CodedSet;
  #g2: CodedSet = SETS.none;
  #g3: CodedSet = SETS.none;
  #isShifted = false;
  /** For one character (ESC N, ESC O). */
  #single: CodedSet | undefined;
  /** Half a character, or the beginning of an escape sequence. */
  #held: Buffer = EMPTY;

  constructor(name: Iso2022Name) {
    this.#hasKatakana = FLAVOURS[name].hasKatakana;
    this.#g1 = FLAVOURS[name].g1;
  }

  write(octets: Buffer): string {
    const bytes = this.#held.length === 0 ? octets : Buffer.concat([this.#held, octets]);
    let out = '';
    let at = 0;
    while (at < bytes.length) {
      const c = bytes[at] as number;
      const size = c === ESC ? escapeSize(bytes, at) : 1;
      if (size === 0) break;
      if (c === ESC) this.#escape(bytes.toString('latin1', at + 1, at + size));
      else if (c === SHIFT_OUT || c === SHIFT_IN) this.#isShifted = c === SHIFT_OUT;
      else if (c === CR || c === LF) this.#endLine();
      if (c === CR || c === LF) out += String.fromCharCode(c);
      else if (c !== ESC && c !== SHIFT_OUT && c !== SHIFT_IN) {
        const set = this.#set();
        const end = this.#single === undefined ? runEnd(bytes, at, set.width) : at + set.width;
        const to = Math.min(end, bytes.length);
        // Half a character: its rest may come with the next piece.
        const isCut = to === bytes.length && set.width === 2 && (to - at) % 2 === 1 && isGraphic(c);
        out += this.#text(set, bytes, at, isCut ? to - 1 : to);
        if (!isCut || to - at > 1) this.#single = undefined;
        at = isCut ? to - 1 : to;
        if (isCut) break;
        continue;
      }
      at += size;
    }
    this.#held = Buffer.from(bytes.subarray(at));
    return out;
  }

  end(): string {
    const isCut = this.#held.length > 0;
    this.#held = EMPTY;
    return isCut ? '\ufffd' : '';
  }

  #set(): CodedSet {
    return this.#single ?? (this.#isShifted ? this.#g1 : this.#g0);
  }

  #text(set: CodedSet, bytes: Buffer, from: number, to: number): string {
    if (set.width === 1) {
      const text = set.text(bytes.subarray(from, to));
      if (!this.#hasKatakana || !text.includes('\ufffd')) return text;
      return set === SETS.ascii ? asciiAndKatakana(bytes, from, to) : text;
    }
    // A blank or a control among wide characters is what it is.
    if (from < to && !isGraphic(bytes[from] as number)) return String.fromCharCode(bytes[from] as number);
    const odd = (to - from) & 1;
    return set.text(bytes.subarray(from, to - odd)) + (odd === 1 ? '\ufffd' : '');
  }

  /** What a line designated for shifts holds on (mail designates once, at the start); G0 and the shift do not. */
  #endLine(): void {
    this.#g0 = SETS.ascii;
    this.#isShifted = false;
    this.#single = undefined;
  }

  /** `sequence` without its ESC. */
  #escape(sequence: string): void {
    if (sequence === 'N') this.#single = this.#g2;
    else if (sequence === 'O') this.#single = this.#g3;
    const set = finalSet(sequence);
    if (set === undefined) return;
    const target = sequence.replace(/^\$/, '').charAt(0);
    if (target === ')' || target === '-') this.#g1 = set;
    else if (target === '*' || target === '.') this.#g2 = set;
    else if (target === '+' || target === '/') this.#g3 = set;
    else this.#g0 = set;
  }
}

/** Of `ESC I* F`; 0 when its end has not come. What is no escape sequence is an ESC alone, which means nothing. */
function escapeSize(bytes: Buffer, at: number): number {
  let end = at + 1;
  while (end < bytes.length && end < at + 4 && isIntermediate(bytes[end] as number)) end++;
  if (end === bytes.length) return 0;
  const final = bytes[end] as number;
  return final >= 0x30 && final < DELETE ? end + 1 - at : 1;
}

function isIntermediate(c: number): boolean {
  return c >= 0x20 && c <= 0x2f;
}

/** How far the octets from `at` on are of one set. */
function runEnd(bytes: Buffer, at: number, width: 1 | 2): number {
  let end = at;
  if (width === 1) {
    while (end < bytes.length && !isSwitch(bytes[end] as number)) end++;
    return end;
  }
  while (end < bytes.length && isGraphic(bytes[end] as number)) end++;
  // A blank or a control among wide characters.
  return Math.max(end, at + 1);
}

function isGraphic(c: number): boolean {
  return c > 0x20 && c !== DELETE;
}

function isSwitch(c: number): boolean {
  return c === ESC || c === SHIFT_OUT || c === SHIFT_IN || c === CR || c === LF;
}

function asciiAndKatakana(bytes: Buffer, from: number, to: number): string {
  let out = '';
  for (let i = from; i < to; i++) {
    const c = bytes[i] as number;
    if (c < 0x80) out += String.fromCharCode(c);
    else out += c >= 0xa1 && c <= 0xdf ? String.fromCharCode(0xff61 + c - 0xa1) : '\ufffd';
  }
  return out;
}
