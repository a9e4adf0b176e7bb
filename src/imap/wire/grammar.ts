/**
 * The lexical productions of RFC 9051 §9 under their ABNF names. They come in pairs: `astring` throws a SyntaxFault,
 * `maybeAstring` returns undefined and leaves the cursor where it was.
 *
 * More generous than the ABNF where clients are: 8-bit octets in quoted strings (Thunderbird for Android searches so
 * without CHARSET), in every mode. Never more generous about what could be read in two ways: a space is one space,
 * `\` escapes `\` and `"` only, NUL and CR end no token quietly.
 */
import { ASTRING, ATOM, BASE64, DIGIT, LABEL } from './chars.ts';
import { type Cursor, END, LITERAL } from './cursor.ts';
import { SyntaxFault } from './fault.ts';
import type { FrameLiteral } from './frame.ts';

const SP = 0x20;
const DQUOTE = 0x22;
const OPEN = 0x28;
const CLOSE = 0x29;
const BACKSLASH = 0x5c;

const MAX_NUMBER = 0xffff_ffff;
/** Unsigned 63-bit, RFC 9051 §9 `number64`. */
const MAX_NUMBER64 = 9_223_372_036_854_775_807n;
const MAX_DIGITS = 20;

export function sp(c: Cursor): void {
  c.expectByte(SP, 'a space');
}

export function maybeSp(c: Cursor): boolean {
  return c.maybeByte(SP);
}

/** The end of the command. A trailing space, which old clients send, is no harm. */
export function end(c: Cursor): void {
  if (isTrailingSpace(c)) c.skip();
  if (c.peek() !== END) c.fail('the end of the command');
}

/** True when the space here, if one is here, is the last octet of the command. */
export function isTrailingSpace(c: Cursor): boolean {
  if (c.peek() !== SP) return false;
  const mark = c.mark();
  c.skip();
  const isTrailing = c.peek() === END;
  c.reset(mark);
  return isTrailing;
}

/** A keyword of the grammar, given in capitals. */
export function keyword(c: Cursor, word: string): void {
  if (!c.maybeWord(word)) c.fail(word);
}

export function atom(c: Cursor): string {
  return maybeAtom(c) ?? c.fail('an atom');
}

export function maybeAtom(c: Cursor): string | undefined {
  return c.isAt(ATOM) ? c.run(ATOM) : undefined;
}

/** tagged-ext-label (RFC 4466 §3), in capitals: names of options, modifiers and FETCH attributes. */
export function label(c: Cursor, expected: string): string {
  return maybeLabel(c) ?? c.fail(expected);
}

export function maybeLabel(c: Cursor): string | undefined {
  return c.isAt(LABEL) ? c.run(LABEL).toUpperCase() : undefined;
}

/** The octets of an astring; what charset they are in is for the caller to know. */
export function astring(c: Cursor, expected = 'a string'): Buffer {
  return maybeAstring(c) ?? c.fail(expected);
}

export function maybeAstring(c: Cursor): Buffer | undefined {
  if (c.isAt(ASTRING)) return Buffer.from(c.run(ASTRING), 'latin1');
  return maybeString(c);
}

export function string(c: Cursor, expected = 'a quoted string or literal'): Buffer {
  return maybeString(c) ?? c.fail(expected);
}

export function maybeString(c: Cursor): Buffer | undefined {
  return maybeQuoted(c) ?? maybeLiteral(c);
}

/** Undefined is NIL; what is no nstring fails. */
export function nstring(c: Cursor, expected = 'a string or NIL'): Buffer | undefined {
  if (c.maybeWord('NIL')) return undefined;
  return string(c, expected);
}

export function quoted(c: Cursor): Buffer {
  return maybeQuoted(c) ?? c.fail('a quoted string');
}

export function maybeQuoted(c: Cursor): Buffer | undefined {
  if (c.peek() !== DQUOTE) return undefined;
  const text = c.rest();
  let escapes = 0;
  for (let i = 1; i < text.length; i++) {
    const byte = text[i] as number;
    if (byte === DQUOTE) {
      c.skip(i + 1);
      const body = text.subarray(1, i);
      return escapes === 0 ? body : unescaped(body, escapes);
    }
    if (byte === BACKSLASH) {
      const next = text[++i];
      if (next !== DQUOTE && next !== BACKSLASH) {
        c.skip(i);
        c.fail('" or \\ behind a backslash in a quoted string');
      }
      escapes++;
    } else if (byte === 0 || byte === 0x0d) {
      c.skip(i);
      c.fail('no control character in a quoted string');
    }
  }
  c.skip(text.length);
  return c.fail('the closing quote of a string');
}

function unescaped(body: Buffer, escapes: number): Buffer {
  const out = Buffer.allocUnsafe(body.length - escapes);
  for (let from = 0, to = 0; to < out.length; from++, to++) {
    if (body[from] === BACKSLASH) from++;
    out[to] = body[from] as number;
  }
  return out;
}

/** A literal held in memory. One with NUL must have been announced as literal8 (RFC 9051 §9 `CHAR8`). */
export function literal(c: Cursor): Buffer {
  return maybeLiteral(c) ?? c.fail('a literal');
}

export function maybeLiteral(c: Cursor): Buffer | undefined {
  if (c.peek() !== LITERAL) return undefined;
  const mark = c.mark();
  const found = c.maybeLiteral() as FrameLiteral;
  if (found.kind === 'streamed' || found.isBinary) {
    c.reset(mark);
    return c.fail('a string');
  }
  if (found.bytes.includes(0)) throw new SyntaxFault('A literal must not hold NUL unless announced as ~{}');
  return found.bytes;
}

export function number(c: Cursor): number {
  return maybeNumber(c) ?? c.fail('a number');
}

export function maybeNumber(c: Cursor): number | undefined {
  const digits = maybeDigits(c);
  if (digits === undefined) return undefined;
  const value = Number(digits);
  if (value > MAX_NUMBER) throw new SyntaxFault('Number is beyond 32 bits');
  return value;
}

export function nzNumber(c: Cursor): number {
  return maybeNzNumber(c) ?? c.fail('a number above zero');
}

export function maybeNzNumber(c: Cursor): number | undefined {
  if (c.peek() === 0x30) return undefined;
  return maybeNumber(c);
}

/**
 * Unsigned 63-bit. Above 2^53 - 1 the value is held at that bound: nothing here is so large, and all that is asked of
 * such a number is whether something is larger or smaller.
 */
export function number64(c: Cursor): number {
  return maybeNumber64(c) ?? c.fail('a number');
}

export function maybeNumber64(c: Cursor): number | undefined {
  const digits = maybeDigits(c);
  if (digits === undefined) return undefined;
  const value = Number(digits);
  if (Number.isSafeInteger(value)) return value;
  if (BigInt(digits) > MAX_NUMBER64) throw new SyntaxFault('Number is beyond 63 bits');
  return Number.MAX_SAFE_INTEGER;
}

/**
 * mod-sequence-value and mod-sequence-valzer (RFC 7162 §7): zero is taken everywhere, since iOS Mail sends
 * CHANGEDSINCE 0 to a server that has just learnt CONDSTORE.
 */
export function modSequenceValue(c: Cursor): number {
  return maybeNumber64(c) ?? c.fail('a mod-sequence');
}

function maybeDigits(c: Cursor): string | undefined {
  if (!c.isAt(DIGIT)) return undefined;
  const digits = c.run(DIGIT);
  if (digits.length > MAX_DIGITS) throw new SyntaxFault('Number has too many digits');
  return digits;
}

/** `base64` (RFC 9051 §9) with its padding, as the client wrote it; the mechanism decodes and judges it. */
export function base64(c: Cursor): string {
  const text = c.run(BASE64);
  if (text === '') c.fail('base64');
  return text;
}

/** `"(" [item *(SP item)] ")"`. */
export function list<T>(c: Cursor, item: (c: Cursor) => T): T[] {
  return maybeList(c, item) ?? c.fail('a parenthesised list');
}

export function maybeList<T>(c: Cursor, item: (c: Cursor) => T): T[] | undefined {
  if (!c.maybeByte(OPEN)) return undefined;
  return c.nested(() => {
    const items: T[] = [];
    if (c.maybeByte(CLOSE)) return items;
    do items.push(item(c));
    while (c.maybeByte(SP));
    c.expectByte(CLOSE, 'a space or )');
    return items;
  });
}

/** As `list`, with at least one item. */
export function nonEmptyList<T>(c: Cursor, item: (c: Cursor) => T): T[] {
  const mark = c.mark();
  const items = list(c, item);
  if (items.length > 0) return items;
  c.reset(mark);
  return c.fail('a list that is not empty');
}
