/**
 * `* VANISHED (EARLIER)`: which messages of those a client knows are gone since it was last here (RFC 7162 §3.2.10.1),
 * for UID FETCH and for SELECT. The history of expunges is kept long but not for ever; for an older modseq every UID of
 * the set that is not there counts as gone (RFC 7162 §3.2.6).
 *
 * A message that is still in the client's view is left out: the session tells of it by VANISHED without EARLIER, and a
 * client that is told both counts it twice. Sets stay ranges, so that nothing here grows with how far UIDs reach.
 */

import { asModSeq } from '../mailbox/model/model.ts';
import type { NumberColumn } from '../mailbox/model/record.ts';
import { expungedUids, historyFloorOf } from '../mailbox/reading/expunged-uids.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import type { SessionContext } from './context.ts';
import type { Selected } from './selected.ts';
import { formatRanges, type NumRange, NumSet, type UidSet } from './wire/numset.ts';

/** Ranges a response: readers have a limit on the length of a line. */
const RANGES_PER_RESPONSE = 1000;

export interface Remembered {
  /** The UIDs in question. */
  readonly known: UidSet;
  /** The modseq of the client's last look. */
  readonly since: number;
}

/** Writes the responses, or nothing when nothing is gone. */
export async function writeVanishedEarlier(
  session: SessionContext,
  account: AccountState,
  selected: Selected,
  { known, since }: Remembered,
): Promise<void> {
  const { mailbox } = selected;
  // `*` reaches to the highest UID there ever was: those at the end may be gone.
  const asked = known.resolve(mailbox.uidNext - 1).upTo(mailbox.uidNext - 1);
  if (asked.isEmpty || since >= mailbox.modseq) return;
  const expunged =
    since < historyFloorOf(account, mailbox)
      ? undefined
      : await expungedRanges(session, account, selected, { known: asked, since });
  const ranges = expunged ?? absentFromBoth(asked, selected);
  for (let at = 0; at < ranges.length; at += RANGES_PER_RESPONSE) {
    const slice = ranges.slice(at, at + RANGES_PER_RESPONSE);
    session.out.ascii(`* VANISHED (EARLIER) ${formatRanges(slice)}`).crlf();
    const pause = session.breathe();
    if (pause !== undefined) await pause;
  }
}

/** From the history; undefined when it was pruned beyond `since` while it was read. */
async function expungedRanges(
  session: SessionContext,
  account: AccountState,
  { mailbox, view }: Selected,
  { known, since }: Remembered,
): Promise<readonly NumRange[] | undefined> {
  const gone: NumRange[] = [];
  const pause = (): Promise<void> | undefined => session.breathe();
  for await (const uids of expungedUids(session.domain, {
    account,
    mailbox,
    since: asModSeq(since),
    pause,
  })) {
    known.eachRun(uids, (from, to) => {
      for (let i = from; i < to; i++) addUid(gone, uids[i] as number, view.seqOf(uids[i] as number) > 0);
    });
  }
  return since < historyFloorOf(account, mailbox) ? undefined : NumSet.of('uid', gone).ranges;
}

function addUid(ranges: NumRange[], uid: number, isInView: boolean): void {
  if (isInView) return;
  const last = ranges.at(-1);
  if (last !== undefined && last[1] + 1 === uid) ranges[ranges.length - 1] = [last[0], uid];
  else ranges.push([uid, uid]);
}

/** What is neither known to the client nor among the messages that have arrived since it was told. */
function absentFromBoth(asked: UidSet, { view, list }: Selected): NumRange[] {
  const unknown = NumSet.of('uid', absentRanges(asked, view.uids));
  return absentRanges(unknown, list.columns.uid.subarray(0, list.count));
}

/** What of a resolved set is not among these ascending UIDs. */
export function absentRanges(known: UidSet, uids: NumberColumn): NumRange[] {
  const absent: NumRange[] = [];
  for (const range of known.ranges) {
    let [next] = range;
    NumSet.of('uid', [range]).eachRun(uids, (from, to) => {
      for (let i = from; i < to; i++) {
        const uid = uids[i] as number;
        if (uid > next) absent.push([next, uid - 1]);
        next = uid + 1;
      }
    });
    if (next <= range[1]) absent.push([next, range[1]]);
  }
  return absent;
}
