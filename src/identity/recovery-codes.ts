/**
 * The codes that somebody writes down for the day on which nothing else is at hand: ten, shown once, each good once instead of the
 * second step. Each has 80 bits, so plain digests keep them; they stand in one row, from which a code that was used is taken out.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../base/secret.ts';
import { lettersIn, makeLetters } from './letter-code.ts';

export const CODES = 10;
const LENGTH = 16;
const SCHEME = '{BREVDUVA-CODES}';

export function makeCodes(): readonly Secret[] {
  return Array.from({ length: CODES }, () => makeLetters(LENGTH));
}

/** What to keep of them. */
export function keptOf(codes: readonly Secret[]): string {
  return written(codes.map((code) => digestOf(lettersIn(code, LENGTH) ?? '')));
}

/** What to keep when this one is used up; undefined when it is none of them. All are compared, whichever it is. */
export function without(kept: string, typed: Secret): string | undefined {
  const letters = lettersIn(typed, LENGTH);
  if (letters === undefined) return undefined;
  const wanted = Buffer.from(digestOf(letters));
  const all = digestsIn(kept);
  const left = all.filter((one) => {
    const other = Buffer.from(one);
    return other.length !== wanted.length || !timingSafeEqual(other, wanted);
  });
  return left.length === all.length ? undefined : written(left);
}

/** How many are left. */
export function countIn(kept: string): number {
  return digestsIn(kept).length;
}

function written(digests: readonly string[]): string {
  return SCHEME + digests.join(' ');
}

function digestsIn(kept: string): readonly string[] {
  if (!kept.startsWith(SCHEME)) return [];
  return kept
    .slice(SCHEME.length)
    .split(' ')
    .filter((one) => one !== '');
}

function digestOf(letters: string): string {
  return createHash('sha256').update(`recovery code ${letters}`).digest('base64');
}
