/**
 * The history of an account: what happened to emails beside their arrival, in the order of modseqs, kept when the octets
 * and the mailbox are gone. It answers which emails were there at any moment since (JMAP `/changes`, RFC 8620 §5.2), and
 * which UIDs left a mailbox (QRESYNC, RFC 7162 §3.2).
 *
 * A place of an email is a message of a mailbox without \Deleted: JMAP shows no others (RFC 8621 §4.1.1). Rows say how
 * many places an email gained and lost. What is not in it follows from elsewhere: email numbers rise with arrival, so an
 * email whose number was not yet given at some moment had no place then; and a moved message has as many as before.
 */

/** In the order of the numbers that stand for them at rest: add at the end. */
export const HISTORY_KINDS = ['expunged', 'hidden', 'shown', 'copied', 'mailbox-gone'] as const;

/**
 * `expunged`: messages left the mailbox, moved ones among them; emails of those that were a place and found no other.
 * `hidden`, `shown`: they got \Deleted, or lost it. `copied`: they are in this mailbox as well. `mailbox-gone`: it was
 * deleted, with the places that it was; where these are very many, the others follow in rows of the kind `hidden`.
 */
export type HistoryKind = (typeof HISTORY_KINDS)[number];

/** What each email of such a row gains in places. */
export const GAIN: { readonly [Kind in HistoryKind]: 1 | -1 } = {
  expunged: -1,
  hidden: -1,
  shown: 1,
  copied: 1,
  'mailbox-gone': -1,
};

/** Numbers in any order, a number as often as it occurs; as differences of seven bits an octet, most take one or two. */
export function packNumbers(numbers: ArrayLike<number>): Buffer {
  const sorted = new Uint32Array(numbers);
  if (!isAscending(sorted)) sorted.sort();
  const out = Buffer.allocUnsafe(sorted.length * 5);
  let at = 0;
  let last = 0;
  for (const number of sorted) {
    let left = number - last;
    last = number;
    for (; left > 0x7f; left = Math.floor(left / 0x80)) out[at++] = (left & 0x7f) | 0x80;
    out[at++] = left;
  }
  return Buffer.from(out.subarray(0, at));
}

function isAscending(numbers: Uint32Array): boolean {
  for (let i = 1; i < numbers.length; i++)
    if ((numbers[i] as number) < (numbers[i - 1] as number)) return false;
  return true;
}

/** Ascending. What is cut or damaged gives the numbers before it. */
export function unpackNumbers(packed: Uint8Array): number[] {
  const numbers: number[] = [];
  let last = 0;
  for (let at = 0; at < packed.length; ) {
    let difference = 0;
    let factor = 1;
    let octet = 0x80;
    for (; octet >= 0x80 && at < packed.length; factor *= 0x80) {
      octet = packed[at++] as number;
      difference += (octet & 0x7f) * factor;
    }
    if (octet >= 0x80) break;
    last += difference;
    numbers.push(last);
  }
  return numbers;
}
