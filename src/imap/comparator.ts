/**
 * Comparators as a session chooses among them (RFC 5255 §4, RFC 4790 §3.2, §3.3): those that find parts of texts, since searches do
 * (§4.4); i;ascii-numeric does not.
 */
import { COLLATIONS, type TextCollation } from '../mail/fold.ts';

export interface Comparator {
  readonly collation: TextCollation;
  /** An order of texts is the other way round. */
  readonly isReverse: boolean;
}

export const USUAL_COMPARATOR: Comparator = Object.freeze({ collation: COLLATIONS[0], isReverse: false });

export function nameOf({ collation, isReverse }: Comparator): string {
  return isReverse ? `-${collation}` : collation;
}

/** Those that meet one of the wishes (`collation-order` or `default`), the one to take first; none: nothing is there. */
export function comparatorsFor(wishes: readonly string[]): readonly Comparator[] {
  const found = new Map<string, Comparator>();
  for (const wish of wishes) for (const one of meeting(wish)) found.set(nameOf(one), one);
  return [...found.values()];
}

function meeting(wish: string): readonly Comparator[] {
  if (wish === 'default') return [USUAL_COMPARATOR];
  const isReverse = wish.startsWith('-');
  const pattern = isReverse || wish.startsWith('+') ? wish.slice(1) : wish;
  return COLLATIONS.filter((name) => fits(name, pattern)).map((collation) => ({ collation, isReverse }));
}

/** `*` stands for any characters, also none. */
function fits(name: string, pattern: string): boolean {
  const pieces = pattern.split('*');
  const first = pieces.shift() as string;
  const last = pieces.pop();
  if (last === undefined) return name === pattern;
  const end = name.length - last.length;
  if (end < first.length || !name.startsWith(first) || !name.endsWith(last)) return false;
  let at = first.length;
  for (const piece of pieces) {
    const found = name.indexOf(piece, at);
    if (found < 0 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}
