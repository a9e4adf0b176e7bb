/**
 * Extended regular expressions as POSIX has them (draft-ietf-sieve-regex): alternation, groups, `? * + {n,m}`, brackets with classes,
 * `.` for all but line ends, `^` and `$` at the beginning and end of lines.
 *
 * Promises: text in, tree out, or a `RegexError` in words. What POSIX does not define is refused, so that nobody takes it for what it
 * means elsewhere: back-references, `(?`, `\w` and `\b`.
 */
import { type CharacterSet, CLASSES, characterSet, type Range } from './characters.ts';

export class RegexError extends Error {
  override readonly name = 'RegexError';
}

export type Expression =
  | { readonly kind: 'set'; readonly set: CharacterSet }
  | { readonly kind: 'line-start' | 'line-end' | 'empty' }
  | { readonly kind: 'group'; readonly index: number; readonly inner: Expression }
  | { readonly kind: 'sequence' | 'choice'; readonly items: readonly Expression[] }
  | { readonly kind: 'repeat'; readonly inner: Expression; readonly min: number; readonly max: number };

/** As POSIX has it for RE_DUP_MAX. */
const MAX_REPEAT = 255;
const MAX_DEPTH = 32;
const QUANTIFIER = /\?|\*|\+|\{(\d{1,4})(,(\d{0,4}))?\}/y;

export interface ParsedExpression {
  readonly expression: Expression;
  readonly groups: number;
}

export function parseExpression(pattern: string, ignoresCase: boolean): ParsedExpression {
  return new ExpressionParser(pattern, ignoresCase).parse();
}

class ExpressionParser {
  readonly #text: string;
  readonly #ignoresCase: boolean;
  #at = 0;
  #groups = 0;
  #depth = 0;

  constructor(text: string, ignoresCase: boolean) {
    this.#text = text;
    this.#ignoresCase = ignoresCase;
  }

  parse(): ParsedExpression {
    const expression = this.#choice();
    if (this.#at < this.#text.length) throw new RegexError('a ")" that closes no group');
    return { expression, groups: this.#groups };
  }

  #choice(): Expression {
    const items = [this.#sequence()];
    while (this.#accepts('|')) items.push(this.#sequence());
    return items.length === 1 ? (items[0] as Expression) : { kind: 'choice', items };
  }

  #sequence(): Expression {
    const items: Expression[] = [];
    for (;;) {
      const c = this.#text.charAt(this.#at);
      if (c === '' || c === '|' || c === ')') break;
      items.push(this.#repeated(this.#atom()));
    }
    return items.length === 1 ? (items[0] as Expression) : { kind: 'sequence', items };
  }

  #repeated(atom: Expression): Expression {
    let out = atom;
    for (;;) {
      QUANTIFIER.lastIndex = this.#at;
      const match = QUANTIFIER.exec(this.#text);
      if (match === null) {
        if (this.#text.charAt(this.#at) === '{') throw new RegexError('a "{" without "n}", "n,}" or "n,m}"');
        return out;
      }
      this.#at = QUANTIFIER.lastIndex;
      out = { kind: 'repeat', inner: out, ...bounds(match) };
    }
  }

  #atom(): Expression {
    const c = String.fromCodePoint(this.#text.codePointAt(this.#at) as number);
    this.#at += c.length;
    switch (c) {
      case '(':
        return this.#group();
      case '[':
        return this.#bracket();
      case '.':
        return this.#set(
          [
            [0x0a, 0x0a],
            [0x0d, 0x0d],
          ],
          true,
        );
      case '^':
        return { kind: 'line-start' };
      case '$':
        return { kind: 'line-end' };
      case '\\':
        return this.#escaped();
      case '?':
      case '*':
      case '+':
      case '{':
        throw new RegexError(`a "${c}" with nothing before it to repeat`);
      default:
        return this.#set([rangeOf(c)], false);
    }
  }

  #group(): Expression {
    if (this.#text.charAt(this.#at) === '?')
      throw new RegexError('"(?" is not supported: POSIX has no such groups');
    if (++this.#depth > MAX_DEPTH) throw new RegexError(`groups nest deeper than ${MAX_DEPTH}`);
    const index = ++this.#groups;
    const inner = this.#choice();
    if (!this.#accepts(')')) throw new RegexError('a "(" that is never closed');
    this.#depth--;
    return { kind: 'group', index, inner };
  }

  #escaped(): Expression {
    const c = this.#text.charAt(this.#at++);
    if (c === '') throw new RegexError('a backslash at the end');
    if (/[1-9]/.test(c)) throw new RegexError(`"\\${c}": back-references are not supported`);
    if (/[A-Za-z0]/.test(c)) throw new RegexError(`"\\${c}" is not supported: POSIX has no such escape`);
    return this.#set([rangeOf(c)], false);
  }

  /** A bracket expression; `]` as the first and `-` as the first or last stand for themselves. */
  #bracket(): Expression {
    const isNegated = this.#accepts('^');
    const ranges: Range[] = [];
    const classes: string[] = [];
    for (let isFirst = true; ; isFirst = false) {
      if (!isFirst && this.#accepts(']')) break;
      const named = this.#class();
      if (named !== undefined) {
        classes.push(named);
        continue;
      }
      const low = this.#bracketCharacter();
      const next = this.#text.slice(this.#at, this.#at + 2);
      if (!next.startsWith('-') || next === '-]') {
        ranges.push([low, low]);
        continue;
      }
      this.#at++;
      const high = this.#bracketCharacter();
      if (high < low) throw new RegexError('a range in "[]" that ends before it begins');
      ranges.push([low, high]);
    }
    return this.#set(ranges, isNegated, classes);
  }

  /** `[:alpha:]`. */
  #class(): string | undefined {
    const match = /^\[:([a-z]{1,8}):\]/.exec(this.#text.slice(this.#at, this.#at + 16));
    if (match === null) return undefined;
    this.#at += match[0].length;
    const [, name = ''] = match;
    if (!CLASSES.has(name)) throw new RegexError(`there is no class [:${name}:]`);
    return name;
  }

  /** A character, also as `[.x.]` or `[=x=]`. */
  #bracketCharacter(): number {
    const code = this.#text.codePointAt(this.#at);
    if (code === undefined) throw new RegexError('a "[" that is never closed');
    const match = /^\[([.=])(.)\1\]/su.exec(this.#text.slice(this.#at, this.#at + 7));
    if (match !== null) {
      this.#at += match[0].length;
      return match[2]?.codePointAt(0) ?? 0;
    }
    this.#at += code > 0xffff ? 2 : 1;
    return code;
  }

  #set(ranges: readonly Range[], isNegated: boolean, classes: readonly string[] = []): Expression {
    return { kind: 'set', set: characterSet({ ranges, classes, isNegated, ignoresCase: this.#ignoresCase }) };
  }

  #accepts(sign: string): boolean {
    if (this.#text.charAt(this.#at) !== sign) return false;
    this.#at++;
    return true;
  }
}

function bounds([whole, low, comma, high]: RegExpExecArray): { min: number; max: number } {
  if (whole === '?') return { min: 0, max: 1 };
  if (whole === '*') return { min: 0, max: Infinity };
  if (whole === '+') return { min: 1, max: Infinity };
  const min = Number(low);
  const max = comma === undefined ? min : high === '' ? Infinity : Number(high);
  if (max < min) throw new RegexError(`"${whole}" has more at least than at most`);
  if (min > MAX_REPEAT || (max > MAX_REPEAT && max !== Infinity))
    throw new RegexError(`"${whole}" repeats more than ${MAX_REPEAT} times`);
  return { min, max };
}

function rangeOf(character: string): Range {
  const code = character.codePointAt(0) as number;
  return [code, code];
}
