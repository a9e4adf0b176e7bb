/**
 * `:matches` (RFC 5228 §2.7.1): `*` any characters, `?` one, a backslash takes what follows as it is. Not greedy: each wildcard takes
 * as little as possible, from the left (RFC 5229 §3.2).
 *
 * Promises: no recursion; it goes back only to the last `*`, and what stands behind the last one is compared once, at the end. The
 * comparisons are counted, since a hostile pattern can still cost its length times that of the text.
 */
import { type Comparator, octetsOf, textOfOctets } from './comparators.ts';

export type PatternUnit = '*' | '?' | { readonly literal: string };

export interface WildcardCost {
  compare(count: number): void;
}

/** The keys of a text, one by one, and the text that is behind them. */
interface Units {
  readonly keys: string | readonly string[];
  textBetween(from: number, to: number): string;
}

/** What was matched, then what each wildcard took; undefined when it does not match. */
export function matchWildcards(
  text: string,
  pattern: string,
  comparator: Comparator,
  cost: WildcardCost,
): string[] | undefined {
  const units = comparator.isOctets ? octetUnits(text, comparator) : characterUnits(text, comparator);
  const spans = match(units.keys, patternUnits(pattern, comparator), cost);
  return spans && [text, ...spans.map(([from, to]) => units.textBetween(from, to))];
}

type Span = readonly [from: number, to: number];

function match(
  text: string | readonly string[],
  pattern: readonly PatternUnit[],
  cost: WildcardCost,
): Span[] | undefined {
  const spans: Span[] = [];
  /** The last star: its place in the pattern and among the wildcards, where what it takes begins and ends. */
  let star: { at: number; wildcard: number; from: number; to: number } | undefined;
  const tail = pattern.length - pattern.lastIndexOf('*') - 1;
  let p = 0;
  let t = 0;
  let count = 0;
  for (;;) {
    if (++count % 4096 === 0) cost.compare(4096);
    const unit = pattern[p];
    if (unit === '*') {
      star = { at: p, wildcard: spans.length, from: t, to: t };
      spans.push([t, t]);
      p++;
    } else if (unit !== undefined && t < text.length && (unit === '?' || unit.literal === text[t])) {
      if (unit === '?') spans.push([t, t + 1]);
      p++;
      t++;
    } else if (unit === undefined && t === text.length) {
      cost.compare(count % 4096);
      return spans;
    } else {
      // With the text used up, a longer star leaves even less.
      if (star === undefined || t >= text.length) break;
      // Behind the last star all that is left must be the end of the text.
      star.to = unit === undefined ? text.length - tail : star.to + 1;
      spans.length = star.wildcard;
      spans.push([star.from, star.to]);
      p = star.at + 1;
      t = star.to;
    }
  }
  cost.compare(count % 4096);
  return undefined;
}

function patternUnits(pattern: string, comparator: Comparator): PatternUnit[] {
  const out: PatternUnit[] = [];
  let literal = '';
  const endLiteral = (): void => {
    for (const key of keysOf(literal, comparator)) out.push({ literal: key });
    literal = '';
  };
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern.charAt(i);
    if (c === '\\' && i + 1 < pattern.length) literal += pattern.charAt(++i);
    else if (c === '*' || c === '?') {
      endLiteral();
      out.push(c);
    } else literal += c;
  }
  endLiteral();
  return out;
}

function keysOf(text: string, comparator: Comparator): Iterable<string> {
  const key = comparator.key(text);
  return comparator.isOctets ? key.split('') : key;
}

function octetUnits(text: string, comparator: Comparator): Units {
  const octets = octetsOf(text);
  return {
    keys: comparator.key(text),
    textBetween: (from, to) => textOfOctets(octets.slice(from, to)),
  };
}

function characterUnits(text: string, comparator: Comparator): Units {
  const keys: string[] = [];
  const origins: number[] = [];
  let at = 0;
  for (const character of text) {
    for (const key of comparator.key(character)) {
      keys.push(key);
      origins.push(at);
    }
    at += character.length;
  }
  origins.push(at);
  return { keys, textBetween: (from, to) => text.slice(origins[from], origins[to]) };
}
