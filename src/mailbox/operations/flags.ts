/**
 * Changing flags and keywords of messages, with the conditional form of RFC 7162 §3.1.3: a message that changed after
 * `unchangedSince` is left alone and reported. A message whose flags are already as asked keeps its modseq.
 */

import { FLAG } from '../../mail/flags.ts';
import type { AccountChange } from '../change/account-change.ts';
import type { Domain } from '../domain.ts';
import { foldKeyword } from '../model/keywords.ts';
import type { AccountId, ModSeq } from '../model/model.ts';
import { NOTHING_SEEN } from '../model/seen.ts';
import type { AccountState } from '../state/account.ts';
import { loadList } from '../state/load.ts';
import type { MailboxState } from '../state/mailbox.ts';
import type { MessageList } from '../state/message-list.ts';
import { halfDone } from './half-done.ts';

/** Messages a change: some ten chunks. */
const SLICE = 1000;

/** Whether a keyword that the mailbox does not have can be given to a message of it (RFC 9051 §7.1, `\\*`). */
export function mayMakeKeywords({ limits }: Pick<Domain, 'limits'>, mailbox: MailboxState): boolean {
  const { list, keywords } = mailbox;
  if (keywords.names.length < limits.keywordsPerMailbox) return true;
  if (list === undefined) return false;
  const used = list.usedKeywordSets();
  return keywords.unused((set) => used[set] === 1).some(({ kind }) => kind === 'name');
}

export interface FlagChange {
  readonly mode: 'replace' | 'add' | 'remove';
  readonly flags: number;
  readonly keywords: readonly string[];
  readonly unchangedSince?: number;
  /** Of somebody who is not the owner. */
  readonly reader?: Reader;
}

/** Somebody with whom the mailbox is shared. What he has seen is his alone. */
export interface Reader {
  readonly id: AccountId;
  /** Flags that he may change, \\Seen among them. */
  readonly flags: number;
  readonly mayChangeKeywords: boolean;
}

export interface FlagDifference {
  readonly bits: number;
  readonly before: number;
  readonly after: number;
}

/** What became of some of the messages; all of it is one change, and answered as `store.flags` has it. */
export interface FlagSlice {
  readonly uids: readonly number[];
  /** Messages whose flags are different now. */
  readonly changed: readonly number[];
  /** Of each of `changed`: the system flags that are different, and the numbers of its sets of keywords. */
  readonly differences: readonly FlagDifference[];
  /** Left alone because of `unchangedSince`. */
  readonly modified: readonly number[];
  /** Of the messages that were changed; undefined when there are none. */
  readonly modseq: ModSeq | undefined;
}

/** Slice by slice in the order of UIDs, each message once; the next slice waits for `onSlice`. */
export async function changeFlags(
  domain: Domain,
  account: AccountState,
  mailbox: MailboxState,
  uids: readonly number[],
  wanted: FlagChange,
  onSlice?: (slice: FlagSlice) => Promise<void> | undefined,
): Promise<void> {
  const list = await loadList(domain, account, mailbox);
  const ordered = ascending(uids);
  for (let start = 0; start < ordered.length; start += SLICE) {
    const some = ordered.slice(start, start + SLICE);
    const slice = await domain.turns
      .run({
        account,
        isDeferrable: wanted.reader === undefined,
        run: (change) => changeSlice(domain, change, mailbox, list, some, wanted),
      })
      .catch((error: unknown) => {
        throw halfDone(error, start);
      });
    const told = onSlice?.(slice);
    if (told !== undefined) await told;
  }
}

function ascending(uids: readonly number[]): readonly number[] {
  const isOrdered = uids.every((uid, i) => i === 0 || uid > (uids[i - 1] as number));
  return isOrdered ? uids : [...new Set(uids)].sort((a, b) => a - b);
}

function changeSlice(
  domain: Domain,
  change: AccountChange,
  mailbox: MailboxState,
  list: MessageList,
  uids: readonly number[],
  wanted: FlagChange,
): FlagSlice {
  const changes = { rows: [] as number[], flags: [] as number[], keywordSets: [] as number[] };
  const differences: FlagDifference[] = [];
  const modified: number[] = [];
  const reading = readingOf(change, mailbox, wanted);
  const sets = new Map<number, number>();
  const { flags, keywordSet, modseq } = list.columns;
  let row = -1;
  for (const uid of uids) {
    const found = list.indexOf(uid, row + 1);
    if (found < 0) continue;
    row = found;
    if (wanted.unchangedSince !== undefined && (modseq[row] as number) > wanted.unchangedSince) {
      modified.push(uid);
      continue;
    }
    const before = flags[row] as number;
    const setBefore = keywordSet[row] as number;
    let set = sets.get(setBefore);
    if (set === undefined) {
      set = newSet(domain, change, mailbox, setBefore, wanted);
      sets.set(setBefore, set);
    }
    const after = newFlags(before, wanted);
    const isSeenAnew = reading?.changes(uid) === true;
    if (after === before && set === setBefore && !isSeenAnew) continue;
    changes.rows.push(row);
    changes.flags.push(after);
    changes.keywordSets.push(set);
    differences.push({ bits: before ^ after, before: setBefore, after: set });
  }
  const changed = change.setFlags(mailbox, changes);
  reading?.carryOut();
  return { uids, changed: changed.uids, differences, modified, modseq: changed.modseq };
}

interface Reading {
  /** Whether he has not seen this one as he wants to; it is noted. */
  changes(uid: number): boolean;
  carryOut(): void;
}

/** What a reader wants to have seen or not; a message of which that is different gets a new modseq, so that his other programs notice. */
function readingOf(
  change: AccountChange,
  { id }: MailboxState,
  { mode, flags, reader }: FlagChange,
): Reading | undefined {
  if (reader === undefined || (reader.flags & FLAG.Seen) === 0) return undefined;
  if (mode !== 'replace' && (flags & FLAG.Seen) === 0) return undefined;
  const isSeen = mode === 'replace' ? (flags & FLAG.Seen) !== 0 : mode === 'add';
  const seen = change.account.seen.get(id)?.get(reader.id) ?? NOTHING_SEEN;
  const uids: number[] = [];
  return {
    changes(uid) {
      if (seen.has(uid) === isSeen) return false;
      uids.push(uid);
      return true;
    },
    carryOut: () => change.shares.setSeen(id, reader.id, uids, isSeen),
  };
}

function newFlags(before: number, { mode, flags, reader }: FlagChange): number {
  const may = reader === undefined ? -1 : reader.flags & ~FLAG.Seen;
  if (mode === 'replace') return (before & ~may) | (flags & may);
  return mode === 'add' ? before | (flags & may) : before & ~(flags & may);
}

function newSet(
  domain: Domain,
  change: AccountChange,
  mailbox: MailboxState,
  before: number,
  wanted: FlagChange,
): number {
  if (wanted.reader?.mayChangeKeywords === false) return before;
  if (wanted.mode !== 'replace' && wanted.keywords.length === 0) return before;
  const had = mailbox.keywords.namesOf(before);
  const folded = new Set(wanted.keywords.map(foldKeyword));
  let keywords = wanted.keywords;
  if (wanted.mode === 'add') keywords = [...had, ...wanted.keywords];
  if (wanted.mode === 'remove') keywords = had.filter((name) => !folded.has(foldKeyword(name)));
  return change.keywords.numberOf(mailbox, keywords, domain.limits);
}
