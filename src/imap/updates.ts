/**
 * What a client is told without asking (RFC 9051 §7.4, §7.5; RFC 7162 §3.2.10): the only writer of EXISTS, RECENT,
 * EXPUNGE, VANISHED and the FETCH of flags that somebody changed.
 *
 * Order: what is gone, then how many there are, then which keywords are new, then whose flags are different; so the numbers
 * a client reads are always those it has. EXISTS is sent only when there is something new: after an expunge the client has counted for itself, and
 * some clients loop on `0 EXISTS` for ever.
 *
 * Messages that somebody else has removed before this client could be told (RFC 2180 §4): each command does what can be
 * done. FETCH sends what can still be read of them, STORE, SEARCH and MOVE pass over them, COPY by number, which is all or
 * nothing, is refused. A command after which EXPUNGE may not be told says that there is one to tell (`removalCode`).
 */
import type { MessageChange } from '../mailbox/state/change-log.ts';
import type { SessionContext } from './context.ts';
import { announceKeywords } from './keywords.ts';
import type { PositionRun } from './message-set.ts';
import type { Modes } from './modes.ts';
import { writeStatus } from './replies.ts';
import type { Selected } from './selected.ts';
import type { Advance } from './view.ts';
import { formatNumSet } from './wire/numset.ts';
import type { WireWriter } from './wire/writer.ts';
import { EVERYTHING, type Wishes } from './wishes.ts';

/** Who is told. */
type Teller = Pick<SessionContext, 'out' | 'domain' | 'modes' | 'breathe'>;

/** Reads the change log, so that the view knows what there is to tell. Writes nothing. */
export function observe(selected: Selected): void {
  const { mailbox, view, list } = selected;
  if (selected.readModseq === mailbox.modseq) return;
  const changes = mailbox.log.after(selected.readModseq);
  if (changes === undefined) observeAll(selected);
  for (const change of changes ?? []) {
    const isOwn = change.by === selected.author;
    if (change.kind === 'expunged') view.noteExpunged(change.uids);
    else if (change.kind === 'flags' && !isOwn) view.noteFlags(change.uids);
    if (change.kind === 'flags') selected.updates?.noteFlags(change.uids);
    else if (change.kind === 'expunged') selected.updates?.noteGone(change.uids);
    if (isOwn) noteOwn(selected, change);
  }
  selected.viewer.readModseq = mailbox.modseq;
  if (list.count === 0 && view.count === 0) selected.viewer.seenModseq = mailbox.modseq;
}

function noteOwn({ own }: Selected, { kind, uids }: MessageChange): void {
  if (kind === 'expunged') own.hasExpunged = true;
  else if (kind === 'added') for (const uid of uids) own.arrived.push(uid);
}

/** The log no longer reaches back to what this session has seen: compare everything. */
function observeAll(selected: Selected): void {
  const { view, list } = selected;
  selected.updates?.noteAll();
  view.noteMissing({ uid: list.columns.uid, count: list.count });
  const changed: number[] = [];
  for (let row = 0; row < list.count; row++) {
    if ((list.columns.modseq[row] as number) > selected.readModseq)
      changed.push(list.columns.uid[row] as number);
  }
  view.noteFlags(changed);
}

/**
 * Tells all there is to tell now, however much, with turns for the other sessions in between. What the client has done
 * itself it is told in any case: EXPUNGE and EXISTS are the answers to its own commands.
 */
export async function tellChanges(
  session: Teller,
  selected: Selected,
  mayExpunge: boolean,
  wishes: Wishes = EVERYTHING,
): Promise<void> {
  observe(selected);
  if (selected.updates !== undefined) await selected.updates.tellGone();
  const { out, modes } = session;
  const { view, list, own } = selected;
  const { arrived } = own;
  const tellsArrivals = wishes.arrivals || arrived.length > 0;
  const count = tellsArrivals ? list.count : list.lowerBound(view.highestUid + 1);
  const advance = view.advance(
    { uid: list.columns.uid, count },
    mayExpunge && (wishes.expunges || own.hasExpunged),
  );
  own.arrived = [];
  if (mayExpunge) own.hasExpunged = false;
  if (advance.expungedUids.length > 0) await writeExpunges(session, advance);
  if (advance.exists !== undefined) {
    selected.takeRecent();
    out.ascii('* ').number(advance.exists).ascii(' EXISTS').crlf();
    if (!modes.rev2) out.ascii('* ').number(selected.countRecent()).ascii(' RECENT').crlf();
  }
  if (!view.hasUntoldExpunges) selected.viewer.seenModseq = selected.readModseq;
  if (modes.qresync) writeProgress(out, selected);
  if (advance.exists !== undefined && wishes.arrived !== undefined)
    await wishes.arrived(selected, arrivedRuns(selected, advance, new Set(arrived)));
  if (wishes.flags) await tellFlags(session, selected);
  if (selected.updates !== undefined) await selected.updates.tellOthers();
}

async function tellFlags(session: Teller, selected: Selected): Promise<void> {
  const { view } = selected;
  announceKeywords(session, selected);
  for (let uids = view.takeChanged(); uids.length > 0; uids = view.takeChanged()) {
    for (const uid of uids) {
      writeFlags(session, selected, uid);
      const pause = session.breathe();
      if (pause !== undefined) await pause;
    }
  }
}

/** Where the messages are that have just been told of, without those that this session brought itself. */
function arrivedRuns({ view }: Selected, { arrivedAfter }: Advance, own: ReadonlySet<number>): PositionRun[] {
  const runs: [from: number, to: number][] = [];
  for (let at = view.count - 1; at >= 0 && view.uidAt(at + 1) > arrivedAfter; at--) {
    if (own.has(view.uidAt(at + 1))) continue;
    const last = runs.at(-1);
    if (last !== undefined && last[0] === at + 1) last[0] = at;
    else runs.push([at, at + 1]);
  }
  return runs.reverse();
}

/** RFC 5530 §3: messages were removed of which the client will hear when it asks, by NOOP say. */
export function removalCode({ view }: Selected): string | undefined {
  return view.hasUntoldExpunges ? 'EXPUNGEISSUED' : undefined;
}

/**
 * A client takes the highest modseq it is told for the moment it has seen everything of. While a VANISHED with a lower
 * one is held back that would lose it, should the connection break, so it is told where it really stands, and again when
 * it has caught up (RFC 7162 §5).
 */
function writeProgress(out: WireWriter, selected: Selected): void {
  const isBehind = selected.view.hasUntoldExpunges;
  if (!isBehind && !selected.wasToldBehind) return;
  selected.wasToldBehind = isBehind;
  const text = isBehind ? 'Removals are still to be told' : 'All removals are told';
  writeStatus(out, '*', 'OK', text, `HIGHESTMODSEQ ${selected.viewer.seenModseq}`);
}

async function writeExpunges(session: Teller, { expungedUids, expungedSeqs }: Advance): Promise<void> {
  const { out, modes } = session;
  if (modes.tellsVanished) {
    out.ascii('* VANISHED ').ascii(formatNumSet(expungedUids)).crlf();
    return;
  }
  for (const seq of expungedSeqs) {
    out.ascii('* ').number(seq).ascii(' EXPUNGE').crlf();
    const pause = session.breathe();
    if (pause !== undefined) await pause;
  }
}

/** `* n FETCH (UID u `, or what stands for it where there are no numbers (RFC 9586 §3.3). */
export function beginFetch(out: WireWriter, modes: Modes, seq: number, uid: number): void {
  if (modes.uidOnly) out.ascii('* ').number(uid).ascii(' UIDFETCH (');
  else out.ascii('* ').number(seq).ascii(' FETCH (UID ').number(uid).sp();
}

/** `* n FETCH (UID u FLAGS (...) MODSEQ (m))` of one message, if it is still there. */
export function writeFlags(
  session: Pick<SessionContext, 'out' | 'domain' | 'modes'>,
  selected: Selected,
  uid: number,
): void {
  const { out, modes } = session;
  const row = selected.rowOf(uid);
  const seq = selected.view.seqOf(uid);
  if (row < 0 || seq === 0) return;
  const { columns } = selected.list;
  const keywordSet = columns.keywordSet[row] as number;
  if (keywordSet !== 0) announceKeywords(session, selected);
  beginFetch(out, modes, seq, uid);
  out.ascii('FLAGS ');
  writeFlagList(out, selected, columns.flags[row] as number, keywordSet, uid, modes);
  if (modes.condstore)
    out
      .ascii(' MODSEQ (')
      .number(columns.modseq[row] as number)
      .ascii(')');
  out.ascii(')').crlf();
}

export function writeFlagList(
  out: WireWriter,
  selected: Selected,
  flags: number,
  keywordSet: number,
  uid: number,
  modes: Modes,
): void {
  const keywords = keywordSet === 0 ? NO_KEYWORDS : selected.mailbox.keywords.namesOf(keywordSet);
  out.flagList(selected.place.flagsOf(uid, flags), keywords, !modes.rev2 && selected.isRecent(uid));
}

const NO_KEYWORDS: readonly string[] = Object.freeze([]);
