/**
 * Changing flags and keywords of messages, with the conditional form of RFC 7162 §3.1.3: a message that changed after
 * `unchangedSince` is left alone and reported. A message whose flags are already as asked keeps its modseq.
 */

import type { AccountChange } from '../change/account-change.ts';
import type { Domain } from '../domain.ts';
import { foldKeyword } from '../model/keywords.ts';
import type { ModSeq } from '../model/model.ts';
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
        isDeferrable: true,
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
    if (after === before && set === setBefore) continue;
    changes.rows.push(row);
    changes.flags.push(after);
    changes.keywordSets.push(set);
    differences.push({ bits: before ^ after, before: setBefore, after: set });
  }
  const changed = change.setFlags(mailbox, changes);
  return { uids, changed: changed.uids, differences, modified, modseq: changed.modseq };
}

function newFlags(before: number, wanted: FlagChange): number {
  if (wanted.mode === 'replace') return wanted.flags;
  return wanted.mode === 'add' ? before | wanted.flags : before & ~wanted.flags;
}

function newSet(
  domain: Domain,
  change: AccountChange,
  mailbox: MailboxState,
  before: number,
  wanted: FlagChange,
): number {
  if (wanted.mode !== 'replace' && wanted.keywords.length === 0) return before;
  const had = mailbox.keywords.namesOf(before);
  const folded = new Set(wanted.keywords.map(foldKeyword));
  let keywords = wanted.keywords;
  if (wanted.mode === 'add') keywords = [...had, ...wanted.keywords];
  if (wanted.mode === 'remove') keywords = had.filter((name) => !folded.has(foldKeyword(name)));
  return change.keywords.numberOf(mailbox, keywords, domain.limits);
}
