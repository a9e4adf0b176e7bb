/**
 * The packed records of one chunk against what a mailbox promises: ascending UIDs, modseqs, keyword sets that exist,
 * emails that were given. Adds up what the mailbox's counters must say.
 */
import { ALL_SYSTEM_FLAGS, FLAG } from '../../mail/flags.ts';
import { RECORD_BYTES, unpackRecords } from '../model/record.ts';
import type { ChunkRow, LoadedMailbox } from '../port/store.ts';

export interface Sums {
  exists: number;
  unseen: number;
  firstUnseen: number;
  deleted: number;
  bytes: number;
  lastUid: number;
  maxModseq: number;
  /** All UIDs, ascending when the mailbox is sound; `exists` of them are set. */
  uids: Uint32Array;
}

export interface MessageFault {
  readonly what: string;
  readonly uid?: number;
  readonly repair?: 'keyword-sets';
}

export function emptySums(expected: number): Sums {
  const uids = new Uint32Array(Math.min(expected, 1 << 24) + 64);
  return { exists: 0, unseen: 0, firstUnseen: 0, deleted: 0, bytes: 0, lastUid: 0, maxModseq: 0, uids };
}

export function* checkMessages(
  keywordSets: ReadonlySet<number>,
  chunk: ChunkRow,
  sums: Sums,
  nextEmail: number,
): Generator<MessageFault> {
  const records = unpackRecords(chunk.records);
  const where = `the chunk at UID ${chunk.first}`;
  if (chunk.records.length % RECORD_BYTES !== 0) yield { what: `${where} is cut` };
  if (records.length === 0 || chunk.count !== records.length) {
    yield { what: `${where} says ${chunk.count} messages and holds ${records.length}` };
  }
  if (chunk.first <= sums.lastUid || chunk.first > (records[0]?.uid ?? chunk.first)) {
    yield { what: `${where} overlaps the one before or begins behind its first message` };
  }
  let maxModseq = 0;
  for (const record of records) {
    const { uid } = record;
    if (uid <= sums.lastUid) yield { uid, what: `the UID comes after ${sums.lastUid}` };
    if (record.modseq < 1) yield { uid, what: 'the message has no modseq' };
    if (record.keywordSet > 0 && !keywordSets.has(record.keywordSet)) {
      yield { uid, what: `the set of keywords ${record.keywordSet} does not exist`, repair: 'keyword-sets' };
    }
    if ((record.flags & ~ALL_SYSTEM_FLAGS) !== 0) yield { uid, what: `unknown flags ${record.flags}` };
    if (record.email < 1 || record.email >= nextEmail) {
      yield { uid, what: `email ${record.email} was never given: the message cannot be read` };
    }
    maxModseq = Math.max(maxModseq, record.modseq);
    add(sums, record);
  }
  if (maxModseq !== chunk.maxModseq) {
    yield { what: `${where} says its highest modseq is ${chunk.maxModseq}, it is ${maxModseq}` };
  }
  sums.maxModseq = Math.max(sums.maxModseq, maxModseq);
}

function add(
  sums: Sums,
  record: { readonly uid: number; readonly flags: number; readonly size: number },
): void {
  if (sums.exists >= sums.uids.length) {
    const larger = new Uint32Array(sums.uids.length * 2);
    larger.set(sums.uids);
    sums.uids = larger;
  }
  sums.uids[sums.exists++] = record.uid;
  sums.lastUid = Math.max(sums.lastUid, record.uid);
  sums.bytes += record.size;
  if ((record.flags & FLAG.Seen) === 0 && sums.unseen++ === 0) sums.firstUnseen = sums.exists;
  if ((record.flags & FLAG.Deleted) !== 0) sums.deleted++;
}

export function keywordNumbers({ keywords }: LoadedMailbox, kind: 'name' | 'set'): ReadonlySet<number> {
  return new Set(keywords.filter((row) => row.kind === kind).map(({ number }) => number));
}
