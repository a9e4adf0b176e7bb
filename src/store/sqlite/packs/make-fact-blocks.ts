/**
 * What is known of packed emails, put together into blocks (`fact-block.ts`), account by account in the order in which they came.
 * Blocks of which much is dead, and those that are small, are put together with others again. This is the side of the thread,
 * which reads; `flip-facts.ts` writes what comes of it.
 */
import { crc32 } from 'node:zlib';
import type { DerivedPart, WirePart } from '../../../mailbox/model/facts.ts';
import { DERIVED_PARTS } from '../../../mailbox/model/facts.ts';
import { bufferOf, type Database, isDamage, type Row } from '../database.ts';
import { openRecord } from '../fact-record.ts';
import { accountOfKey, accountRange } from '../keys.ts';
import { KIND_PACK } from '../schema/mail.ts';
import { openFacts } from '../wire-facts.ts';
import {
  COLUMNS,
  type Column,
  encodeColumn,
  FactColumn,
  NOT_HERE,
  type PackedFacts,
  storedSum,
} from './fact-block.ts';
import type { PackContext } from './make-pack.ts';
import type { FactMove, FactStep } from './pack-work.ts';
import { IN_BLOCK } from './packed-facts.ts';
import { FORGET_MS, MOST_DEAD } from './rewriting.ts';

/** One envelope costs what it takes to open all of them. */
const EMAILS_PER_BLOCK = 48;
const BLOCK_BYTES = 96 * 1024;
/** What is known of a larger one stays in its row. */
const MAX_EMAIL_BYTES = 64 * 1024;
/** Fewer wait for more, unless somebody has asked; a block that has no more is put together with others. */
const FEW_EMAILS = 24;
const EMAILS_AT_ONCE = 500;
const MAX_OPENED = 32;

const SQL = {
  emails: `SELECT e.id, e.envelope, e.structure, b.kind >= ${KIND_PACK}
    FROM email e LEFT JOIN blob b ON b.id = e.blob WHERE e.id > ? ORDER BY e.id LIMIT ${EMAILS_AT_ONCE}`,
  blocks: 'SELECT id, made, count, bytes FROM fact_block WHERE id BETWEEN ? AND ? ORDER BY id',
  wire: 'SELECT wire FROM fact_block WHERE id = ?',
  columns: 'SELECT wire, listing, search FROM fact_block WHERE id = ?',
  facts: 'SELECT id, envelope, structure, facts FROM email WHERE id = ?',
  derived: 'SELECT record FROM derived WHERE email = ?',
} as const;
const NAMES = Object.keys(COLUMNS) as readonly Column[];
const WIRE_PARTS = COLUMNS.wire satisfies readonly WirePart[];
const ALL_PARTS = Object.values(COLUMNS).flat();

export interface FactOptions {
  readonly nowMs: number;
  /** Only what has to be now; otherwise all that would become smaller. */
  readonly isGentle: boolean;
  /** False: blocks that are there are looked after. */
  readonly takesNew: boolean;
}

/** An account as it was when its emails were looked at. */
interface Seen {
  readonly base: number;
  /** Numbers of packed emails that are in no block. */
  readonly fresh: number[];
  /** How many emails name each block, by its number. */
  readonly named: Map<number, number>;
}

export function* makeFactBlocks(context: PackContext, options: FactOptions): Generator<FactStep> {
  for (const seen of accountsIn(context)) yield* accountBlocks(context, seen, options);
}

function* accountsIn({ db, breathe }: PackContext): Generator<Seen> {
  let seen: Seen | undefined;
  for (let after = 0; ; ) {
    const rows = db.prepare(SQL.emails).all(after) as unknown as readonly (readonly number[])[];
    for (const [id = 0, envelope, structure = 0, isPacked] of rows) {
      after = id;
      const [base] = accountRange(accountOfKey(id));
      if (seen !== undefined && seen.base !== base) yield seen;
      if (seen?.base !== base) seen = { base, fresh: [], named: new Map() };
      if (envelope === IN_BLOCK) seen.named.set(structure, (seen.named.get(structure) ?? 0) + 1);
      else if (isPacked === 1) seen.fresh.push(id - base);
    }
    breathe();
    if (rows.length < EMAILS_AT_ONCE) break;
  }
  if (seen !== undefined) yield seen;
}

function* accountBlocks(context: PackContext, seen: Seen, options: FactOptions): Generator<FactStep> {
  const { base, named } = seen;
  const fresh = options.takesNew ? seen.fresh : [];
  const [first, last] = accountRange(accountOfKey(base));
  const blocks = context.db
    .prepare(SQL.blocks)
    .all(first, last)
    .map((row): Block => {
      const [id = 0, madeMs = 0, count = 0, bytes = 0] = row as readonly number[];
      return { id, madeMs, count, bytes, live: named.get(id - base) ?? 0 };
    });
  const gone = blocks.filter(({ live }) => live === 0).map(({ id }) => id);
  if (gone.length > 0) yield { kind: 'gone', gone };
  const left = blocks.filter(({ live }) => live > 0);
  const poor = left.filter((block) => isPoor(block, options));
  const small = left.filter((block) => isSmall(block) && !poor.includes(block));
  const few = fresh.length + sumOf(poor) + sumOf(small) < FEW_EMAILS;
  const isWaiting = options.isGentle && few && poor.length === 0;
  if (isWaiting || (fresh.length === 0 && poor.length === 0 && small.length < 2)) return;
  const making = new Making(context, base, 1 + Math.max(0, ...blocks.map(({ id }) => id - base)), options);
  yield* making.all(fresh, [...poor, ...small]);
}

interface Block {
  /** Its key. */
  readonly id: number;
  readonly madeMs: number;
  readonly count: number;
  readonly bytes: number;
  readonly live: number;
}

const isSmall = ({ live, bytes }: Block): boolean => live < FEW_EMAILS && bytes < BLOCK_BYTES / 2;
const sumOf = (blocks: readonly Block[]): number => blocks.reduce((sum, { live }) => sum + live, 0);

/** Something in it has gone, and has to be forgotten. */
function isPoor({ madeMs, count, live }: Block, { nowMs, isGentle }: FactOptions): boolean {
  if (live >= count) return false;
  return !isGentle || 1 - live / count >= MOST_DEAD || Math.abs(nowMs - madeMs) >= FORGET_MS;
}

/** An email as it was read. */
interface Taken {
  readonly move: FactMove;
  readonly facts: PackedFacts;
  readonly bytes: number;
}

class Making {
  readonly #context: PackContext;
  readonly #base: number;
  readonly #options: FactOptions;
  #next: number;

  constructor(context: PackContext, base: number, next: number, options: FactOptions) {
    this.#context = context;
    this.#base = base;
    this.#next = next;
    this.#options = options;
  }

  /** New blocks of these emails and of those in `old`, which go. */
  *all(fresh: readonly number[], old: readonly Block[]): Generator<FactStep> {
    /** What cannot be read stays, and with it its block. */
    const stuck = new Set<number>();
    const opened = new Opened(this.#context.db);
    const numbers = new Set(fresh);
    for (const { id } of old) {
      const inside = opened.numbersIn(id);
      if (inside === undefined) stuck.add(id);
      else for (const number of inside) numbers.add(number);
    }
    let group: Taken[] = [];
    let bytes = 0;
    for (const number of [...numbers].sort((a, b) => a - b)) {
      const taken = this.#take(number, opened, stuck);
      if (taken === undefined) continue;
      if (group.length >= EMAILS_PER_BLOCK || bytes + taken.bytes > BLOCK_BYTES) {
        yield this.#block(group);
        [group, bytes] = [[], 0];
      }
      group.push(taken);
      bytes += taken.bytes;
      this.#context.breathe();
    }
    const isLeft = this.#options.isGentle && group.every(({ move }) => move.from.kind === 'row');
    if (group.length > 0 && !(isLeft && group.length < FEW_EMAILS)) yield this.#block(group);
    const gone = old.map(({ id }) => id).filter((id) => !stuck.has(id));
    if (gone.length > 0) yield { kind: 'gone', gone };
  }

  #block(group: readonly Taken[]): FactStep {
    const number = this.#next++;
    const key = this.#base + number;
    const facts = group.map((one) => one.facts);
    const [wire, listing, search] = NAMES.map((name) => encodeColumn(name, key, facts)) as [
      Buffer,
      Buffer,
      Buffer,
    ];
    const sums = Buffer.alloc(12);
    for (const [i, column] of [wire, listing, search].entries()) sums.writeUInt32LE(storedSum(column), 4 * i);
    const bytes = group.reduce((sum, one) => sum + one.bytes, 0);
    const moves = group.map((one) => one.move);
    return {
      kind: 'made',
      made: {
        key,
        number,
        madeMs: this.#options.nowMs,
        bytes,
        sum: crc32(sums),
        wire,
        listing,
        search,
        moves,
      },
    };
  }

  /** Undefined for what has gone meanwhile, is in another block, is too much or damaged. */
  #take(number: number, opened: Opened, stuck: Set<number>): Taken | undefined {
    const email = this.#base + number;
    const row = this.#context.db.prepare(SQL.facts).get(email);
    if (row === undefined) return undefined;
    const [, envelope, structure, facts] = row;
    if (envelope !== IN_BLOCK) return this.#fromRow(number, row, facts);
    const from = { kind: 'block', block: structure as number } as const;
    const parts = opened.partsOf(this.#base + from.block, number);
    if (parts === undefined) {
      stuck.add(this.#base + from.block);
      return undefined;
    }
    return { move: { email, from }, facts: parts, bytes: bytesOf(parts) };
  }

  #fromRow(number: number, row: Row, stored: Row[number] | undefined): Taken | undefined {
    const email = this.#base + number;
    const record = this.#context.db.prepare(SQL.derived).get(email)?.[0];
    const parts = noParts();
    if (!openFacts(row, WIRE_PARTS, parts)) return undefined;
    const derived = record instanceof Uint8Array ? bufferOf(record) : undefined;
    const version = derived && openRecord(derived, DERIVED_PARTS, parts);
    if (derived !== undefined && version === undefined) return undefined;
    const facts = { number, version, parts };
    const bytes = bytesOf(facts);
    if (bytes > MAX_EMAIL_BYTES) return undefined;
    const from = { kind: 'row', facts: endOf(stored), derived: derived && endOf(derived) } as const;
    return { move: { email, from }, facts, bytes };
  }
}

type Parts = { [Part in WirePart | DerivedPart]: Buffer | undefined };

function noParts(): Parts {
  return Object.fromEntries(ALL_PARTS.map((name) => [name, undefined])) as Parts;
}

/** Length and checksum: how it is known again. */
function endOf(sealed: Row[number] | undefined): { readonly length: number; readonly sum: number } {
  const bytes = bufferOf(sealed);
  return { length: bytes.length, sum: bytes.readUInt32LE(bytes.length - 4) };
}

function bytesOf({ parts }: PackedFacts): number {
  return Object.values(parts).reduce((sum, part) => sum + (part?.length ?? 0), 0);
}

/** Blocks that are taken apart; a few at a time. */
class Opened {
  readonly #db: Database;
  readonly #blocks = new Map<number, readonly FactColumn[]>();

  constructor(db: Database) {
    this.#db = db;
  }

  /** Of all emails that it was made of; undefined when it cannot be read. */
  numbersIn(block: number): readonly number[] | undefined {
    return readable(() => {
      const row = this.#db.prepare(SQL.wire).get(block);
      return row && FactColumn.open('wire', block, bufferOf(row[0])).numbers;
    });
  }

  /** Undefined when they cannot be read. */
  partsOf(block: number, number: number): PackedFacts | undefined {
    const parts = noParts();
    const versions = this.#open(block)?.map((column) => column.read(number, ALL_PARTS, parts));
    if (versions === undefined || versions.includes(NOT_HERE)) return undefined;
    const [, version = 0] = versions;
    return { number, version: version === 0 ? undefined : version, parts };
  }

  #open(block: number): readonly FactColumn[] | undefined {
    const known = this.#blocks.get(block);
    if (known !== undefined) return known;
    const columns = readable(() => {
      const row = this.#db.prepare(SQL.columns).get(block);
      return row && NAMES.map((name, i) => FactColumn.open(name, block, bufferOf(row[i])));
    });
    if (columns === undefined) return undefined;
    this.#blocks.set(block, columns);
    const [oldest] = this.#blocks.keys();
    if (this.#blocks.size > MAX_OPENED && oldest !== undefined) this.#blocks.delete(oldest);
    return columns;
  }
}

function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!isDamage(error)) throw error;
    return undefined;
  }
}
