/**
 * The file in which changes of flags wait for their transaction (see `delayed-flags.ts`): one write a turn of the event
 * loop, never synced. It survives a killed process, not a power cut.
 *
 * A record is a mark that changes with the form of what follows, generation, length and CRC-32 of the body (u32,
 * little-endian); the body is the length of a JSON text, that text (batches without their octets) and the octets of all
 * chunks in its order. `restart` begins anew at the front of the file under the next generation, so what is left of an
 * older one behind the new records is told from them. Reading ends at the first record that is not whole: nothing behind
 * it was answered, or the power was cut.
 *
 * What is read may have been applied before: batches carry the modseq they expect, so the reader can tell.
 */
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { crc32 } from 'node:zlib';
import { EMPTY } from '../../base/bytes.ts';
import type { KeywordRow } from '../../mailbox/model/keywords.ts';
import type { AccountRow, MailboxRow, ModSeq } from '../../mailbox/model/model.ts';
import {
  type AccountBatch,
  type ChunkRow,
  type HistoryRow,
  type RowChangeOf,
  StoreError,
} from '../../mailbox/port/store.ts';

/** What a change of flags consists of. */
export type FlagChange = RowChangeOf<'mailbox' | 'chunk' | 'history'>;

export interface FlagBatch extends Omit<AccountBatch, 'changes' | 'deferrable'> {
  /** Keywords only in what version 0.1 has left behind. */
  readonly changes: readonly (FlagChange | RowChangeOf<'keyword'>)[];
}

const MARK = Buffer.from('FLG1').readUInt32LE();
const HEAD_BYTES = 16;

type StoredChunk = Omit<ChunkRow, 'records'> & { readonly bytes: number };
/** Places that \Deleted made or took away; `emails` in base64. */
type StoredHistory = Omit<HistoryRow, 'uids' | 'records' | 'emails'> & { readonly emails: string };
type StoredBatch = Omit<FlagBatch, 'changes' | 'row'> & {
  readonly row: OldAccountRow & Partial<AccountRow>;
  readonly mailboxes: readonly (OldMailboxRow & Partial<MailboxRow> & OldKeywords)[];
  readonly chunks: readonly StoredChunk[];
  readonly history?: readonly StoredHistory[];
};

/** Version 0.1 counted no versions of facts, had no history of emails and no threads, and told nobody how full an account is. */
type OldAccountRow = Omit<
  AccountRow,
  | 'roomTold'
  | 'refusedSinceMs'
  | 'refusedBytes'
  | 'factsVersion'
  | 'unthreaded'
  | 'historyFloor'
  | 'changesFloor'
  | 'emailModseq'
  | 'mailboxModseq'
>;
type OldMailboxRow = Omit<MailboxRow, 'infoModseq'>;

/** Version 0.1 kept the keywords of a mailbox in its row: names, and sets as lists of places among them. */
interface OldKeywords {
  readonly keywords?: readonly string[];
  readonly keywordSets?: readonly (readonly number[])[];
}

export class FlagJournal {
  readonly #path: string;
  #fd: number;
  #generation: number;
  #at = 0;

  /** Makes the file, or goes on over the old one, whose records the caller has read and applied. */
  constructor(path: string) {
    this.#path = path;
    this.#generation = after(generationOf(existsSync(path) ? readFileSync(path) : EMPTY));
    this.#fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  }

  /** Octets since the last restart. */
  get sizeBytes(): number {
    return this.#at;
  }

  /**
   * Written when this returns; throws what the file system throws, and then nothing was added. What is there decides,
   * not what the file system said: the next start believes a record that is whole.
   */
  append(batches: readonly FlagBatch[]): void {
    if (!this.#isThere()) {
      if (this.#at > 0) throw new StoreError('io', `${this.#path} was deleted while it was in use`);
      this.#reopen();
    }
    const record = encode(batches, this.#generation);
    try {
      for (let done = 0; done < record.length; ) {
        done += writeSync(this.#fd, record, done, record.length - done, this.#at + done);
      }
    } catch (error) {
      if (!this.#holds(record)) throw error;
    }
    this.#at += record.length;
  }

  /** All that was appended is in the database. */
  restart(): void {
    this.#generation = after(this.#generation);
    this.#at = 0;
  }

  close(): void {
    closeSync(this.#fd);
  }

  #holds(record: Buffer): boolean {
    const found = Buffer.alloc(record.length);
    return readSync(this.#fd, found, 0, found.length, this.#at) === record.length && found.equals(record);
  }

  /** What is written to a deleted file is gone with the process; then changes go the ordinary way until it is made anew. */
  #isThere(): boolean {
    const stat = fstatSync(this.#fd);
    return stat.nlink > 0 && statSync(this.#path, { throwIfNoEntry: false })?.ino === stat.ino;
  }

  #reopen(): void {
    const fd = openSync(this.#path, constants.O_RDWR | constants.O_CREAT, 0o600);
    closeSync(this.#fd);
    this.#fd = fd;
  }
}

/** The batches of the last generation in order; none when there is no file. */
export function readFlagJournal(path: string): FlagBatch[] {
  const batches: FlagBatch[] = [];
  const file = existsSync(path) ? readFileSync(path) : EMPTY;
  const generation = generationOf(file);
  for (let at = 0; ; ) {
    const body = bodyAt(file, at, generation);
    if (body === undefined) return batches;
    batches.push(...decode(body));
    at += HEAD_BYTES + body.length;
  }
}

export function removeFlagJournal(path: string): void {
  rmSync(path, { force: true });
}

/** 0 when the file is empty, or another program's. */
function generationOf(file: Buffer): number {
  return file.length >= HEAD_BYTES && file.readUInt32LE(0) === MARK ? file.readUInt32LE(4) : 0;
}

const after = (generation: number): number => (generation + 1) >>> 0;

/** Of a whole record of this generation, undefined when there is none at this place. */
function bodyAt(file: Buffer, at: number, generation: number): Buffer | undefined {
  if (at + HEAD_BYTES > file.length || file.readUInt32LE(at) !== MARK) return undefined;
  const length = file.readUInt32LE(at + 8);
  const body = file.subarray(at + HEAD_BYTES, at + HEAD_BYTES + length);
  if (file.readUInt32LE(at + 4) !== generation || body.length !== length) return undefined;
  return crc32(body, generation) === file.readUInt32LE(at + 12) ? body : undefined;
}

function encode(batches: readonly FlagBatch[], generation: number): Buffer {
  const json = Buffer.from(JSON.stringify(batches.map(withoutRecords)));
  const records = batches.flatMap(chunksOf).map((chunk) => chunk.records);
  const head = Buffer.alloc(HEAD_BYTES + 4);
  const record = Buffer.concat([head, json, ...records]);
  const body = record.subarray(HEAD_BYTES);
  body.writeUInt32LE(json.length);
  record.writeUInt32LE(MARK, 0);
  record.writeUInt32LE(generation, 4);
  record.writeUInt32LE(body.length, 8);
  record.writeUInt32LE(crc32(body, generation), 12);
  return record;
}

function chunksOf({ changes }: FlagBatch): ChunkRow[] {
  return changes.flatMap((change) => (change.kind === 'chunk' ? [change.row] : []));
}

function withoutRecords(batch: FlagBatch): StoredBatch {
  const { account, expect, row, changes } = batch;
  const mailboxes = changes.flatMap((change) => (change.kind === 'mailbox' ? [change.row] : []));
  const chunks = chunksOf(batch).map(({ mailbox, first, count, maxModseq, records }) => {
    return { mailbox, first, count, maxModseq, bytes: records.length };
  });
  const history = changes.flatMap((change) => (change.kind === 'history' ? [storedHistory(change.row)] : []));
  return { account, expect, row, mailboxes, chunks, history };
}

function storedHistory({ uids: _, records: __, ...row }: HistoryRow): StoredHistory {
  return { ...row, emails: row.emails.toString('base64') };
}

function loadedHistory(row: StoredHistory): HistoryRow {
  return { ...row, emails: Buffer.from(row.emails, 'base64'), uids: EMPTY, records: undefined };
}

function decode(body: Buffer): FlagBatch[] {
  const jsonEnd = 4 + body.readUInt32LE();
  const batches = JSON.parse(body.toString('utf8', 4, jsonEnd)) as StoredBatch[];
  let at = jsonEnd;
  return batches.map(({ mailboxes, chunks, history = [], row, ...batch }) => {
    const changes: FlagBatch['changes'][number][] = mailboxes.flatMap(mailboxChanges);
    for (const { bytes, ...chunk } of chunks) {
      at += bytes;
      changes.push({ kind: 'chunk', row: { ...chunk, records: body.subarray(at - bytes, at) } });
    }
    for (const one of history) changes.push({ kind: 'history', row: loadedHistory(one) });
    return { ...batch, row: completeRow(row), changes };
  });
}

function completeRow(row: StoredBatch['row']): AccountRow {
  const { modseq } = row;
  const changes = {
    historyFloor: 0 as ModSeq,
    changesFloor: modseq,
    emailModseq: modseq,
    mailboxModseq: modseq,
  };
  const room = { roomTold: 0, refusedSinceMs: 0, refusedBytes: 0 };
  return { factsVersion: 1, unthreaded: 1, ...room, ...changes, ...row };
}

function mailboxChanges({
  keywords = [],
  keywordSets = [],
  ...stored
}: StoredBatch['mailboxes'][number]): FlagBatch['changes'][number][] {
  const row = { infoModseq: stored.createdModseq, ...stored };
  const rows: KeywordRow[] = [
    ...keywords.map((name, number) => ({ kind: 'name', number, name }) as const),
    ...keywordSets.map((members, index) => ({ kind: 'set', number: index + 1, members }) as const),
  ];
  return [
    { kind: 'mailbox', row },
    ...rows.map((one) => ({ kind: 'keyword', mailbox: row.id, row: one }) as const),
  ];
}
