/**
 * Databases of a snapshot become those of a data folder that can be served, before anybody opens them:
 *
 * - clients have seen numbers that were given after the snapshot, so all numbers jump ahead (see `lineage.ts`);
 * - what waited in the queue may have left since, so it is held until somebody releases it;
 * - an account that was removed between the copy of its shard and that of the accounts is removed.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { AccountId } from '../../../mailbox/model/model.ts';
import { OUTGOING_EVENTS, RECIPIENT_STATES } from '../../../mailbox/model/outgoing.ts';
import { StoreError } from '../../../mailbox/port/store.ts';
import { shardName } from '../agreement.ts';
import { Database } from '../database.ts';
import { accountRange } from '../keys.ts';
import { jumpAll } from '../lineage.ts';
import { migrate, type Schema } from '../migrate.ts';
import { packName } from '../packs/format.ts';
import { packOf } from '../packs/part-rows.ts';
import { type Owner, readRegister } from '../register.ts';
import { ACCOUNTS_SCHEMA } from '../schema/accounts.ts';
import { KIND_PACK, KIND_SEGMENT, MAIL_SCHEMA } from '../schema/mail.ts';
import { segmentName } from '../segments.ts';
import { Witness } from '../witness.ts';

export const UNFINISHED_RESTORE = 'restore-unfinished';

const SQL = {
  shards: "SELECT value FROM store WHERE key = 'shards'",
  accounts: 'SELECT id FROM account',
  /** As one that is being removed: the next start goes on with it. */
  removing: "INSERT INTO account (id, address, created, settings, shard) VALUES (?, NULL, ?, '{}', ?)",
  installation: "SELECT value FROM identity WHERE key = 'installation'",
  account: 'SELECT id, shard FROM account WHERE address = ?',
  segmentsOf: `SELECT DISTINCT b.segment FROM email e JOIN blob b ON b.id = e.blob
    WHERE e.id BETWEEN ? AND ? AND b.kind = ${KIND_SEGMENT}`,
  /** Messages, and parts of them that may be in others. */
  packsOf: `SELECT b.kind FROM email e JOIN blob b ON b.id = e.blob
    WHERE e.id BETWEEN ? AND ? AND b.kind >= ${KIND_PACK}
    UNION SELECT b.kind FROM email e JOIN part_use u ON u.blob = e.blob JOIN blob b ON b.id = u.part
    WHERE e.id BETWEEN ? AND ? AND b.kind >= ${KIND_PACK}`,
  accountCount: 'SELECT count(*) FROM account WHERE address IS NOT NULL',
  unwitnessed: "UPDATE store SET value = 0 WHERE key = 'witnessed'",
  told: `INSERT INTO outgoing_log (outgoing, at, event, address, detail)
    SELECT outgoing, ?, ?, address, ? FROM recipient WHERE state = ?`,
  hold: 'UPDATE recipient SET state = ?, next = NULL WHERE state = ?',
} as const;

const WAITING = RECIPIENT_STATES.indexOf('waiting');
const HELD = RECIPIENT_STATES.indexOf('held');

export interface Readied {
  readonly accounts: number;
  /** Recipients of mail in the queue. */
  readonly held: number;
}

/** As `readyRestored`, of a copy that has this shard alone; it can be opened as the part that one of several processes has. */
export async function readyPart(directory: string, createdMs: number, shard: number): Promise<void> {
  readyRestored(directory, createdMs, shard);
  const accounts = openCopy(join(directory, 'accounts.db'), ACCOUNTS_SCHEMA);
  const installation = accounts.value(SQL.installation) as string;
  accounts.close();
  const names = ['accounts', shardName(shard)];
  await Witness.begin(directory, installation, new Map(names.map((name) => [name, 0]))).close();
}

export function readyRestored(directory: string, createdMs: number, only?: number): Readied {
  const nowMs = Date.now();
  const accounts = openCopy(join(directory, 'accounts.db'), ACCOUNTS_SCHEMA);
  try {
    const known = new Set(
      accounts
        .prepare(SQL.accounts)
        .all()
        .map(([id]) => id as number),
    );
    let held = 0;
    for (let shard = 0; shard < (accounts.value(SQL.shards) as number); shard++) {
      if (only !== undefined && shard !== only) continue;
      const path = join(directory, shardName(shard), 'meta.db');
      if (!existsSync(path)) throw new StoreError('damaged', `${path} is missing in the snapshot`);
      const { owners, count } = readyShard(path, { nowMs, createdMs });
      held += count;
      accounts.transaction(() => {
        for (const { account, address } of owners) {
          if (address === undefined || known.has(account)) continue;
          accounts.prepare(SQL.removing).run(account, nowMs, shard);
        }
      });
    }
    return { accounts: accounts.value(SQL.accountCount) as number, held };
  } finally {
    accounts.close();
  }
}

function readyShard(
  path: string,
  { nowMs, createdMs }: { readonly nowMs: number; readonly createdMs: number },
): { readonly owners: readonly Owner[]; readonly count: number } {
  const db = openCopy(path, MAIL_SCHEMA);
  try {
    return db.transaction(() => {
      jumpAll(db, nowMs - createdMs);
      db.exec(SQL.unwitnessed);
      const why = `it waited when the backup of ${new Date(createdMs).toISOString()} was made, and may have left since`;
      db.prepare(SQL.told).run(nowMs, OUTGOING_EVENTS.indexOf('held'), why, WAITING);
      const count = db.prepare(SQL.hold).run(HELD, WAITING);
      return { owners: readRegister(db).owners, count };
    });
  } finally {
    db.close();
  }
}

export interface SnapshotAccount {
  readonly id: AccountId;
  /** Of `shards` the one that has its mail. */
  readonly shard: number;
  readonly shards: number;
}

/** Undefined when there is none of that address. `accounts`: the path of its `accounts.db`. */
export function accountIn(accounts: string, address: string): SnapshotAccount | undefined {
  const db = openCopy(accounts, ACCOUNTS_SCHEMA);
  try {
    const row = db.prepare(SQL.account).get(address);
    if (row === undefined) return undefined;
    return {
      id: row[0] as AccountId,
      shard: row[1] as number,
      shards: db.value(SQL.shards) as number,
    };
  } finally {
    db.close();
  }
}

/** Which files beside the database of its shard have octets of an account, as the shard calls them. */
export function filesOf(database: string, account: AccountId): readonly string[] {
  const db = openCopy(database, MAIL_SCHEMA);
  const range = accountRange(account);
  try {
    const segments = db.prepare(SQL.segmentsOf).all(...range);
    const packs = db.prepare(SQL.packsOf).all(...range, ...range);
    return [
      ...segments.map(([segment]) => `segments/${segmentName(segment as number)}`),
      ...packs.map(([kind]) => `packs/${packName(packOf(kind as number))}`),
    ];
  } finally {
    db.close();
  }
}

/** Whoever opens a folder says so instead of making the best of half of it. */
export function assertRestored(directory: string): void {
  if (!existsSync(join(directory, UNFINISHED_RESTORE))) return;
  throw new StoreError(
    'io',
    `${directory} was being restored from a backup, and that did not come to its end; run "brevduva restore" again, it begins anew`,
  );
}

function openCopy(path: string, schema: Schema): Database {
  const db = new Database(path);
  try {
    migrate(db, schema, { mayBeEmpty: false });
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}
