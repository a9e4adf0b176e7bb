/**
 * Which of the client's messages a set names: sequence numbers, UIDs or `$`, against what this client has been told.
 *
 * A selection is runs of positions in the view, never a list of messages, so `1:*` costs the same in any mailbox. Rules:
 * a UID that does not exist is silently nothing (RFC 9051 §6.4.9); a sequence number above the number of messages is an
 * error (RFC 9051 §9 `seq-number`), except that `*` and ranges to it name nothing in an empty mailbox, where clients ask
 * without looking; `$` names what is left of the saved result (RFC 5182 §2.1).
 */
import type { NumberColumn } from '../mailbox/model/record.ts';
import type { Selected } from './selected.ts';
import type { Cursor } from './wire/cursor.ts';
import { SyntaxFault } from './wire/fault.ts';
import { NumSet, type SavedResult, type SeqSet, sequenceSet, type UidSet, uidSet } from './wire/numset.ts';

export type MessageSet = SeqSet | UidSet | SavedResult;

/** Half-open, ascending, disjoint: positions in `view.uids`; the sequence number is the position plus one. */
export type PositionRun = readonly [from: number, to: number];

export function messageSet(c: Cursor, isUid: boolean): MessageSet {
  return isUid ? uidSet(c) : sequenceSet(c);
}

export function selectMessages(selected: Selected, set: MessageSet): PositionRun[] {
  const { view } = selected;
  if (!(set instanceof NumSet)) return uidRuns(view.uids, selected.saved);
  if (set.kind === 'uid') return uidRuns(view.uids, set.resolve(view.highestUid) as UidSet);
  if (set.highest > view.count && !(view.count === 0 && set.hasStar)) {
    const there = view.count === 1 ? 'There is only 1 message' : `There are only ${view.count} messages`;
    throw new SyntaxFault(there);
  }
  const runs: PositionRun[] = [];
  for (const [low, high] of set.resolve(view.count).upTo(view.count).ranges) runs.push([low - 1, high]);
  return runs;
}

/** The UIDs at these positions, ascending. */
export function uidsOf(selected: Selected, runs: readonly PositionRun[]): number[] {
  const { uids } = selected.view;
  const named: number[] = [];
  for (const [from, to] of runs) for (let at = from; at < to; at++) named.push(uids[at] as number);
  return named;
}

function uidRuns(uids: NumberColumn, set: UidSet): PositionRun[] {
  const runs: PositionRun[] = [];
  set.eachRun(uids, (from, to) => runs.push([from, to]));
  return runs;
}
