/**
 * What a SEARCH answers: `* SEARCH` to the clients of old, ESEARCH to those who asked for it or speak IMAP4rev2
 * (RFC 4731 §3.1, RFC 9051 §7.3.4), with the highest modseq when it was a search for modseqs (RFC 7162 §3.1.5, §3.1.10).
 */
import type { SessionContext } from '../context.ts';
import { formatNumSet } from '../wire/numset.ts';
import { indexesOf, type PartialRange } from '../wire/partial.ts';
import type { SearchReturns } from './search-returns.ts';

export interface SearchHits {
  /** Sequence numbers or UIDs, ascending. */
  readonly numbers: readonly number[] | Uint32Array;
  /** Undefined when nobody asked for modseqs, or nothing was found. */
  readonly modSeq: number | undefined;
  /** Of each, where that was asked for. */
  readonly scores?: readonly number[] | undefined;
}

const REST_MASK = 4095;

/** A line even for no hits: clients wait for it. */
export async function writeSearch(session: SessionContext, { numbers, modSeq }: SearchHits): Promise<void> {
  const { out } = session;
  out.ascii('* SEARCH');
  for (let i = 0; i < numbers.length; i++) {
    out.sp().number(numbers[i] as number);
    const rest = (i & REST_MASK) === 0 ? session.rest() : undefined;
    if (rest !== undefined) await rest;
  }
  if (modSeq !== undefined) out.ascii(' (MODSEQ ').number(modSeq).ascii(')');
  out.crlf();
}

export function writeEsearch(
  { out }: SessionContext,
  tag: string,
  isUid: boolean,
  returns: SearchReturns,
  hits: SearchHits,
): void {
  out.ascii('* ESEARCH (TAG ').string(tag).ascii(')');
  if (isUid) out.ascii(' UID');
  writeReturns(out, returns, hits);
}

/** `search-return-data` and the end of the line. */
export function writeReturns(
  out: SessionContext['out'],
  returns: SearchReturns,
  { numbers, modSeq, scores }: SearchHits,
): void {
  const first = numbers[0];
  const last = numbers.at(-1);
  // RFC 4731 §3.1: without hits there is no MIN, MAX or ALL, but there is a COUNT.
  if (returns.min && first !== undefined) out.ascii(' MIN ').number(first);
  if (returns.max && last !== undefined) out.ascii(' MAX ').number(last);
  if (returns.all && last !== undefined) out.ascii(' ALL ').ascii(formatNumSet(numbers));
  if (returns.partial !== undefined) writePartial(out, returns.partial, numbers);
  if (scores !== undefined) writeScores(out, returns, scores);
  if (returns.count) out.ascii(' COUNT ').number(numbers.length);
  if (modSeq !== undefined) out.ascii(' MODSEQ ').number(modSeq);
  out.crlf();
}

/** RFC 6203 §7 `RELEVANCY`: in the order of the numbers, of those of the page where only a page is returned. */
export function writeScores(
  out: SessionContext['out'],
  { all, partial }: SearchReturns,
  scores: readonly number[],
): void {
  const [from, to] = partial === undefined || all ? [0, scores.length] : indexesOf(partial, scores.length);
  out.ascii(` RELEVANCY (${scores.slice(from, to).join(' ')})`);
}

/** RFC 9394 §4 `ret-data-partial`: the range as it was asked for, and what there is of it. */
export function writePartial(
  out: SessionContext['out'],
  range: PartialRange,
  numbers: readonly number[] | Uint32Array,
): void {
  const [from, to] = indexesOf(range, numbers.length);
  out.ascii(` PARTIAL (${range.text} `);
  out.ascii(from < to ? formatNumSet(numbers.slice(from, to)) : 'NIL').ascii(')');
}
