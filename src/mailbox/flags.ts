/**
 * Changing flags and keywords of messages, with the conditional form of RFC 7162 §3.1.3: a message that changed after
 * `unchangedSince` is left alone and reported. A message whose flags are already as asked keeps its modseq.
 */

import type { AccountChange } from './account-change.ts';
import type { AccountState } from './account-state.ts';
import type { Domain } from './domain.ts';
import { foldKeyword } from './keywords.ts';
import { loadList } from './load.ts';
import type { MailboxState } from './mailbox-state.ts';
import type { MessageList } from './message-list.ts';

/** Messages a change: some ten chunks. */
const SLICE = 1000;

export interface FlagChange {
  readonly mode: 'replace' | 'add' | 'remove';
  readonly flags: number;
  readonly keywords: readonly string[];
  readonly unchangedSince?: number;
}

export interface FlagResult {
  /** Messages whose flags are different now. */
  readonly changed: readonly number[];
  /** Left alone because of `unchangedSince`. */
  readonly modified: readonly number[];
  /** Under which numbers the changes stand in the change log, one for each slice that changed something. */
  readonly modseqs: readonly number[];
}

export async function changeFlags(
  domain: Domain,
  account: AccountState,
  mailbox: MailboxState,
  uids: readonly number[],
  wanted: FlagChange,
): Promise<FlagResult> {
  const list = await loadList(domain, account, mailbox);
  const changed: number[] = [];
  const modified: number[] = [];
  const modseqs: number[] = [];
  for (let start = 0; start < uids.length; start += SLICE) {
    const slice = uids.slice(start, start + SLICE);
    const result = await domain.turns.run({
      account,
      isDeferrable: true,
      run: (change) => changeSlice(domain, change, mailbox, list, slice, wanted),
    });
    changed.push(...result.changed);
    modified.push(...result.modified);
    modseqs.push(...result.modseqs);
  }
  return { changed, modified, modseqs };
}

function changeSlice(
  domain: Domain,
  change: AccountChange,
  mailbox: MailboxState,
  list: MessageList,
  uids: readonly number[],
  wanted: FlagChange,
): FlagResult {
  const changes = { rows: [] as number[], flags: [] as number[], keywordSets: [] as number[] };
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
  }
  const changed = change.setFlags(mailbox, changes);
  return { changed, modified, modseqs: changed.length === 0 ? [] : [change.modseq()] };
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
  const { table, set } = mailbox.keywords.withSet(keywords, domain.limits);
  if (table !== mailbox.keywords) {
    change.touch(mailbox);
    mailbox.keywords = table;
  }
  return set;
}
