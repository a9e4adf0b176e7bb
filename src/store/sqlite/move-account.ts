/**
 * An account's mail from one shard to another, while nobody is served: copied, compared, and only then is its place another.
 * Killed at any moment it is in one place that counts, and what is left in the other is swept away by the next run.
 *
 * Rows are copied as they are, numbers and all, so that no client notices; only bytes get new places.
 */
import type { AccountId, AccountRecord, EmailId } from '../../mailbox/model/model.ts';
import { StoreError } from '../../mailbox/port/store.ts';
import { BlobChanges } from './blobs.ts';
import type { Row, SqlValue } from './database.ts';
import type { SqliteDirectory } from './directory.ts';
import { accountRange } from './keys.ts';
import type { Shard } from './shard.ts';
import { Blocks, type Staged, Upload } from './staging.ts';

const ROWS_AT_ONCE = 500;
const EMAILS_AT_ONCE = 50;

/** Of the account's mailboxes; `id` is the key of an account's row in one table, and a number of no meaning in others. */
export const TABLES = [
  { name: 'mailbox', key: 'id', order: 'id', hasOwnId: false },
  { name: 'chunk', key: 'mailbox', order: 'mailbox, first', hasOwnId: true },
  { name: 'expunged', key: 'mailbox', order: 'id', hasOwnId: true },
  { name: 'buried', key: 'mailbox', order: 'mailbox', hasOwnId: false },
  { name: 'external_id', key: 'mailbox', order: 'mailbox, uid', hasOwnId: false },
  { name: 'imported', key: 'mailbox', order: 'mailbox, key', hasOwnId: false },
  { name: 'keyword', key: 'mailbox', order: 'mailbox, kind, number', hasOwnId: false },
  { name: 'fact_block', key: 'id', order: 'id', hasOwnId: false },
  { name: 'derived', key: 'email', order: 'email', hasOwnId: false },
  { name: 'extra_reference', key: 'email', order: 'email', hasOwnId: false },
  { name: 'thread_member', key: 'thread', order: 'thread, email', hasOwnId: false },
  { name: 'thread_leaver', key: 'thread', order: 'thread, email', hasOwnId: false },
  { name: 'outgoing', key: 'id', order: 'id', hasOwnId: false },
  { name: 'recipient', key: 'outgoing', order: 'outgoing, n', hasOwnId: true },
  { name: 'outgoing_log', key: 'outgoing', order: 'outgoing, id', hasOwnId: true },
  { name: 'script', key: 'id', order: 'id', hasOwnId: false },
  { name: 'annotation', key: 'mailbox', order: 'mailbox, name', hasOwnId: true },
  { name: 'share', key: 'mailbox', order: 'mailbox, identity', hasOwnId: false },
  { name: 'seen', key: 'mailbox', order: 'mailbox, reader, page', hasOwnId: true },
  { name: 'belonging', key: 'id', order: 'id', hasOwnId: false },
  { name: 'lesson', key: 'email', order: 'email', hasOwnId: false },
  { name: 'remembered', key: 'key', order: 'key, rest', hasOwnId: false },
  { name: 'correspondence', key: 'id', order: 'id', hasOwnId: false },
  { name: 'correspondent', key: 'account', order: 'account, key', hasOwnId: false },
  { name: 'rule_entry', key: 'id', order: 'id', hasOwnId: false },
  { name: 'thread_key', key: 'key', order: 'key, rest, own DESC, email DESC', hasOwnId: false },
] as const;

/** Tables that are moved by themselves, or that are about the shard and not about accounts. */
export const OTHER_TABLES: readonly string[] = [
  ...['account', 'email', 'blob', 'spool', 'part', 'part_use', 'orphan_subscriptions', 'owner'],
  ...['store', 'identity', 'incident'],
];

/** With account and first, because an account's history is in no mailbox at times. */
const EXPUNGED_OF_ACCOUNT = 'account = ?1 AND ?2 IS NOT NULL';

const SQL = {
  emails: `SELECT e.id, e.blob, e.size, e.prefix, b.refs, b.crc32
    FROM email e LEFT JOIN blob b ON b.id = e.blob WHERE e.id > ? AND e.id <= ? ORDER BY e.id LIMIT ${EMAILS_AT_ONCE}`,
  account: 'SELECT * FROM account WHERE id = ?',
  orphans: 'SELECT names FROM orphan_subscriptions WHERE account = ?',
  insertOrphans: 'REPLACE INTO orphan_subscriptions VALUES (?, ?)',
  countEmails: 'SELECT count(*), total(size) FROM email WHERE id BETWEEN ? AND ?',
} as const;

/** What is told of each step; a test throws. */
export type MoveStep = 'cleared' | 'copied' | 'switched' | 'done';

export async function moveAccount(
  directory: SqliteDirectory,
  record: AccountRecord,
  { from, to, number }: { readonly from: Shard; readonly to: Shard; readonly number: number },
  onStep: (step: MoveStep) => void = () => {},
): Promise<void> {
  const { id } = record;
  await to.destroyAccount(id);
  onStep('cleared');
  await copyEmails(from, to, id);
  for (const table of TABLES) await copyRows(from, to, id, table);
  await copyAccount(from, to, id);
  await to.commits.perform({ apply: () => compare(from, to, id) });
  await to.owners.add([{ ...record, shard: number }]);
  onStep('copied');
  await directory.place(id, number);
  onStep('switched');
  await sweepAway(from, id);
  onStep('done');
}

/** What an interrupted move has left in a shard that is not the account's. */
export async function sweepAway(shard: Shard, account: AccountId): Promise<void> {
  await shard.destroyAccount(account);
  await shard.owners.drop(account);
}

async function copyEmails(from: Shard, to: Shard, account: AccountId): Promise<void> {
  const [first, last] = accountRange(account);
  /** Bytes that several emails share, here or of others. */
  const shared = new Map<number, Staged>();
  const blocks = new Blocks();
  const columns = columnsOf(from, 'email').filter((column) => column !== 'id' && column !== 'blob');
  const list = columns.map((column) => `"${column}"`).join(', ');
  const read = `SELECT ${list} FROM email WHERE id = ?`;
  const insert = `INSERT INTO email (id, blob, ${list}) VALUES (?, ?, ${columns.map(() => '?').join(', ')})`;
  for (let after = first - 1; ; ) {
    const rows = from.db.prepare(SQL.emails).all(after, last);
    if (rows.length === 0) return;
    const staged: Staged[] = [];
    for (const row of rows) staged.push(await stage({ from, to, blocks }, row, shared));
    const changes = new BlobChanges();
    await to.commits.perform({
      apply: () => {
        for (const [i, [id]] of rows.entries()) {
          const values = from.db.prepare(read).get(id as number) as readonly SqlValue[];
          const blob = to.context.blobs.use(staged[i] as Staged, changes);
          to.db.prepare(insert).run(id as number, blob, ...values);
        }
      },
      undo: () => to.context.blobs.rollback(changes),
      done: () => to.context.blobs.settle(changes, to.context.sync),
    });
    after = rows.at(-1)?.[0] as number;
  }
}

/** Throws `damaged` when the bytes are not what they were when they came. */
async function stage(
  { from, to, blocks }: { readonly from: Shard; readonly to: Shard; readonly blocks: Blocks },
  row: Row,
  shared: Map<number, Staged>,
): Promise<Staged> {
  const [email, blob, size, prefix, refs, crc32] = row as readonly number[];
  const known = shared.get(blob as number);
  if (known !== undefined) return known;
  const id = email as EmailId;
  const start = (prefix as unknown as Uint8Array | null)?.length ?? 0;
  const upload = new Upload([to], blocks, (size as number) - start);
  for await (const slice of from.bytes.stream({ email: id, start, end: size as number }))
    await upload.write(slice);
  const staged = (await upload.finish()) as Staged;
  if (staged.crc32 !== crc32)
    throw new StoreError('damaged', `message ${id} is damaged, and its account stays where it is`);
  if ((refs as number) > 1) shared.set(blob as number, staged);
  return staged;
}

async function copyRows(
  from: Shard,
  to: Shard,
  account: AccountId,
  { name, key, order, hasOwnId }: (typeof TABLES)[number],
): Promise<void> {
  const columns = columnsOf(from, name).filter((column) => !(hasOwnId && column === 'id'));
  const list = columns.map((column) => `"${column}"`).join(', ');
  const where = whereOf(name, key);
  const select = `SELECT ${list} FROM ${name} WHERE ${where} ORDER BY ${order} LIMIT ${ROWS_AT_ONCE} OFFSET ?3`;
  const insert = `INSERT INTO ${name} (${list}) VALUES (${columns.map(() => '?').join(', ')})`;
  for (let offset = 0; ; offset += ROWS_AT_ONCE) {
    const rows = from.db.prepare(select).all(...keysOf(name, account), offset);
    if (rows.length === 0) return;
    await to.commits.perform({
      apply: () => {
        for (const row of rows) to.db.prepare(insert).run(...row);
      },
    });
  }
}

/** The account's own row goes last: without it there is nothing. Its numbers are as safe there as those of a new one. */
async function copyAccount(from: Shard, to: Shard, account: AccountId): Promise<void> {
  const row = from.db.prepare(SQL.account).get(account);
  const names = from.db.prepare(SQL.orphans).get(account)?.[0];
  if (row === undefined) return;
  const columns = columnsOf(from, 'account');
  const { epoch, lineage } = to.context;
  const values = row.map((value, i) =>
    columns[i] === 'epoch' ? epoch : columns[i] === 'lineage' ? lineage : value,
  );
  const list = columns.map((column) => `"${column}"`).join(', ');
  const insert = `INSERT INTO account (${list}) VALUES (${columns.map(() => '?').join(', ')})`;
  await to.commits.perform({
    apply: () => {
      to.db.prepare(insert).run(...values);
      if (names !== undefined) to.db.prepare(SQL.insertOrphans).run(account, names);
    },
  });
}

/** Every row of one is a row of the other; bytes were compared by their checksums. */
function compare(from: Shard, to: Shard, account: AccountId): void {
  const [first, last] = accountRange(account);
  const counts = (shard: Shard): string => {
    const rows = TABLES.map(({ name, key }) => {
      const sql = `SELECT count(*) FROM ${name} WHERE ${whereOf(name, key)}`;
      return shard.db.prepare(sql).get(...keysOf(name, account))?.[0];
    });
    return JSON.stringify([rows, shard.db.prepare(SQL.countEmails).get(first, last)]);
  };
  const [here, there] = [counts(from), counts(to)];
  if (here !== there)
    throw new StoreError('damaged', `account ${account} was not copied whole: ${here}, ${there}`);
}

function whereOf(name: string, key: string): string {
  return name === 'expunged' ? EXPUNGED_OF_ACCOUNT : `${key} BETWEEN ?1 AND ?2`;
}

function keysOf(name: string, account: AccountId): readonly [number, number] {
  return name === 'expunged' ? [account, 0] : accountRange(account);
}

function columnsOf(shard: Shard, table: string): readonly string[] {
  return shard.db
    .prepare(`PRAGMA table_info(${table})`)
    .all()
    .map((row) => row[1] as string);
}
