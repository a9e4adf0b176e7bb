/** When a sender wants to hear of a message, as RFC 3461 §4.1 and scripts write it (RFC 6009). */
import { NOTIFY } from '../mailbox/model/outgoing.ts';

const WORDS: readonly (readonly [word: string, bit: number])[] = [
  ['SUCCESS', NOTIFY.Success],
  ['FAILURE', NOTIFY.Failure],
  ['DELAY', NOTIFY.Delay],
];

export function notifyWords(bits: number): string {
  const words = WORDS.filter(([, bit]) => (bits & bit) !== 0).map(([word]) => word);
  return words.join(',') || 'NEVER';
}

/** Undefined for what says no such thing. */
export function parseNotify(text: string): number | undefined {
  const words = text.toUpperCase().split(',');
  if (words.length === 1 && words[0] === 'NEVER') return NOTIFY.Never;
  let bits: number = NOTIFY.Never;
  for (const word of words) {
    const [, bit] = WORDS.find(([known]) => known === word) ?? [];
    if (bit === undefined) return undefined;
    bits |= bit;
  }
  return bits;
}
