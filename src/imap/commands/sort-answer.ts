/**
 * What a SORT answers: `* SORT`, or ESEARCH when RETURN was given (RFC 5256 BASE.7.2.SORT, RFC 5267 §3).
 */
import type { SessionContext } from '../context.ts';
import { formatNumSet } from '../wire/numset.ts';
import { writePartial, writeScores } from './search-answer.ts';
import type { SearchReturns } from './search-returns.ts';

interface SortAnswer {
  readonly tag: string;
  readonly isUid: boolean;
  /** Undefined: the form without RETURN. */
  readonly returns: SearchReturns | undefined;
  /** In the order of the sort. */
  readonly numbers: Uint32Array;
  /** Undefined when nobody asked for modseqs, or nothing was found. */
  readonly modSeq: number | undefined;
  /** Of each. */
  readonly scores: readonly number[];
}

const REST_MASK = 4095;

export async function writeSorted(session: SessionContext, answer: SortAnswer): Promise<void> {
  const { out } = session;
  const { returns, numbers, modSeq } = answer;
  if (returns !== undefined) {
    writeExtended(session, answer, returns);
    return;
  }
  out.ascii('* SORT');
  for (let i = 0; i < numbers.length; i++) {
    out.sp().number(numbers[i] as number);
    const rest = (i & REST_MASK) === 0 ? session.rest() : undefined;
    if (rest !== undefined) await rest;
  }
  // RFC 7162 §3.1.9.
  if (modSeq !== undefined) out.ascii(' (MODSEQ ').number(modSeq).ascii(')');
  out.crlf();
}

function writeExtended(
  { out }: SessionContext,
  { tag, isUid, numbers: sorted, modSeq, scores }: SortAnswer,
  returns: SearchReturns,
): void {
  const { min, max, all, count, partial, relevancy } = returns;
  if (!min && !max && !all && !count && !relevancy && partial === undefined) return;
  const numbers = Array.from(sorted);
  out.ascii('* ESEARCH (TAG ').string(tag).ascii(')');
  if (isUid) out.ascii(' UID');
  const first = numbers[0];
  const last = numbers.at(-1);
  if (min && first !== undefined) out.ascii(' MIN ').number(first);
  if (max && last !== undefined) out.ascii(' MAX ').number(last);
  // Runs only where numbers rise by one: nothing else would keep the order (§3.2).
  if (all && last !== undefined) out.ascii(' ALL ').ascii(formatNumSet(numbers));
  if (partial !== undefined) writePartial(out, partial, numbers);
  if (relevancy) writeScores(out, returns, scores);
  if (count) out.ascii(' COUNT ').number(numbers.length);
  if (modSeq !== undefined) out.ascii(' MODSEQ ').number(modSeq);
  out.crlf();
}
