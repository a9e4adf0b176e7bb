/**
 * What came of a migration, for a person who has to answer for it: every message of every folder is brought now, was brought before,
 * or is refused with the reason; what was brought now is compared with what is read back.
 */
import type { TakenOver } from '../../mailbox/operations/take-over-uids.ts';

export interface FolderCounts {
  /** Messages there. */
  found: number;
  /** Octets of those that came now. */
  bytes: number;
  /** Added now. */
  brought: number;
  /** By an earlier run. */
  there: number;
  refused: number;
  /** Of those that were added, or are verified: SHA-256 of what came is that of what is read back. */
  equal: number;
  /** It is not. */
  different: number;
  /** Verified, and moved or deleted here. */
  missing: number;
  /** Flags that were changed there, and are changed here now. */
  followed: number;
  /** Deleted there, and therefore here. */
  removed: number;
  /** Deleted there while this ran. */
  vanished: number;
  /** Of those that were added: with the name by which POP3 programs know them. */
  named: number;
  lostKeywords: number;
  /** Messages whose UID could not be had any more. */
  lostUids: number;
}

export interface FolderReceipt extends Readonly<FolderCounts> {
  /** There and here. */
  readonly folder: string;
  readonly mailbox: string;
  /** Whether clients keep what they have downloaded; undefined where it was not tried. */
  readonly uids?: 'kept' | { readonly why: string };
}

export interface Problem {
  readonly where: string;
  readonly why: string;
}

export interface AccountReceipt {
  readonly account: string;
  /** `user@host`. */
  readonly source: string;
  readonly folders: readonly FolderReceipt[];
  /** Folders that were not looked at, and messages that did not come. */
  readonly problems: readonly Problem[];
  /** More than `problems` has room for. */
  readonly moreProblems: number;
  /** Folders left out on purpose. */
  readonly leftOut: readonly Problem[];
  /** Octets that the account has room for, before anything came; absent: there is no limit. */
  readonly roomBytes?: number;
  /** It did not come to its end; run again it goes on. */
  readonly stopped?: string;
  readonly seconds: number;
}

export function noCounts(): FolderCounts {
  return {
    ...{ found: 0, bytes: 0, brought: 0, there: 0, refused: 0, equal: 0, different: 0, missing: 0 },
    ...{ followed: 0, removed: 0, vanished: 0, named: 0, lostKeywords: 0, lostUids: 0 },
  };
}

export function sumOf(folders: readonly FolderReceipt[]): Readonly<FolderCounts> {
  const sum = noCounts();
  for (const folder of folders) {
    for (const name of Object.keys(sum) as (keyof FolderCounts)[]) sum[name] += folder[name];
  }
  return sum;
}

/** Nothing is missing that should be here, and nothing differs. */
export function isClean(receipt: AccountReceipt): boolean {
  const { refused, different } = sumOf(receipt.folders);
  const count = receipt.problems.length + receipt.moreProblems;
  return receipt.stopped === undefined && count === 0 && refused === 0 && different === 0;
}

export function uidsOf(taken: TakenOver | undefined): Pick<FolderReceipt, 'uids'> {
  if (taken === undefined) return {};
  return { uids: 'why' in taken ? { why: taken.why } : 'kept' };
}
