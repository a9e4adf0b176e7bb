/** A range of results (RFC 9394 §4 `partial-range`): counted from the first one, or from the last. */
import type { Cursor } from './cursor.ts';
import { nzNumber, sp } from './grammar.ts';

export interface PartialRange {
  /** As the client wrote it, for the answer. */
  readonly text: string;
  readonly isFromEnd: boolean;
  /** 1 is the first one, or the last. */
  readonly low: number;
  readonly high: number;
}

const MINUS = 0x2d;
const COLON = 0x3a;

/** `SP partial-range`. `500:400` is `400:500`. */
export function spPartialRange(c: Cursor): PartialRange {
  sp(c);
  const isFromEnd = c.maybeByte(MINUS);
  const a = nzNumber(c);
  c.expectByte(COLON, ':');
  if (isFromEnd) c.expectByte(MINUS, '-');
  const b = nzNumber(c);
  const sign = isFromEnd ? '-' : '';
  return {
    text: `${sign}${a}:${sign}${b}`,
    isFromEnd,
    low: Math.min(a, b),
    high: Math.max(a, b),
  };
}

/** Which of so many results, half-open; `from` is not below `to` when none is. */
export function indexesOf({ isFromEnd, low, high }: PartialRange, count: number): [from: number, to: number] {
  return isFromEnd ? [Math.max(0, count - high), count - low + 1] : [low - 1, Math.min(count, high)];
}
