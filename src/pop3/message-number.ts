/**
 * The message numbers of a client: 1 to the number of messages at sign-in; one that is marked as deleted cannot be
 * named any more (RFC 1939 §5 DELE).
 */
import { Mistake, Refusal } from './faults.ts';
import type { Maildrop } from './maildrop.ts';
import { parseNumber } from './wire.ts';

/** Its index in the maildrop. */
export function indexOf(maildrop: Maildrop, word: string): number {
  const number = parseNumber(word);
  if (number === undefined) throw new Mistake((texts) => texts.noSuchMessage(maildrop.count));
  if (number < 1 || number > maildrop.count) {
    throw new Refusal((texts) => texts.noSuchMessage(maildrop.count));
  }
  if (maildrop.isDeleted(number - 1)) throw new Refusal((texts) => texts.markedAlready(number));
  return number - 1;
}
