/**
 * JSON from a stranger (RFC 8259, I-JSON of RFC 7493): UTF-8 without a byte order mark, no name twice in an object and not too many
 * of them, no half of a surrogate pair, no number that is not finite, not deeper than is allowed. It is read in slices of time, with
 * a stack of its own, so neither one string of ten megabytes nor a million brackets hold up anybody else.
 *
 * Objects have no prototype: `__proto__` is a name as any other.
 */
import { isUtf8 } from 'node:buffer';
import { TimeSlice } from '../../base/time-slice.ts';
import type { Json } from './json.ts';

export class JsonFault extends Error {
  override readonly name = 'JsonFault';
}

/** Throws `JsonFault`. */
export async function readJson(octets: Buffer, maxDepth: number): Promise<Json> {
  if (!isUtf8(octets)) throw new JsonFault('it is not UTF-8');
  const reader = new JsonReader(octets.toString('utf8'), maxDepth);
  const slice = new TimeSlice();
  while (!reader.read(STEPS)) if (slice.isSpent) await slice.next();
  return reader.value;
}

/** Values and names between two looks at the clock, and characters. */
const STEPS = 500;
const CHARACTERS = 64 * 1024;
/** Of a string, in one step; an escape counts as several. */
const PIECE = 4096;
const ESCAPE_COSTS = 16;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const SPACE = /[\t\n\r ]*/y;
const [QUOTE, BACKSLASH, FIRST_PLAIN] = [0x22, 0x5c, 0x20];
const MAX_NUMBER = 400;
/** Of one object. What has more is no object of anything that is known here, and would be looked through in one go. */
const MAX_NAMES = 20_000;

type Open =
  | { readonly kind: 'list'; readonly list: Json[] }
  | { readonly kind: 'object'; readonly object: Record<string, Json>; name: string; count: number };

/** A string of which the end has not been seen. */
interface OpenString {
  readonly isName: boolean;
  text: string;
  hasEscapes: boolean;
}

class JsonReader {
  value: Json = null;
  readonly #text: string;
  readonly #maxDepth: number;
  readonly #open: Open[] = [];
  #string: OpenString | undefined;
  #at = 0;
  #isDone = false;

  constructor(text: string, maxDepth: number) {
    this.#text = text;
    this.#maxDepth = maxDepth;
  }

  /** So many steps; true when everything was read. */
  read(steps: number): boolean {
    const until = this.#at + CHARACTERS;
    for (let step = 0; step < steps && this.#at < until && !this.#isDone; step++) {
      if (this.#string === undefined) this.#readValue();
      else this.#readOn(this.#string);
    }
    if (!this.#isDone) return false;
    this.#skipSpace();
    if (this.#at < this.#text.length) throw this.#fault('there is something behind the end');
    return true;
  }

  /** Reads one value, or opens one that holds others, with whatever ends behind it. */
  #readValue(): void {
    this.#skipSpace();
    switch (this.#text[this.#at]) {
      case '{':
        this.#at++;
        this.#push({
          kind: 'object',
          object: Object.create(null) as Record<string, Json>,
          name: '',
          count: 0,
        });
        if (this.#takes('}')) this.#closeLast();
        else this.#readName();
        return;
      case '[':
        this.#at++;
        this.#push({ kind: 'list', list: [] });
        if (this.#takes(']')) this.#closeLast();
        return;
      case '"':
        this.#beginString(false);
        return;
      case 't':
        this.#finish(this.#readWord('true', true));
        return;
      case 'f':
        this.#finish(this.#readWord('false', false));
        return;
      case 'n':
        this.#finish(this.#readWord('null', null));
        return;
      default:
        this.#finish(this.#readNumber());
    }
  }

  #push(open: Open): void {
    if (this.#open.length >= this.#maxDepth) throw this.#fault('it is too deep');
    this.#open.push(open);
  }

  #closeLast(): void {
    const closed = this.#open.pop();
    if (closed !== undefined) this.#finish(closed.kind === 'list' ? closed.list : closed.object);
  }

  /** Puts it where it belongs, and closes what ends here; each of these was opened before, so there are no more of them. */
  #finish(value: Json): void {
    let done = value;
    for (;;) {
      const around = this.#open.at(-1);
      if (around === undefined) {
        this.value = done;
        this.#isDone = true;
        return;
      }
      if (around.kind === 'list') around.list.push(done);
      else around.object[around.name] = done;
      this.#skipSpace();
      if (this.#takes(',')) {
        if (around.kind === 'object') this.#readName();
        return;
      }
      if (!this.#takes(around.kind === 'list' ? ']' : '}')) throw this.#fault('a comma or an end is missing');
      this.#open.pop();
      done = around.kind === 'list' ? around.list : around.object;
    }
  }

  #readName(): void {
    this.#skipSpace();
    if (this.#text[this.#at] !== '"') throw this.#fault('a name is missing');
    this.#beginString(true);
  }

  #named(name: string): void {
    const around = this.#open.at(-1);
    if (around?.kind !== 'object') throw this.#fault('there is no object');
    if (Object.hasOwn(around.object, name)) throw this.#fault('a name is there twice');
    if (++around.count > MAX_NAMES) throw this.#fault(`an object has more than ${MAX_NAMES} names`);
    around.name = name;
    if (!this.#takes(':')) throw this.#fault('a colon is missing');
  }

  #beginString(isName: boolean): void {
    this.#at++;
    this.#string = { isName, text: '', hasEscapes: false };
    this.#readOn(this.#string);
  }

  /** A piece of a string; most end with the first. */
  #readOn(string: OpenString): void {
    const begin = this.#at;
    let hasEscapes = false;
    let at = begin;
    for (let cost = 0; cost < PIECE; cost++) {
      const code = this.#text.charCodeAt(at);
      if (code === QUOTE) break;
      // Also where the text is over: that is not a number.
      if (!(code >= FIRST_PLAIN)) {
        this.#at = at;
        throw this.#fault('a string does not end, or has a control character in it');
      }
      at++;
      if (code !== BACKSLASH) continue;
      hasEscapes = true;
      cost += ESCAPE_COSTS;
      // Whole, so that the next piece does not begin within it.
      at += this.#text[at] === 'u' ? 5 : 1;
    }
    this.#at = at;
    const inner = this.#text.slice(begin, at);
    string.text += hasEscapes ? this.#unescaped(inner) : inner;
    string.hasEscapes ||= hasEscapes;
    if (this.#text.charCodeAt(at) === QUOTE) this.#endString(string);
  }

  #endString({ text, isName, hasEscapes }: OpenString): void {
    this.#at++;
    this.#string = undefined;
    if (hasEscapes && !text.isWellFormed()) throw this.#fault('a string has half of a surrogate pair in it');
    if (isName) this.#named(text);
    else this.#finish(text);
  }

  #unescaped(inner: string): string {
    try {
      return JSON.parse(`"${inner}"`) as string;
    } catch {
      throw this.#fault('a string has an escape that is none');
    }
  }

  #readNumber(): number {
    NUMBER.lastIndex = this.#at;
    const [digits] = NUMBER.exec(this.#text) ?? [];
    if (digits === undefined || digits.length > MAX_NUMBER) throw this.#fault('expected a value');
    this.#at += digits.length;
    const value = Number(digits);
    if (!Number.isFinite(value)) throw this.#fault('a number is too large');
    return value;
  }

  #readWord<T extends Json>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw this.#fault('expected a value');
    this.#at += word.length;
    return value;
  }

  #takes(character: string): boolean {
    this.#skipSpace();
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #skipSpace(): void {
    SPACE.lastIndex = this.#at;
    SPACE.test(this.#text);
    this.#at = SPACE.lastIndex;
  }

  #fault(what: string): JsonFault {
    return new JsonFault(`${what}, at character ${this.#at}`);
  }
}
