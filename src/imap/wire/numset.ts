/**
 * Sets of message numbers: sequence-set and uid-set of RFC 9051 §9, as ranges that are never expanded.
 *
 * A set as parsed may name `*`; `resolve` puts the largest number in its place and gives a set that is sorted and
 * merged. SeqSet and UidSet are different types, because a sequence number in the place of a UID deletes the wrong
 * mail. `10:*` with 9 as the largest number is 9:10 (Apple Mail looks for new mail so and expects to get 9).
 *
 * The invariant: `ranges` of a resolved set are ascending, disjoint and not adjacent, each with low <= high.
 */
import { invariant } from '../../base/invariant.ts';
import { DIGIT } from './chars.ts';
import type { Cursor } from './cursor.ts';
import { SyntaxFault } from './fault.ts';
import { nzNumber } from './grammar.ts';

export type NumRange = readonly [low: number, high: number];

/** `*`: above every number, so that a range to it sorts like one that reaches the end. */
export const STAR = 0x1_0000_0000;

/** A line of 64 KB could hold three times as many; more ranges than this are an attack on the merge. */
const MAX_RANGES = 10_000;
const COLON = 0x3a;
const COMMA = 0x2c;
const ASTERISK = 0x2a;
const DOLLAR = 0x24;

export class NumSet<Kind extends 'seq' | 'uid'> {
  readonly kind: Kind;
  readonly ranges: readonly NumRange[];
  readonly hasStar: boolean;

  private constructor(kind: Kind, ranges: readonly NumRange[], hasStar: boolean) {
    this.kind = kind;
    this.ranges = ranges;
    this.hasStar = hasStar;
  }

  /** From ranges in any order and direction; `STAR` may be an end. */
  static of<K extends 'seq' | 'uid'>(kind: K, ranges: readonly NumRange[]): NumSet<K> {
    // Merging across a star would change the meaning of a set whose star is yet unknown.
    if (ranges.some(([a, b]) => a === STAR || b === STAR)) return new NumSet(kind, ranges, true);
    return new NumSet(kind, normalized(ranges), false);
  }

  /** The set with `*` as `largest`; in an empty mailbox (0) `*` names nothing. */
  resolve(largest: number): NumSet<Kind> {
    if (!this.hasStar) return this;
    if (largest === 0) return new NumSet(this.kind, normalized(this.ranges.filter(isWithoutStar)), false);
    const ends = this.ranges.map(([a, b]): NumRange => [a === STAR ? largest : a, b === STAR ? largest : b]);
    return new NumSet(this.kind, normalized(ends), false);
  }

  /** The largest number that is named, 0 for none; `*` counts for nothing. */
  get highest(): number {
    let highest = 0;
    for (const [a, b] of this.ranges) {
      if (a !== STAR && a > highest) highest = a;
      if (b !== STAR && b > highest) highest = b;
    }
    return highest;
  }

  get isEmpty(): boolean {
    return this.ranges.length === 0;
  }

  /** One number, or `*`. */
  get isOne(): boolean {
    const [first] = this.ranges;
    return this.ranges.length === 1 && first !== undefined && first[0] === first[1];
  }

  /** How many numbers; of a resolved set. */
  get size(): number {
    invariant(!this.hasStar, 'size of an unresolved set');
    let size = 0;
    for (const [low, high] of this.ranges) size += high - low + 1;
    return size;
  }

  /** Of a resolved set; logarithmic in the number of ranges. */
  contains(n: number): boolean {
    invariant(!this.hasStar, 'contains of an unresolved set');
    let from = 0;
    let to = this.ranges.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      const [low, high] = this.ranges[middle] as NumRange;
      if (n < low) to = middle;
      else if (n > high) from = middle + 1;
      else return true;
    }
    return false;
  }

  /** What of a resolved set lies in 1..`largest`. */
  upTo(largest: number): NumSet<Kind> {
    const last = this.ranges.at(-1);
    if (last === undefined || last[1] <= largest) return this;
    const kept: NumRange[] = [];
    for (const [low, high] of this.ranges) {
      if (low <= largest) kept.push([low, Math.min(high, largest)]);
    }
    return new NumSet(this.kind, kept, false);
  }

  /**
   * Calls back with each half-open run of indexes into `ascending` whose numbers are in this resolved set: time is
   * ranges times log of the list, however wide the ranges are (`1:4294967295`).
   */
  eachRun(ascending: ArrayLike<number>, run: (from: number, to: number) => void): void {
    invariant(!this.hasStar, 'eachRun of an unresolved set');
    let at = 0;
    for (const [low, high] of this.ranges) {
      const from = lowerBound(ascending, low, at);
      if (from === ascending.length) return;
      at = lowerBound(ascending, high + 1, from);
      if (at > from) run(from, at);
    }
  }

  /** `1:3,5,10:*`. */
  toString(): string {
    return formatRanges(this.ranges);
  }
}

export type SeqSet = NumSet<'seq'>;
export type UidSet = NumSet<'uid'>;

/** `$`, the saved result of a SEARCH (RFC 5182 §2.1). */
export interface SavedResult {
  readonly kind: 'saved';
}
export const SAVED_RESULT: SavedResult = Object.freeze({ kind: 'saved' });

export function sequenceSet(c: Cursor): SeqSet | SavedResult {
  return maybeSequenceSet(c) ?? c.fail('a message set');
}

export function maybeSequenceSet(c: Cursor): SeqSet | SavedResult | undefined {
  return maybeSet(c, 'seq');
}

/** The sequence-set of a UID command, where every number is a UID. */
export function uidSet(c: Cursor): UidSet | SavedResult {
  return maybeUidSet(c) ?? c.fail('a set of UIDs');
}

export function maybeUidSet(c: Cursor): UidSet | SavedResult | undefined {
  return maybeSet(c, 'uid');
}

/** A set in which neither `*` nor `$` may stand: uid-set and the known sets of RFC 7162 §3.2.5. */
export function definiteSet<K extends 'seq' | 'uid'>(c: Cursor, kind: K): NumSet<K> {
  const set = maybeSet(c, kind) ?? c.fail('a set of numbers');
  if (!(set instanceof NumSet) || set.hasStar)
    throw new SyntaxFault('Neither * nor $ is allowed in this set');
  return set;
}

function maybeSet<K extends 'seq' | 'uid'>(c: Cursor, kind: K): NumSet<K> | SavedResult | undefined {
  if (c.maybeByte(DOLLAR)) return SAVED_RESULT;
  if (!c.isAt(DIGIT) && c.peek() !== ASTERISK) return undefined;
  const ranges: NumRange[] = [];
  do {
    if (ranges.length === MAX_RANGES)
      throw new SyntaxFault('Too many ranges in a set', { code: { code: 'LIMIT' } });
    const first = seqNumber(c);
    ranges.push([first, c.maybeByte(COLON) ? seqNumber(c) : first]);
  } while (c.maybeByte(COMMA));
  return NumSet.of(kind, ranges);
}

function seqNumber(c: Cursor): number {
  return c.maybeByte(ASTERISK) ? STAR : nzNumber(c);
}

/** The shortest set of ascending numbers, for COPYUID, ESEARCH and VANISHED. */
export function formatNumSet(ascending: ArrayLike<number>): string {
  let out = '';
  for (let i = 0; i < ascending.length; ) {
    const first = ascending[i] as number;
    let last = first;
    for (i++; i < ascending.length && ascending[i] === last + 1; i++) last++;
    if (out !== '') out += ',';
    out += first === last ? first : `${first}:${last}`;
  }
  return out;
}

export function formatRanges(ranges: readonly NumRange[]): string {
  return ranges.map(([a, b]) => (a === b ? endText(a) : `${endText(a)}:${endText(b)}`)).join(',');
}

function endText(end: number): string {
  return end === STAR ? '*' : String(end);
}

function normalized(ranges: readonly NumRange[]): NumRange[] {
  const sorted = ranges.map(([a, b]): NumRange => (a <= b ? [a, b] : [b, a])).sort((a, b) => a[0] - b[0]);
  const merged: NumRange[] = [];
  for (const range of sorted) {
    const last = merged.at(-1);
    if (last === undefined || range[0] > last[1] + 1) merged.push(range);
    else if (range[1] > last[1]) merged[merged.length - 1] = [last[0], range[1]];
  }
  return merged;
}

function isWithoutStar([a, b]: NumRange): boolean {
  return a !== STAR && b !== STAR;
}

/** Index of the first number >= `n`, searching from `from`. */
export function lowerBound(ascending: ArrayLike<number>, n: number, from = 0): number {
  let low = from;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] as number) < n) low = middle + 1;
    else high = middle;
  }
  return low;
}
