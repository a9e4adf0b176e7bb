/**
 * Reading what delivery computed about emails. A first sync asks for a hundred thousand of them in the order in which
 * they arrived: runs of ids that lie close together are read by one range query, everything else by key.
 *
 * A row that cannot be read (a broken page, a flipped bit) is that email's loss alone: the run is read again one by one
 * and the caller is told about the others. Facts leave for clients as they are stored, where one wrong octet would break
 * the framing of everything behind it, so they carry a checksum of their own and are compared with it at every reading.
 *
 * What is sent as it stands is in the email's row, all else in a row of `derived` (`fact-record.ts`): neither is read for the other.
 * Of packed emails both are in blocks (`packs/packed-facts.ts`), which the email's row names.
 */
import { setImmediate as yieldToLoop } from 'node:timers/promises';
import {
  type DerivedPart,
  type EmailFacts,
  type FactPart,
  isDerivedPart,
  isWirePart,
  type WirePart,
} from '../../mailbox/model/facts.ts';
import { type AccountId, type EmailId, emailNumber } from '../../mailbox/model/model.ts';
import { type ListedEmail, StoreError } from '../../mailbox/port/store.ts';
import { assertNotWhole } from './broken-tables.ts';
import { assertAscending, bufferOf, type Database, isDamage, type Row, type SqlValue } from './database.ts';
import { openRecord } from './fact-record.ts';
import { accountOfKey, accountRange } from './keys.ts';
import { type Column, FactColumn, NOT_HERE, type StoredPart } from './packs/fact-block.ts';
import { columnsOf, FactBlocks, IN_BLOCK } from './packs/packed-facts.ts';
import { openFacts } from './wire-facts.ts';

/** About a millisecond of rows. */
const ROWS_PER_SLICE = 300;
/** A range query is worth it while at least every fourth row of it is wanted. */
const SPARSENESS = 4;
const MIN_RUN = 4;

const SQL = {
  places: 'SELECT id, envelope, structure FROM email',
  facts: 'SELECT id, envelope, structure, facts FROM email',
  threads: 'SELECT id, envelope, structure, thread FROM email',
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

const NOT_THERE = new StoreError('damaged', 'what is known of the message is not in its block');

export class EmailReader {
  readonly #db: Database;
  readonly #blocks: FactBlocks;
  readonly #onDamage: (email: EmailId, error: StoreError) => void;

  constructor(db: Database, onDamage: (email: EmailId, error: StoreError) => void) {
    this.#db = db;
    this.#blocks = new FactBlocks(db);
    this.#onDamage = onDamage;
  }

  async load(ids: readonly EmailId[], parts: readonly FactPart[]): Promise<(EmailFacts | undefined)[]> {
    const loading = new Loading(ids, parts);
    let sinceYield = 0;
    for (let from = 0; from < ids.length; ) {
      const run = nextRun(ids, from, ROWS_PER_SLICE);
      if (loading.isRowWanted) this.#loadRun(run, this.#wire(loading), loading);
      if (loading.derived.length > 0) {
        this.#loadRun(run, this.#derived(loading), loading);
        if (!loading.isRowWanted) this.#lookForBlocks(run, loading);
      }
      this.#unpack(run, loading);
      sinceYield += run.to - from;
      from = run.to;
      if (sinceYield >= ROWS_PER_SLICE && from < ids.length) {
        sinceYield = 0;
        await yieldToLoop();
      }
    }
    return loading.found;
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

  #loadRun({ from, to }: Run, source: Source, loading: Loading): void {
    const { ids, found } = loading;
    let rows: readonly Row[];
    try {
      rows = readRun(this.#db, source.select, source.key, ids, { from, to });
    } catch (error) {
      if (!isDamage(error)) throw error;
      assertNotWhole(this.#db, [source.table], error);
      if (to - from === 1) this.#onDamage(ids[from] as EmailId, error);
      else for (let i = from; i < to; i++) this.#loadRun({ from: i, to: i + 1 }, source, loading);
      return;
    }
    let at = from;
    for (const row of rows) {
      while (at < to && (ids[at] as number) < (row[0] as number)) at++;
      if (at < to && ids[at] === row[0]) found[at] = source.read(row, found[at], at);
    }
  }

  #wire({ wire, isThreadWanted, blocks }: Loading): Source {
    const areFactsWanted = wire.length > 0;
    const [select, thread] = areFactsWanted
      ? [isThreadWanted ? SQL.factsAndThreads : SQL.facts, 4]
      : [isThreadWanted ? SQL.threads : SQL.places, 3];
    return {
      table: 'email',
      key: 'id',
      select,
      read: (row, _found, i) => {
        const facts = withThread(blank(row[0] as EmailId), isThreadWanted ? row[thread] : undefined);
        const block = blockOf(row);
        if (block !== undefined) blocks.set(i, block);
        else if (areFactsWanted && !openFacts(row, wire, facts))
          return this.#lost(facts.id, `the facts of email ${facts.id} do not match their checksum`);
        return facts;
      },
    };
  }

  /** Where nothing else was asked of an email, it is there when it has such a row. Otherwise it is known whether it is. */
  #derived({ derived, isRowWanted, blocks }: Loading): Source {
    return {
      table: 'derived',
      key: 'email',
      select: SQL.derived,
      read: (row, found, i) => {
        const facts = found ?? (isRowWanted ? undefined : blank(row[0] as EmailId));
        if (facts === undefined || blocks.has(i)) return facts;
        const record = row[1];
        facts.version =
          record instanceof Uint8Array ? openRecord(bufferOf(record), derived, facts) : undefined;
        if (facts.version === undefined)
          this.#lost(facts.id, `what was derived from email ${facts.id} does not match its checksum`);
        return facts;
      },
    };
  }

  /** Of emails that have no row of their own for what is derived. */
  #lookForBlocks({ from, to }: Run, loading: Loading): void {
    const { found, blocks } = loading;
    if (found.slice(from, to).every((one) => one !== undefined)) return;
    const source: Source = {
      table: 'email',
      key: 'id',
      select: SQL.places,
      read: (row, facts, i) => {
        const block = facts === undefined ? blockOf(row) : undefined;
        if (block !== undefined) blocks.set(i, block);
        return block === undefined ? facts : blank(row[0] as EmailId);
      },
    };
    this.#loadRun({ from, to }, source, loading);
  }

  /** What is in blocks of the emails of a run; neighbours share one. */
  #unpack({ from, to }: Run, { found, blocks, parts, columns }: Loading): void {
    if (blocks.size === 0) return;
    for (const name of columns) {
      let last: number | undefined;
      let column: FactColumn | StoreError = NOT_THERE;
      for (let i = from; i < to; i++) {
        const [facts, block] = [found[i], blocks.get(i)];
        if (facts === undefined || block === undefined) continue;
        if (block !== last) column = this.#column(block, name);
        last = block;
        const version =
          column instanceof FactColumn ? column.read(emailNumber(facts.id), parts, facts) : NOT_HERE;
        if (version === NOT_HERE) {
          this.#onDamage(facts.id, column instanceof StoreError ? column : NOT_THERE);
          if (name === 'wire') found[i] = undefined;
        } else if (name !== 'wire') facts.version = version === 0 ? undefined : version;
      }
    }
  }

  #column(block: number, name: Column): FactColumn | StoreError {
    try {
      return this.#blocks.column(block, name);
    } catch (error) {
      if (!isDamage(error)) throw error;
      return error;
    }
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
  readonly read: (row: Row, found: LoadedFacts | undefined, i: number) => LoadedFacts | undefined;
}

/** What is asked, and what has been found of it. */
class Loading {
  readonly ids: readonly EmailId[];
  readonly parts: readonly StoredPart[];
  readonly wire: readonly WirePart[];
  readonly derived: readonly DerivedPart[];
  readonly isThreadWanted: boolean;
  readonly isRowWanted: boolean;
  readonly columns: readonly Column[];
  readonly found: (LoadedFacts | undefined)[];
  /** Keys of blocks, by where their emails are among the ids. */
  readonly blocks = new Map<number, number>();

  constructor(ids: readonly EmailId[], parts: readonly FactPart[]) {
    this.ids = ids;
    this.wire = parts.filter(isWirePart);
    this.derived = parts.filter(isDerivedPart);
    this.parts = [...this.wire, ...this.derived];
    this.isThreadWanted = parts.includes('thread');
    this.isRowWanted = this.derived.length === 0 || this.wire.length > 0 || this.isThreadWanted;
    this.columns = columnsOf(parts);
    this.found = new Array<LoadedFacts | undefined>(ids.length).fill(undefined);
  }
}

/** The key of the block that a row of an email names behind its id. */
function blockOf([id, envelope, structure]: Row): number | undefined {
  if (envelope !== IN_BLOCK || typeof structure !== 'number') return undefined;
  return accountRange(accountOfKey(id as number))[0] + structure;
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
