/**
 * QRESYNC (RFC 7162 §3.2): a client that was away names what it remembers and is told the difference.
 *
 * VANISHED in the place of EXPUNGE is `updates.ts`; VANISHED (EARLIER) is `vanished.ts`; here is the parameter of SELECT.
 */
import type { NumberColumn } from '../../mailbox/model/record.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import { enableCondstore } from '../condstore.ts';
import type { SessionContext } from '../context.ts';
import { defineExtension } from '../extension.ts';
import { VANISHED } from '../fetch/modifiers.ts';
import { selectParameter } from '../item.ts';
import type { Selected } from '../selected.ts';
import { writeFlags } from '../updates.ts';
import { writeVanishedEarlier } from '../vanished.ts';
import { numbersWithUidOnly, SyntaxFault } from '../wire/fault.ts';
import { type QresyncParams, qresyncParams } from '../wire/modifiers.ts';
import { NumSet, type UidSet } from '../wire/numset.ts';

const qresyncParameter = selectParameter<QresyncParams>({
  name: 'QRESYNC',
  parse: qresyncParams,
  before({ session }, { seqMatch }) {
    if (!session.modes.qresync) throw new SyntaxFault('QRESYNC must be enabled first');
    if (session.modes.uidOnly && seqMatch !== undefined) throw numbersWithUidOnly();
  },
  after: resynchronize,
});

export const qresync = defineExtension({
  rfc: 'RFC 7162 QRESYNC',
  capabilities: () => ['QRESYNC'],
  enables: {
    QRESYNC(call) {
      enableCondstore(call);
      call.session.modes.qresync = true;
    },
  },
  selectParameters: [qresyncParameter],
  fetchModifiers: [VANISHED],
});

async function resynchronize(
  session: SessionContext,
  account: AccountState,
  selected: Selected,
  params: QresyncParams,
): Promise<void> {
  const { mailbox, view } = selected;
  if (params.uidValidity !== mailbox.uidValidity || params.modSeq >= selected.readModseq) return;
  const known = (params.knownUids ?? NumSet.of('uid', [[1, Math.max(1, mailbox.uidNext - 1)]])).upTo(
    mailbox.uidNext - 1,
  );
  const changed = changedUids(selected, known, params.modSeq);
  const matched = params.seqMatch === undefined ? 0 : lastMatch(params.seqMatch, view.uids);
  const since = { since: params.modSeq, known: above(known, matched) };
  await writeVanishedEarlier(session, account, selected, since);
  for (const uid of changed) {
    writeFlags(session, selected, uid);
    const pause = session.breathe();
    if (pause !== undefined) await pause;
  }
}

/** One pass over the mod-sequences, at the moment of the view. */
function changedUids({ list, view }: Selected, known: UidSet, modSeq: number): number[] {
  const { modseq, uid } = list.columns;
  const changed: number[] = [];
  known.eachRun(view.uids, (from, to) => {
    for (let row = from; row < to; row++) {
      if ((modseq[row] as number) > modSeq) changed.push(uid[row] as number);
    }
  });
  return changed;
}

function above(set: UidSet, uid: number): UidSet {
  if (uid === 0) return set;
  const kept = set.ranges.filter(([, high]) => high > uid);
  return NumSet.of(
    'uid',
    kept.map(([low, high]) => [Math.max(low, uid + 1), high]),
  );
}

/**
 * The highest UID whose pair still matches (RFC 7162 §3.2.5.2); 0 when none does. Where a pair matches, as many messages
 * lie before it as the client remembers, so all pairs before it match as well, and the last one is found by halving: a
 * set may name four thousand million pairs in twenty octets.
 */
export function lastMatch(pairs: NonNullable<QresyncParams['seqMatch']>, uids: NumberColumn): number {
  const seqAt = nth(pairs.seqs);
  const uidAt = nth(pairs.uids);
  let low = 0;
  let high = pairs.seqs.size;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (uids[seqAt(middle) - 1] === uidAt(middle)) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? 0 : uidAt(low - 1);
}

/** The member of a resolved set at a 0-based position, in time logarithmic in its ranges. */
function nth(set: NumSet<'seq' | 'uid'>): (index: number) => number {
  const starts: number[] = [];
  let count = 0;
  for (const [low, high] of set.ranges) {
    starts.push(count);
    count += high - low + 1;
  }
  return (index) => {
    let from = 0;
    let to = starts.length - 1;
    while (from < to) {
      const middle = (from + to + 1) >>> 1;
      if ((starts[middle] as number) <= index) from = middle;
      else to = middle - 1;
    }
    return (set.ranges[from]?.[0] ?? 0) + index - (starts[from] ?? 0);
  };
}
