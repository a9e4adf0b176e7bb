/**
 * Field values with parameters, `text/plain; charset=utf-8` (RFC 2045 §5.1, RFC 2183), and RFC 2231 on top.
 *
 * Promises: never throws, linear, at most MAX_PARAMETERS parameters a field and MAX_SECTIONS sections of one
 * parameter: joining sections by searching for each next one is how a mail server was once kept busy for minutes by
 * one header. Tolerates what is met: missing semicolons' values, unquoted spaces and 8-bit octets, comments, a
 * quote that is never closed. Strings are octets (latin1).
 *
 * `joinContinuations` gives what BODYSTRUCTURE sends (RFC 9051 §7.5.2): sections become one parameter. Encoded ones
 * stay in RFC 2231 form under the name `x*`, `utf-8''%e2%82%ac`: that is what clients decode, and it is 7-bit.
 * `decodedParameter` gives text for a person, `parameterOctets` what steers a program: a boundary, a charset.
 */
import { latin1 } from '../base/bytes.ts';
import { decodeCharset } from './charset.ts';
import { decodeWords } from './encoded-word.ts';
import { hexValue } from './transfer-encoding.ts';

export interface Parameter {
  readonly name: string;
  readonly value: string;
}

export interface ParameterizedValue {
  /** What stands before the first semicolon, comments and outer white space removed. */
  readonly value: string;
  readonly parameters: readonly Parameter[];
}

export const MAX_PARAMETERS = 64;
export const MAX_SECTIONS = 100;
/** Of a longer value the rest is not looked at. */
const MAX_VALUE_LENGTH = 64 * 1024;
/** Fields read before joining: sections count towards it. */
const MAX_RAW = MAX_PARAMETERS + 2 * MAX_SECTIONS;

/** Reads an unfolded value. Parameters come as written, sections not yet joined. */
export function parseParameterized(text: string): ParameterizedValue {
  return new ParameterReader(text.length > MAX_VALUE_LENGTH ? text.slice(0, MAX_VALUE_LENGTH) : text).read();
}

/** A parameter where it is written: `text.slice(start, end)` is all of it, quotes included. */
export interface WrittenParameter extends Parameter {
  readonly start: number;
  readonly end: number;
}

/** The parameters of `parseParameterized` with their places in the text. */
export function writtenParameters(text: string): WrittenParameter[] {
  const spans: Span[] = [];
  const { parameters } = new ParameterReader(text.slice(0, MAX_VALUE_LENGTH)).read(spans);
  return parameters.map((parameter, i) => ({ ...parameter, ...(spans[i] as Span) }));
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * Joins the sections of each parameter in the place of its first (RFC 2231 §3, §4.1). What follows a missing section
 * is dropped. A section that is not percent-encoded is encoded when it joins ones that are.
 */
export function joinContinuations(parameters: readonly Parameter[]): readonly Parameter[] {
  if (!parameters.some((p) => p.name.includes('*'))) {
    return parameters.length <= MAX_PARAMETERS ? parameters : parameters.slice(0, MAX_PARAMETERS);
  }
  const sections = new Map<string, Section[]>();
  const slots: (Parameter | string)[] = [];
  for (const parameter of parameters) {
    const section = sectionOf(parameter);
    if (section === undefined) slots.push(parameter);
    else {
      const key = section.base.toLowerCase();
      const known = sections.get(key);
      if (known !== undefined) known.push(section);
      else {
        sections.set(key, [section]);
        slots.push(key);
      }
    }
  }
  return slots
    .slice(0, MAX_PARAMETERS)
    .map((slot) => (typeof slot === 'string' ? joinSections(sections.get(slot) as Section[]) : slot));
}

/** The text of a parameter, whichever way it was encoded: RFC 2231, encoded words in a quoted string, plain 8-bit. */
export function decodedParameter(parameters: readonly Parameter[], name: string): string | undefined {
  const joined = joinContinuations(parameters);
  const extended = findParameter(joined, `${name}*`);
  if (extended !== undefined) {
    const { octets, charset } = extendedOctets(extended);
    return decodeCharset(octets, charset);
  }
  const plain = findParameter(joined, name);
  return plain === undefined ? undefined : decodeWords(plain);
}

/**
 * The octets of the parameter that tells how to read the body, in whichever form of RFC 2231 they came. Written plainly as well,
 * the plain one counts: readers that know no other go by it.
 */
export function parameterOctets(parameters: readonly Parameter[], name: string): string | undefined {
  const joined = joinContinuations(parameters);
  const plain = findParameter(joined, name);
  if (plain !== undefined) return plain;
  const extended = findParameter(joined, `${name}*`);
  return extended === undefined ? undefined : latin1(extendedOctets(extended).octets);
}

/** The value of the first parameter of this lower case name, as written. */
export function findParameter(parameters: readonly Parameter[], name: string): string | undefined {
  for (const p of parameters) {
    if (p.name.length === name.length && p.name.toLowerCase() === name) return p.value;
  }
  return undefined;
}

/** One of the numbered pieces in which a parameter may come (RFC 2231 §3). */
export interface Section {
  readonly base: string;
  readonly number: number;
  readonly isEncoded: boolean;
  readonly value: string;
}

/** `name*3` or `name*3*`; undefined for anything else, `name*` too: it stands for itself. */
export function sectionOf(parameter: Parameter): Section | undefined {
  const { name, value } = parameter;
  const isEncoded = name.endsWith('*');
  const end = isEncoded ? name.length - 1 : name.length;
  const star = name.lastIndexOf('*', end - 1);
  if (star <= 0 || end - star < 2 || end - star > 4) return undefined;
  const number = Number(name.slice(star + 1, end));
  if (!Number.isInteger(number) || number >= MAX_SECTIONS) return undefined;
  return { base: name.slice(0, star), number, isEncoded, value };
}

function joinSections(sections: readonly Section[]): Parameter {
  const byNumber: Section[] = [];
  for (const section of sections) byNumber[section.number] ??= section;
  const usable: Section[] = [];
  for (let i = 0; i < byNumber.length && byNumber[i] !== undefined; i++) usable.push(byNumber[i] as Section);
  const first = usable[0];
  const base = (sections[0] as Section).base;
  // Section 0 is missing: nobody could decode the rest.
  if (first === undefined) return { name: base, value: sections.map((s) => s.value).join('') };
  if (!usable.some((s) => s.isEncoded)) return { name: base, value: usable.map((s) => s.value).join('') };
  const value = usable.map((s) => (s.isEncoded ? s.value : percentEncode(s.value))).join('');
  return { name: `${base}*`, value: first.isEncoded ? value : `''${value}` };
}

/** RFC 2231 §4: `charset'language'octets`. Without the quotes the whole is octets. */
function extendedOctets(value: string): { readonly octets: Buffer; readonly charset: string } {
  const first = value.indexOf("'");
  const second = first < 0 ? -1 : value.indexOf("'", first + 1);
  if (second < 0) return { octets: percentDecode(value), charset: '' };
  return { octets: percentDecode(value.slice(second + 1)), charset: value.slice(0, first) };
}

function percentDecode(text: string): Buffer {
  const out = Buffer.allocUnsafe(text.length);
  let size = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    const high = c === 0x25 ? hexValue(text.charCodeAt(i + 1)) : -1;
    const low = high < 0 ? -1 : hexValue(text.charCodeAt(i + 2));
    if (low >= 0) {
      out[size++] = high * 16 + low;
      i += 2;
    } else out[size++] = c;
  }
  return out.subarray(0, size);
}

function percentEncode(text: string): string {
  return text.replace(/[^A-Za-z0-9!#$&+.^_`{|}~-]/g, (c) => {
    const hex = c.charCodeAt(0).toString(16).toUpperCase();
    return `%${hex.padStart(2, '0')}`;
  });
}

const QUOTE = 0x22;
const OPEN = 0x28;
const CLOSE = 0x29;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;

class ParameterReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** `spans` gets the place of each parameter. */
  read(spans?: Span[]): ParameterizedValue {
    this.#skipBlanks();
    let value = this.#text.charCodeAt(this.#at) === QUOTE ? this.#quoted() : this.#token();
    this.#skipBlanks();
    if (this.#text.charAt(this.#at) === '/') {
      this.#at++;
      this.#skipBlanks();
      value += `/${this.#token()}`;
    }
    const parameters: Parameter[] = [];
    while (this.#at < this.#text.length && parameters.length < MAX_RAW) {
      this.#skipBlanks();
      const start = this.#at;
      const name = this.#token();
      this.#skipBlanks();
      if (this.#text.charCodeAt(this.#at) !== EQUALS) {
        // Not a parameter. Step over what stopped us, so every round moves on.
        if (name === '') this.#at++;
        continue;
      }
      this.#at++;
      const content = this.#value();
      if (name === '') continue;
      parameters.push({ name, value: content });
      spans?.push({ start, end: this.#at });
    }
    return { value, parameters };
  }

  /** A run of what is neither white space nor a sign that ends it. 8-bit octets pass. */
  #token(): string {
    const start = this.#at;
    while (this.#at < this.#text.length && isTokenChar(this.#text.charCodeAt(this.#at))) this.#at++;
    return this.#text.slice(start, this.#at);
  }

  #value(): string {
    this.#skipBlanks();
    if (this.#text.charCodeAt(this.#at) === QUOTE) return this.#quoted();
    const start = this.#at;
    let end = start;
    while (this.#at < this.#text.length) {
      const c = this.#text.charCodeAt(this.#at);
      if (c === SEMICOLON) break;
      if (c <= 0x20) {
        this.#at++;
        if (this.#isParameterAhead()) break;
      } else if (c === OPEN && this.#isCommentLast()) {
        this.#skipComment();
        break;
      } else end = ++this.#at;
    }
    return this.#text.slice(start, end);
  }

  /** `charset=utf-8 format=flowed`: the semicolon was forgotten. */
  #isParameterAhead(): boolean {
    const limit = Math.min(this.#text.length, this.#at + 40);
    let i = this.#at;
    while (i < limit && isTokenChar(this.#text.charCodeAt(i))) i++;
    return i > this.#at && this.#text.charCodeAt(i) === EQUALS;
  }

  /** `us-ascii (Plain text)` ends in a comment (RFC 2045 §5.1), `report (1).pdf` does not. */
  #isCommentLast(): boolean {
    const limit = Math.min(this.#text.length, this.#at + 200);
    let i = this.#at;
    while (i < limit && this.#text.charCodeAt(i) !== CLOSE) i++;
    if (i === limit) return false;
    i++;
    while (i < limit && this.#text.charCodeAt(i) <= 0x20) i++;
    return i >= this.#text.length || this.#text.charCodeAt(i) === SEMICOLON;
  }

  #quoted(): string {
    let out = '';
    let from = ++this.#at;
    while (this.#at < this.#text.length) {
      const c = this.#text.charCodeAt(this.#at);
      if (c === QUOTE) {
        out += this.#text.slice(from, this.#at++);
        return out;
      }
      if (c === BACKSLASH && this.#at + 1 < this.#text.length) {
        out += this.#text.slice(from, this.#at);
        from = ++this.#at;
      }
      this.#at++;
    }
    return (out + this.#text.slice(from)).trimEnd();
  }

  #skipBlanks(): void {
    while (this.#at < this.#text.length) {
      const c = this.#text.charCodeAt(this.#at);
      if (c === OPEN) this.#skipComment();
      else if (c <= 0x20) this.#at++;
      else break;
    }
  }

  #skipComment(): void {
    let depth = 0;
    for (; this.#at < this.#text.length; this.#at++) {
      const c = this.#text.charCodeAt(this.#at);
      if (c === BACKSLASH) this.#at++;
      else if (c === OPEN) depth++;
      else if (c === CLOSE && --depth === 0) {
        this.#at++;
        return;
      }
    }
  }
}

function isTokenChar(c: number): boolean {
  return c > 0x20 && c !== QUOTE && c !== OPEN && c !== SEMICOLON && c !== EQUALS && c !== 0x2f && c !== 0x2c;
}
