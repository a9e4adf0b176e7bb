/**
 * The usual test, done at once: constant keys, values that are not long, a comparator of octets. It finds what `match.ts` finds and counts
 * what is counted there; only there is no chance for others in between, which so little work does not need.
 */
import type { Node, QuickKey, QuickKeys, Value } from '../compile/script.ts';
import type { Run } from '../run/run.ts';
import { COMPARATORS, DEFAULT_COMPARATOR } from './comparators.ts';

/** What is done for a key beside looking at its characters. */
export const KEY_COST = 16;
const MAX_KEYS = 32;
const MAX_KEY = 64;
const MAX_VALUE = 1024;
const MAX_VALUES = 16;
const STAR = -1;
const ONE = -2;
/** What must be written otherwise than by these tags. */
const OTHER_TAGS = ['count', 'value', 'regex', 'list'] as const;

/** Undefined: this is no such test, and nothing was counted. `keys` is what the node has for keys. */
export function matchQuickly(
  run: Run,
  node: Node,
  values: readonly string[],
  keys: Value | undefined,
): boolean | undefined {
  node.quick ??= quickKeys(node, keys);
  const { quick } = node;
  if (quick === 'none' || values.length > MAX_VALUES) return undefined;
  // What wildcards have taken is to be remembered.
  if (quick.type === 'matches' && run.scope.hasVariables) return undefined;
  for (const value of values) if (value.length > MAX_VALUE) return undefined;
  const { budget } = run;
  const comparator = COMPARATORS.get(quick.comparator);
  for (const value of values) {
    budget.look(value.length);
    const text = comparator?.key(value) ?? value;
    for (const key of quick.keys) {
      budget.look(key.cost);
      if (
        quick.type === 'is'
          ? text === key.text
          : quick.type === 'contains'
            ? text.includes(key.text)
            : isLike(text, key.units)
      )
        return true;
      if (quick.type !== 'is') budget.look(text.length);
    }
  }
  return false;
}

function quickKeys({ tags }: Node, value: Value | undefined): QuickKeys | 'none' {
  const comparator = typeof tags.comparator === 'string' ? tags.comparator : DEFAULT_COMPARATOR;
  const { key, isOctets, hasSubstrings } = COMPARATORS.get(comparator) ?? {};
  if (key === undefined || isOctets !== true || hasSubstrings !== true) return 'none';
  if (OTHER_TAGS.some((tag) => tags[tag] !== undefined)) return 'none';
  const texts: readonly unknown[] = Array.isArray(value) ? value : [value];
  const type = tags.contains !== undefined ? 'contains' : tags.matches !== undefined ? 'matches' : 'is';
  const keys: QuickKey[] = [];
  for (const text of texts) {
    if (typeof text !== 'string' || text.length > MAX_KEY) return 'none';
    const units = type === 'matches' ? unitsOf(text, key) : [];
    if (units.filter((unit) => unit === STAR).length > MAX_STARS) return 'none';
    keys.push({ text: key(text), units, cost: KEY_COST + text.length });
  }
  return keys.length > MAX_KEYS ? 'none' : { comparator, type, keys };
}

const MAX_STARS = 4;

function unitsOf(pattern: string, key: (text: string) => string): number[] {
  const units: number[] = [];
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern.charAt(i);
    if (c === '*') units.push(STAR);
    else if (c === '?') units.push(ONE);
    else {
      const isEscape = c === '\\' && i + 1 < pattern.length;
      // A character outside of the plane of the others is two here, and one there.
      const character = String.fromCodePoint(pattern.codePointAt(isEscape ? ++i : i) as number);
      i += character.length - 1;
      for (const octet of key(character)) units.push(octet.charCodeAt(0));
    }
  }
  return units;
}

/** Goes back to the last star alone. */
function isLike(text: string, units: readonly number[]): boolean {
  let t = 0;
  let u = 0;
  let starAt = -1;
  let from = 0;
  while (t < text.length) {
    const unit = units[u];
    if (unit === STAR) {
      starAt = u++;
      from = t;
    } else if (unit === ONE || unit === text.charCodeAt(t)) {
      t++;
      u++;
    } else if (starAt >= 0) {
      u = starAt + 1;
      t = ++from;
    } else return false;
  }
  while (units[u] === STAR) u++;
  return u === units.length;
}
