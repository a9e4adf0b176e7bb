/**
 * Whether a text contains a key, in time linear in both. The platform's search is fastest, but a long key that nearly matches
 * everywhere costs it the product of the lengths; such keys are looked for by Knuth, Morris and Pratt.
 */
import type { Steps } from '../run/steps.ts';

const SHORT = 64;
/** Characters between two chances for others. */
const TURN = 256 * 1024;

export interface SearchCost {
  compare(count: number): void;
  look(count: number): void;
}

export function* containsKey(text: string, key: string, cost: SearchCost): Steps<boolean> {
  if (key.length <= SHORT) {
    cost.look(text.length);
    for (let at = 0; at === 0 || at + key.length <= text.length; at += TURN) {
      if (text.slice(at, at + TURN + key.length).includes(key)) return true;
      if (text.length > at + TURN) yield undefined;
    }
    return false;
  }
  if (key.length > text.length) return false;
  cost.compare(text.length + key.length);
  const fallback = fallbacks(key);
  let matched = 0;
  for (let i = 0; i < text.length; i++) {
    if (i % TURN === TURN - 1) yield undefined;
    const c = text.charCodeAt(i);
    while (matched > 0 && key.charCodeAt(matched) !== c) matched = fallback[matched - 1] as number;
    if (key.charCodeAt(matched) === c) matched++;
    if (matched === key.length) return true;
  }
  return false;
}

/** For each beginning of the key, how long the longest proper beginning is with which it also ends. */
function fallbacks(key: string): Int32Array {
  const out = new Int32Array(key.length);
  let length = 0;
  for (let i = 1; i < key.length; i++) {
    const c = key.charCodeAt(i);
    while (length > 0 && key.charCodeAt(length) !== c) length = out[length - 1] as number;
    if (key.charCodeAt(length) === c) length++;
    out[i] = length;
  }
  return out;
}
