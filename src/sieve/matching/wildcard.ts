/**
 * `:matches` (RFC 5228 §2.7.1): `*` any characters, `?` one, a backslash takes what follows as it is. Not greedy: each wildcard takes
 * as little as possible, from the left (RFC 5229 §3.2).
 *
 * Promises: no recursion; it goes back only to the last `*`, and what stands behind the last one is compared once, at the end. The
 * comparisons are counted, since a hostile pattern can still cost its length times that of the text.
 */
import type { Steps } from '../run/steps.ts';
import { type Comparator, keyInTurns, octetsOf, textOfOctets } from './comparators.ts';

export interface WildcardCost {
  compare(count: number): void;
  look(count: number): void;
}

/** In a pattern; everything else in it is a key. */
const STAR = -1;
const ONE = -2;
/** Comparisons between two chances for others. */
const TURN = 64 * 1024;

/** The keys of a text, one by one, and the text that is behind them. */
interface Units {
  readonly keys: Uint8Array | Uint32Array;
  readonly textBetween: (from: number, to: number) => string;
}

type Span = readonly [from: number, to: number];

/** The keys of a text are made once, however many patterns it is matched with. */
export class WildcardText {
  readonly #text: string;
  readonly #comparator: Comparator;
  #units: Units | undefined;

  constructor(text: string, comparator: Comparator) {
    this.#text = text;
    this.#comparator = comparator;
  }

  /** What was matched, then what each wildcard took; undefined when it does not match. */
  *match(pattern: string, cost: WildcardCost): Steps<string[] | undefined> {
    this.#units ??= this.#comparator.isOctets
      ? yield* octetUnits(this.#text, this.#comparator)
      : yield* characterUnits(this.#text, this.#comparator);
    const { keys, textBetween } = this.#units;
    const spans = yield* match(keys, patternUnits(pattern, this.#comparator), cost);
    return spans && [this.#text, ...spans.map(([from, to]) => textBetween(from, to))];
  }
}

function* match(text: Units['keys'], pattern: Int32Array, cost: WildcardCost): Steps<Span[] | undefined> {
  const wildcards = pattern.reduce((count, unit) => count + (unit < 0 ? 1 : 0), 0);
  const froms = new Int32Array(wildcards);
  const tos = new Int32Array(wildcards);
  let taken = 0;
  /** The last star: its place in the pattern and among the wildcards. */
  let starAt = -1;
  let starNumber = 0;
  const tail = pattern.length - pattern.lastIndexOf(STAR) - 1;
  let p = 0;
  let t = 0;
  let count = 0;
  for (;;) {
    if (++count === TURN) {
      cost.compare(TURN);
      count = 0;
      yield undefined;
    }
    const unit = p < pattern.length ? pattern[p] : undefined;
    if (unit === STAR) {
      starAt = p++;
      starNumber = taken++;
      froms[starNumber] = tos[starNumber] = t;
    } else if (unit !== undefined && t < text.length && (unit === ONE || unit === text[t])) {
      if (unit === ONE) {
        froms[taken] = t;
        tos[taken++] = t + 1;
      }
      p++;
      t++;
    } else if (unit === undefined && t === text.length) {
      cost.compare(count);
      return Array.from(froms, (from, i): Span => [from, tos[i] as number]);
    } else {
      // With the text used up, a longer star leaves even less.
      if (starAt < 0 || t >= text.length) break;
      p = starAt + 1;
      const from = tos[starNumber] as number;
      // Behind the last star all that is left must be the end of the text.
      t = unit === undefined ? text.length - tail : nextPlace(text, pattern[p], from + 1);
      if (t < 0) break;
      cost.look(t - from);
      tos[starNumber] = t;
      taken = starNumber + 1;
    }
  }
  cost.compare(count);
  return undefined;
}

/** Where what follows a star can begin, or -1. */
function nextPlace(text: Units['keys'], unit: number | undefined, from: number): number {
  return unit === undefined || unit < 0 ? from : text.indexOf(unit, from);
}

function patternUnits(pattern: string, comparator: Comparator): Int32Array {
  const out: number[] = [];
  let literal = '';
  const endLiteral = (): void => {
    for (const key of keysOf(comparator.key(literal), comparator)) out.push(key);
    literal = '';
  };
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern.charAt(i);
    if (c === '\\' && i + 1 < pattern.length) literal += pattern.charAt(++i);
    else if (c === '*' || c === '?') {
      endLiteral();
      out.push(c === '*' ? STAR : ONE);
    } else literal += c;
  }
  endLiteral();
  return Int32Array.from(out);
}

function keysOf(key: string, { isOctets }: Comparator): Units['keys'] {
  if (isOctets) return Buffer.from(key, 'latin1');
  return Uint32Array.from(key, (character) => character.codePointAt(0) as number);
}

function* octetUnits(text: string, comparator: Comparator): Steps<Units> {
  const keys = keysOf(yield* keyInTurns(comparator, text), comparator);
  return {
    keys,
    textBetween: (from, to) => textOfOctets(octetsOf(text).slice(from, to)),
  };
}

function* characterUnits(text: string, comparator: Comparator): Steps<Units> {
  const keys: number[] = [];
  const origins: number[] = [];
  let at = 0;
  for (const character of text) {
    for (const key of comparator.key(character)) {
      keys.push(key.codePointAt(0) as number);
      origins.push(at);
    }
    at += character.length;
    if (origins.length % TURN === 0) yield undefined;
  }
  origins.push(at);
  return { keys: Uint32Array.from(keys), textBetween: (from, to) => text.slice(origins[from], origins[to]) };
}
