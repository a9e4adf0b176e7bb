/**
 * The mail of a shard in a new database: what was lost and follows from what was saved is computed again. Numbers that
 * clients have seen are not given out a second time for anything else.
 */
import { readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { bufferOf, type Database } from '../database.ts';
import { MAIL_SCHEMA } from '../schema/mail.ts';
import { segmentName } from '../segments.ts';
import { findPacked, keepPacks } from './packed.ts';
import { type Rebuilt, rebuildDatabase, type SavedTable } from './rebuild.ts';

const PER_ACCOUNT = 2 ** 32;

/**
 * What a lost row of an account said: each number above all that are known to have been given. The usage is added up by
 * the checker.
 */
const LOST_ACCOUNTS = `
  INSERT INTO account (id, modseq, next_mailbox, next_email, next_uidvalidity, used_bytes, used_messages, epoch)
  SELECT owner.id,
    max(coalesce((SELECT max(modseq) FROM mailbox WHERE id BETWEEN low AND high), 0),
      coalesce((SELECT max(maxmod) FROM chunk WHERE mailbox BETWEEN low AND high), 0),
      coalesce((SELECT max(modseq) FROM expunged WHERE account = owner.id), 0)) + 1,
    max(coalesce((SELECT max(id) FROM mailbox WHERE id BETWEEN low AND high), low),
      coalesce((SELECT max(mailbox) FROM chunk WHERE mailbox BETWEEN low AND high), low),
      coalesce((SELECT max(mailbox) FROM expunged WHERE account = owner.id), low)) - low + 1,
    coalesce((SELECT max(id) FROM email WHERE id BETWEEN low AND high), low) - low + 1,
    max(coalesce((SELECT max(uidvalidity) FROM mailbox WHERE id BETWEEN low AND high), 0) + 1, unixepoch()),
    0, 0, 0
  FROM (SELECT DISTINCT id / ${PER_ACCOUNT} AS id, id / ${PER_ACCOUNT} * ${PER_ACCOUNT} AS low,
      id / ${PER_ACCOUNT} * ${PER_ACCOUNT} + ${PER_ACCOUNT - 1} AS high
    FROM (SELECT id FROM mailbox UNION ALL SELECT id FROM email UNION ALL SELECT mailbox FROM chunk)) owner
  WHERE owner.id NOT IN (SELECT id FROM account)`;

/** The last stop was the worst there is, and each account's modseq jumps when it is next loaded (see lifecycle.ts). */
const FACTS = `
  INSERT OR IGNORE INTO store VALUES ('clean', 0), ('delayed', 1), ('epoch', 0), ('primed', 0);
  UPDATE store SET value = 0 WHERE key = 'clean';
  UPDATE store SET value = 1 WHERE key = 'delayed';
  UPDATE store SET value = 1 + max(value, (SELECT coalesce(max(epoch), 0) FROM account)) WHERE key = 'epoch'`;

/** What is missing of what was acknowledged, the witness knows. */
const LINEAGE = `
  INSERT OR IGNORE INTO store
    VALUES ('lineage', (SELECT coalesce(max(lineage), 0) FROM account)), ('witnessed', 0), ('removed', 0)`;

/** Nobody knows what was lost of what was there. */
const LOST_CHANGES = 'UPDATE account SET changes_floor = modseq';

/** Clients that come back with an older modseq are told what is there, not what has gone. */
const LOST_HISTORY = 'UPDATE mailbox SET expunged_floor = modseq';

/** Of an email whose row was damaged: it stays when its octets are as many as it says. What is known of others may be in a block. */
const UNPROVEN_EMAILS = `
  DELETE FROM email WHERE facts = x'' AND envelope >= 0 AND NOT EXISTS (SELECT 1 FROM blob
    WHERE blob.id = email.blob AND blob.size + coalesce(length(prefix), 0) = email.size)`;

export function rebuildMail(shardDirectory: string, stamp: string): Rebuilt {
  const path = join(shardDirectory, 'meta.db');
  const packs = join(shardDirectory, 'packs');
  const derive = (db: Database, tables: readonly SavedTable[]): void => {
    const isWhole = (table: string) => tables.some((one) => one.table === table && one.isWhole);
    db.transaction(() => {
      db.exec(LOST_ACCOUNTS);
      db.exec(FACTS);
      if (hasLineage(db)) db.exec(LINEAGE);
      if (hasChanges(db)) db.exec(LOST_CHANGES);
      if (!isWhole('expunged')) db.exec(LOST_HISTORY);
      if (!isWhole('blob')) findBlobs(db);
      if (hasPacks(db) && !['blob', 'email', 'part_use'].every(isWhole)) findPacked(db, packs);
      if (!isWhole('email')) db.exec(UNPROVEN_EMAILS);
    });
    if (isWhole('blob') && isWhole('email')) return;
    keepSegments(db, join(shardDirectory, 'segments'));
    keepPacks(db, packs);
  };
  return rebuildDatabase(path, MAIL_SCHEMA, { derive }, stamp);
}

/** It is of a version that has it. */
const hasLineage = (db: Database): boolean => hasColumn(db, 'lineage');
const hasChanges = (db: Database): boolean => hasColumn(db, 'changes_floor');

const hasPacks = (db: Database): boolean =>
  db.value("SELECT count(*) FROM pragma_table_list WHERE name = 'part_use'") === 1;

function hasColumn(db: Database, name: string): boolean {
  return db.value(`SELECT count(*) FROM pragma_table_info('account') WHERE name = '${name}'`) === 1;
}

/** Small messages are there with their octets: size and checksum follow from them. */
function findBlobs(db: Database): void {
  const lost = db.prepare('SELECT blob FROM spool WHERE blob NOT IN (SELECT id FROM blob)').all();
  for (const [id] of lost) {
    const bytes = bufferOf(db.prepare('SELECT bytes FROM spool WHERE blob = ?').get(id as number)?.[0]);
    db.prepare(`INSERT INTO blob (id, refs, size, crc32, kind, segment, offset)
      VALUES (?1, max(1, (SELECT count(*) FROM email WHERE blob = ?1)), ?2, ?3, 0, 0, 0)`).run(
      id as number,
      bytes.length,
      crc32(bytes),
    );
  }
}

/** A large message whose row is lost may yet be found by a person; the next start would delete what nothing refers to. */
function keepSegments(db: Database, directory: string): void {
  const used = new Set(
    db
      .prepare('SELECT DISTINCT segment FROM blob WHERE kind = 1')
      .all()
      .map(([id]) => id),
  );
  for (const name of readdirSync(directory)) {
    if (!/^[0-9a-f]{8}\.seg$/.test(name)) continue;
    const segment = Number.parseInt(name, 16);
    if (!used.has(segment))
      renameSync(join(directory, name), join(directory, `${segmentName(segment)}.lost`));
  }
}
