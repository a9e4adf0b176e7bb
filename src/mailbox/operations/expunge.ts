/**
 * Removing messages: those marked \Deleted, or exactly the named ones. The bytes stay until no session needs them.
 */

import { TimeSlice } from '../../base/time-slice.ts';
import { FLAG } from '../../mail/flags.ts';
import type { Domain } from '../domain.ts';
import type { AccountState } from '../state/account.ts';
import { loadList } from '../state/load.ts';
import type { MailboxState } from '../state/mailbox.ts';
import type { MessageList } from '../state/message-list.ts';
import { type LaterVersions, laterVersions, NO_VERSIONS } from './draft-versions.ts';
import { halfDone } from './half-done.ts';
import { sliceOf } from './slice.ts';

export interface ExpungeRequest {
  /** Only these, whether marked or not (a mailbox's own tools, POP3). */
  readonly uids?: readonly number[];
  /** Only marked ones for which this holds (EXPUNGE: all; UID EXPUNGE: a set). */
  readonly marked?: (uid: number) => boolean;
  /** Messages a change, each all or nothing; more hold everybody else up for longer. */
  readonly perChange?: number;
  /** They are there in another form, or were put there by mistake: they need not come back. */
  readonly isSuperseded?: boolean;
  /** After each durable slice: who has the mailbox open may keep up with it. */
  readonly onSlice?: () => void;
}

/** Returns the UIDs removed, ascending. Durable when it resolves; each slice is whole. `uids` are ascending. */
export async function expungeMessages(
  domain: Domain,
  account: AccountState,
  mailbox: MailboxState,
  request: ExpungeRequest,
): Promise<readonly number[]> {
  const list = await loadList(domain, account, mailbox);
  const wanted = request.uids ?? (await markedUids(list, mailbox.deleted, request.marked));
  const removed: number[] = [];
  const step = request.perChange ?? sliceOf(mailbox);
  for (let start = 0; start < wanted.length; start += step) {
    const slice = wanted.slice(start, start + step);
    const isOfDrafts = mailbox.role === 'drafts' && request.isSuperseded !== true;
    const later = isOfDrafts ? await laterVersions(domain, account, emailsOf(list, slice)) : NO_VERSIONS;
    const gone = await domain.turns
      .run({
        account,
        run: (change) => {
          const isAsked = (row: number): boolean =>
            request.uids !== undefined || ((list.columns.flags[row] as number) & FLAG.Deleted) !== 0;
          const uids = slice.filter((uid) => {
            const row = list.indexOf(uid);
            return row >= 0 && isAsked(row);
          });
          const old = request.isSuperseded === true ? new Set(uids) : savedAnew(list, uids, later);
          const rowsOf = (all: readonly number[]): number[] => all.map((uid) => list.indexOf(uid));
          change.expunge(mailbox, rowsOf(uids.filter((uid) => old.has(uid))), 'superseded');
          change.expunge(mailbox, rowsOf(uids.filter((uid) => !old.has(uid))), 'deleted');
          return uids;
        },
      })
      .catch((error: unknown) => {
        throw halfDone(error, removed.length);
      });
    for (const uid of gone) removed.push(uid);
    request.onSlice?.();
  }
  return removed;
}

function emailsOf(list: MessageList, uids: readonly number[]): number[] {
  const rows = uids.map((uid) => list.indexOf(uid)).filter((row) => row >= 0);
  return rows.map((row) => list.columns.email[row] as number);
}

/** Of messages that go those of which a later version stays, in this mailbox. */
function savedAnew(list: MessageList, uids: readonly number[], later: LaterVersions): ReadonlySet<number> {
  if (later.size === 0) return new Set();
  const { columns, count } = list;
  const sought = new Set([...later.values()].flat());
  for (const email of emailsOf(list, uids)) sought.delete(email);
  const staying = new Set<number>();
  for (let row = 0; row < count && sought.size > 0; row++) {
    const email = columns.email[row] as number;
    if (sought.has(email) && ((columns.flags[row] as number) & FLAG.Deleted) === 0) staying.add(email);
  }
  const isOld = (uid: number): boolean =>
    later.get(columns.email[list.indexOf(uid)] as number)?.some((email) => staying.has(email)) === true;
  return new Set(uids.filter(isOld));
}

/** Rows move while it waits, so the place is found again by UID. */
async function markedUids(
  list: MessageList,
  marked: number,
  want: ((uid: number) => boolean) | undefined,
): Promise<number[]> {
  const slice = new TimeSlice();
  const uids: number[] = [];
  let most = marked;
  for (let row = 0; row < list.count && uids.length < most; row++) {
    const { columns } = list;
    const uid = columns.uid[row] as number;
    if (((columns.flags[row] as number) & FLAG.Deleted) !== 0 && (want === undefined || want(uid)))
      uids.push(uid);
    const spent = (row & 1023) === 0 ? slice.spent() : undefined;
    if (spent === undefined) continue;
    await spent;
    // Others may be marked by now, and gone: how many there were says nothing any more.
    most = Number.POSITIVE_INFINITY;
    row = list.lowerBound(uid + 1) - 1;
  }
  return uids;
}
