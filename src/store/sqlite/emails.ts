/**
 * Reading what delivery computed about emails. A first sync asks for a hundred thousand of them in the order in which
 * they arrived: runs of ids that lie close together are read by one range query, everything else by key.
 *
 * A row that cannot be read (a broken page, a flipped bit) is that email's loss alone: the run is read again one by one
 * and the caller is told about the others. Facts leave for clients as they are stored, where one wrong octet would break
 * the framing of everything behind it, so they carry a checksum of their own and are compared with it at every reading.
 *
 * What is sent as it stands is in the email's row, all else in a row of `derived` (`fact-record.ts`): neither is read for the other.
 */
import { setImmediate as yieldToLoop } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import {
  type EmailFacts,
  type FactPart,
  isDerivedPart,
  isWirePart,
  type WireParts,
} from '../../mailbox/model/facts.ts';
import type { AccountId, EmailId } from '../../mailbox/model/model.ts';
import { type ListedEmail, StoreError } from '../../mailbox/port/store.ts';
import { assertNotWhole } from './broken-tables.ts';
import { assertAscending, bufferOf, type Database, isDamage, type Row, type SqlValue } from './database.ts';
import { openRecord } from './fact-record.ts';
import { accountRange } from './keys.ts';

/** About a millisecond of rows. */
const ROWS_PER_SLICE = 300;
/** A range query is worth it while at least every fourth row of it is wanted. */
const SPARSENESS = 4;
const MIN_RUN = 4;

const SQL = {
  ids: 'SELECT id FROM email',
  facts: 'SELECT id, envelope, structure, facts FROM email',
  threads: 'SELECT id, thread FROM email',
  factsAndThreads: 'SELECT id, envelope, structure, facts, thread FROM email',
  derived: 'SELECT email, record FROM derived',
  list: `SELECT e.id, 1 + coalesce(x.n, 0), e.size, e.thread FROM email e LEFT JOIN extra_reference x ON x.email = e.id
    WHERE e.id > ? AND e.id <= ? ORDER BY e.id LIMIT ?`,
  listOne: `SELECT e.id, 1 + coalesce(x.n, 0), e.size, e.thread FROM email e LEFT JOIN extra_reference x ON x.email = e.id
    WHERE e.id = ?`,
  nextEmail: 'SELECT next_email FROM account WHERE id = ?',
} as const;

function listed([id, references, sizeBytes, thread]: Row): ListedEmail {
  return {
    id: id as EmailId,
    references: references as number,
    sizeBytes: sizeBytes as number,
    thread: thread === 0 ? undefined : (thread as number),
  };
}

export interface Run {
  readonly from: number;
  /** Exclusive, as an index into the ids. */
  readonly to: number;
}

/** The next stretch of ascending ids that are close together, at most `most` of them. */
export function nextRun(ids: readonly EmailId[], from: number, most: number): Run {
  let to = from + 1;
  const first = ids[from] as number;
  while (to < ids.length && to - from < most) {
    const id = ids[to] as number;
    if (id <= (ids[to - 1] as number) || id - first >= (to - from + 1) * SPARSENESS) break;
    to++;
  }
  return { from, to: to - from >= MIN_RUN ? to : from + 1 };
}

/** The rows of a run. One email is asked for by key: the end of a range is only found by reading the row after it. */
export function readRun(
  db: Database,
  select: string,
  key: string,
  ids: readonly EmailId[],
  { from, to }: Run,
): readonly Row[] {
  if (to - from === 1) return db.prepare(`${select} WHERE ${key} = ?`).all(ids[from] as number);
  return db.prepare(`${select} WHERE ${key} BETWEEN ? AND ?`).all(ids[from] as number, ids[to - 1] as number);
}

/** More than the rows of a few pages. */
const BROKEN_IDS = 512;

export class EmailReader {
  readonly #db: Database;
  readonly #onDamage: (email: EmailId, error: StoreError) => void;

  constructor(db: Database, onDamage: (email: EmailId, error: StoreError) => void) {
    this.#db = db;
    this.#onDamage = onDamage;
  }

  async load(ids: readonly EmailId[], parts: readonly FactPart[]): Promise<(EmailFacts | undefined)[]> {
    const found = new Array<LoadedFacts | undefined>(ids.length).fill(undefined);
    const isDerivedWanted = parts.some(isDerivedPart);
    const isRowWanted = !isDerivedWanted || parts.some((part) => !isDerivedPart(part));
    let sinceYield = 0;
    for (let from = 0; from < ids.length; ) {
      const run = nextRun(ids, from, ROWS_PER_SLICE);
      if (isRowWanted) this.#loadRun(ids, run, this.#wire(parts), found);
      if (isDerivedWanted) this.#loadRun(ids, run, this.#derived(parts, !isRowWanted), found);
      sinceYield += run.to - from;
      from = run.to;
      if (sinceYield >= ROWS_PER_SLICE && from < ids.length) {
        sinceYield = 0;
        await yieldToLoop();
      }
    }
    return found;
  }

  async list(account: AccountId, after: number, limit: number): Promise<readonly ListedEmail[]> {
    const [first, last] = accountRange(account);
    const from = Math.max(after, first - 1);
    try {
      const rows = this.#db.prepare(SQL.list).all(from, last, limit);
      assertAscending(rows, from, `emails of account ${account}`);
      return rows.map(listed);
    } catch (error) {
      if (!isDamage(error)) throw error;
      assertNotWhole(this.#db, ['email', 'extra_reference'], error);
      return this.#listAround(account, from, limit);
    }
  }

  /** Beside broken pages: one by one, so that what is readable is listed. */
  async #listAround(account: AccountId, after: number, limit: number): Promise<readonly ListedEmail[]> {
    const next = this.#db.prepare(SQL.nextEmail).get(account)?.[0] as number | undefined;
    const end = accountRange(account)[0] + (next ?? 0);
    const found: ListedEmail[] = [];
    for (let id = after + 1, tried = 0, broken = 0; id < end && found.length < limit; tried++) {
      if (tried % ROWS_PER_SLICE === ROWS_PER_SLICE - 1) await yieldToLoop();
      const row = this.#tryListed(id, end);
      if (row === 'none') break;
      if (row === 'broken') {
        id = ++broken < BROKEN_IDS ? id + 1 : this.#behindBroken(id, end);
        continue;
      }
      broken = 0;
      found.push(row);
      id = row.id + 1;
    }
    return found;
  }

  /** The first email from this number on. */
  #tryListed(id: number, end: number): ListedEmail | 'none' | 'broken' {
    try {
      const row = this.#db.prepare(SQL.listOne).get(id) ?? this.#db.prepare(SQL.list).get(id, end - 1, 1);
      return row === undefined ? 'none' : listed(row);
    } catch (error) {
      if (!isDamage(error)) throw error;
      return 'broken';
    }
  }

  /** Numbers may have jumped by a million beside a broken page: the first one from which on something can be read. */
  #behindBroken(from: number, end: number): number {
    let step = 1;
    while (from + step < end && this.#tryListed(from + step, end) === 'broken') step *= 2;
    let [low, high] = [from + Math.floor(step / 2), Math.min(from + step, end)];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.#tryListed(middle, end) === 'broken') low = middle;
      else high = middle;
    }
    return high;
  }

  #loadRun(
    ids: readonly EmailId[],
    { from, to }: Run,
    source: Source,
    found: (LoadedFacts | undefined)[],
  ): void {
    let rows: readonly Row[];
    try {
      rows = readRun(this.#db, source.select, source.key, ids, { from, to });
    } catch (error) {
      if (!isDamage(error)) throw error;
      assertNotWhole(this.#db, [source.table], error);
      if (to - from === 1) this.#onDamage(ids[from] as EmailId, error);
      else for (let i = from; i < to; i++) this.#loadRun(ids, { from: i, to: i + 1 }, source, found);
      return;
    }
    let at = from;
    for (const row of rows) {
      while (at < to && (ids[at] as number) < (row[0] as number)) at++;
      if (at < to && ids[at] === row[0]) found[at] = source.read(row, found[at]);
    }
  }

  #wire(parts: readonly FactPart[]): Source {
    const wanted = parts.filter(isWirePart);
    const isThreadWanted = parts.includes('thread');
    if (wanted.length === 0) {
      const select = isThreadWanted ? SQL.threads : SQL.ids;
      return {
        table: 'email',
        key: 'id',
        select,
        read: ([id, thread]) => withThread(blank(id as EmailId), thread),
      };
    }
    return {
      table: 'email',
      key: 'id',
      select: isThreadWanted ? SQL.factsAndThreads : SQL.facts,
      read: (row) => {
        const facts = blank(row[0] as EmailId);
        if (openFacts(row, wanted, facts)) return withThread(facts, row[4]);
        return this.#lost(facts.id, `the facts of email ${facts.id} do not match their checksum`);
      },
    };
  }

  /** `isAlone`: an email that has such a row is there. Else those that are not are undefined already. */
  #derived(parts: readonly FactPart[], isAlone: boolean): Source {
    const wanted = parts.filter(isDerivedPart);
    return {
      table: 'derived',
      key: 'email',
      select: SQL.derived,
      read: (row, found) => {
        const facts = found ?? (isAlone ? blank(row[0] as EmailId) : undefined);
        if (facts === undefined) return undefined;
        const record = row[1];
        facts.version =
          record instanceof Uint8Array ? openRecord(bufferOf(record), wanted, facts) : undefined;
        if (facts.version === undefined)
          this.#lost(facts.id, `what was derived from email ${facts.id} does not match its checksum`);
        return facts;
      },
    };
  }

  #lost(id: EmailId, message: string): undefined {
    this.#onDamage(id, new StoreError('damaged', message));
    return undefined;
  }
}

type LoadedFacts = { -readonly [Part in keyof EmailFacts]: EmailFacts[Part] };

/** One of the two tables, and how its rows are read. */
interface Source {
  readonly table: string;
  readonly key: string;
  readonly select: string;
  readonly read: (row: Row, found: LoadedFacts | undefined) => LoadedFacts | undefined;
}

function blank(id: EmailId): LoadedFacts {
  return {
    id,
    version: undefined,
    envelope: undefined,
    bodyStructure: undefined,
    parts: undefined,
    thread: undefined,
    header: undefined,
    search: undefined,
    preview: undefined,
    sort: undefined,
    links: undefined,
  };
}

function withThread(facts: LoadedFacts, thread: SqlValue | undefined): LoadedFacts {
  if (typeof thread === 'number' && thread > 0) facts.thread = thread;
  return facts;
}

const SUM_BYTES = 4;

/** As one BLOB (one costs a reader a third of three), the checksum at its end. */
export function sealFacts({ envelope, bodyStructure, parts }: WireParts): Buffer {
  const length = envelope.length + bodyStructure.length + parts.length;
  const sealed = Buffer.concat([envelope, bodyStructure, parts], length + SUM_BYTES);
  const sum = sumOf(sealed.subarray(0, length), envelope.length, bodyStructure.length);
  sealed.writeUInt32LE(sum, length);
  return sealed;
}

/** The lengths are columns: where the pieces begin is checked with them. */
function sumOf(facts: Buffer, envelopeBytes: number, structureBytes: number): number {
  return crc32(facts, (Math.imul(envelopeBytes, 0x9e3779b1) ^ structureBytes) >>> 0);
}

/** False when they are not what was written. */
function openFacts(row: Row, wanted: readonly (keyof WireParts)[], into: LoadedFacts): boolean {
  const [, structureAt, structureBytes, blob] = row;
  if (!(blob instanceof Uint8Array) || blob.length < SUM_BYTES) return false;
  const sealed = bufferOf(blob);
  const facts = sealed.subarray(0, sealed.length - SUM_BYTES);
  if (typeof structureAt !== 'number' || typeof structureBytes !== 'number') return false;
  if (sumOf(facts, structureAt, structureBytes) !== sealed.readUInt32LE(facts.length)) return false;
  const partsAt = structureAt + structureBytes;
  if (wanted.includes('envelope')) into.envelope = facts.subarray(0, structureAt);
  if (wanted.includes('bodyStructure')) into.bodyStructure = facts.subarray(structureAt, partsAt);
  if (wanted.includes('parts')) into.parts = facts.subarray(partsAt);
  return true;
}
