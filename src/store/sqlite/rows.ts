/**
 * Reading accounts, mailboxes, chunks and history. Every call is a few short statements; a caller that asks for many
 * chunks at once gets them in slices with the event loop running in between.
 */
import { setImmediate as yieldToLoop } from 'node:timers/promises';
import type { AnnotationRow } from '../../mailbox/model/annotations.ts';
import { HISTORY_KINDS } from '../../mailbox/model/history.ts';
import type { KeywordRow } from '../../mailbox/model/keywords.ts';
import type {
  AccountId,
  AccountRow,
  MailboxId,
  MailboxRow,
  ModSeq,
  Role,
  Uid,
  UidValidity,
} from '../../mailbox/model/model.ts';
import type { ScriptRow } from '../../mailbox/model/rules.ts';
import {
  type BuriedMailbox,
  type ChunkRow,
  type ExternalId,
  type HistoryEntry,
  type HistoryPlace,
  type HistoryRow,
  type LoadedAccount,
  type LoadedMailbox,
  type MailStore,
  StoreError,
} from '../../mailbox/port/store.ts';
import { annotationsOf } from './annotation-rows.ts';
import { correspondenceOf } from './correspondent-rows.ts';
import { assertAscending, bufferOf, type Database, type Row, type SqlValue } from './database.ts';
import { unpackTrace } from './import-trace.ts';
import { accountRange, KEYWORD_KINDS, mailboxKey, mailboxOfKey } from './keys.ts';
import { scriptsOf } from './rule-rows.ts';
import { SUBSCRIBED_UNASKED } from './schema/mail.ts';
import { seenOf, sharesOf } from './share-rows.ts';

/** About a millisecond of chunks. */
const CHUNKS_PER_SLICE = 100;

const SQL = {
  account: `SELECT modseq, next_mailbox, next_email, next_uidvalidity, used_bytes, used_messages, facts_version,
      history_floor, changes_floor, email_modseq, mailbox_modseq, unthreaded,
      room_told, refused_since, refused_bytes
    FROM account WHERE id = ?`,
  behind: 'SELECT id FROM account WHERE facts_version < ? OR unthreaded > 0 ORDER BY id',
  orphans: 'SELECT names FROM orphan_subscriptions WHERE account = ?',
  keywords: 'SELECT * FROM keyword WHERE mailbox BETWEEN ? AND ? ORDER BY mailbox, kind, number',
  mailboxes: 'SELECT * FROM mailbox WHERE id BETWEEN ? AND ? ORDER BY id',
  chunks: `SELECT first, count, maxmod, records FROM chunk
    WHERE mailbox = ? AND first > ? ORDER BY first LIMIT ?`,
  lastChunk: 'SELECT first, count, maxmod, records FROM chunk WHERE mailbox = ? ORDER BY first DESC LIMIT 1',
  history: `SELECT modseq, mailbox, kind, emails, numbers, at, records IS NOT NULL FROM expunged
    WHERE account = ? AND modseq > ? ORDER BY modseq LIMIT ?`,
  measure: 'SELECT count(*), coalesce(sum(numbers), 0) FROM expunged WHERE account = ?',
  expunged: `SELECT modseq, mailbox, kind, emails, numbers, at, uids, records, deletion FROM expunged
    WHERE mailbox = ? AND modseq > ? AND kind = 0 ORDER BY modseq LIMIT ?`,
  // Each half reads its index from where the page begins, no further than the page is long.
  unreleased: `SELECT modseq, mailbox, kind, emails, numbers, at, uids, records, deletion FROM expunged
    WHERE id IN (SELECT id FROM (SELECT id FROM expunged INDEXED BY expunged_unreleased
        WHERE account = ?1 AND at >= ?5 AND at < ?2 AND (at > ?5 OR modseq > ?6)
          AND records IS NOT NULL AND (?2 = ?3 OR deletion IS NOT NULL)
        ORDER BY at, modseq LIMIT ?4)
      UNION ALL SELECT id FROM (SELECT id FROM expunged INDEXED BY expunged_brief
        WHERE account = ?1 AND at >= ?5 AND at < ?3 AND (at > ?5 OR modseq > ?6)
          AND records IS NOT NULL AND deletion IS NULL AND ?2 <> ?3
        ORDER BY at, modseq LIMIT ?4))
    ORDER BY at, modseq LIMIT ?4`,
  recoverable: `SELECT modseq, mailbox, kind, emails, numbers, at, uids, records, deletion FROM expunged
    INDEXED BY expunged_unreleased
    WHERE account = ? AND at < ? AND records IS NOT NULL AND deletion IS NOT NULL
    ORDER BY at DESC, id DESC LIMIT ? OFFSET ?`,
  toReap: `SELECT account FROM expunged INDEXED BY expunged_due
      WHERE at < ?1 AND records IS NOT NULL AND (?1 = ?2 OR deletion IS NOT NULL)
    UNION SELECT account FROM expunged INDEXED BY expunged_brief
      WHERE at < ?2 AND records IS NOT NULL AND deletion IS NULL
    UNION SELECT mailbox / 4294967296 FROM buried WHERE at < ?1`,
  buried: `SELECT mailbox, at, deletion FROM buried WHERE mailbox BETWEEN ? AND ?
    AND (EXISTS (SELECT 1 FROM chunk c WHERE c.mailbox = buried.mailbox)
      OR EXISTS (SELECT 1 FROM expunged e INDEXED BY expunged_unreleased
        WHERE e.account = ? AND e.records IS NOT NULL AND e.mailbox = buried.mailbox))`,
  externalIds: 'SELECT uid, name FROM external_id WHERE mailbox = ? AND uid > ? ORDER BY uid LIMIT ?',
  imported: 'SELECT 1 FROM imported WHERE mailbox = ? AND key = ?',
  traces: `SELECT key, trace FROM imported WHERE mailbox = ? AND key > ? AND key <= ? AND trace <> x''
    ORDER BY key LIMIT ?`,
} as const;

export class RowReader {
  readonly #db: Database;
  readonly #onTrouble: (error: Error) => void;

  constructor(db: Database, onTrouble: (error: Error) => void) {
    this.#db = db;
    this.#onTrouble = onTrouble;
  }

  account(account: AccountId): AccountRow | undefined {
    const row = this.#db.prepare(SQL.account).get(account);
    if (row === undefined) return undefined;
    const orphanSubscriptions = this.#orphans(account);
    return this.#understood([row], (it) => ({ ...accountRow(it), orphanSubscriptions }))[0];
  }

  /** Nobody is kept from his mail for their sake. */
  #orphans(account: AccountId): string[] {
    try {
      const row = this.#db.prepare(SQL.orphans).get(account);
      return row === undefined ? [] : (JSON.parse(row[0] as string) as string[]);
    } catch (error) {
      this.#onTrouble(error as Error);
      return [];
    }
  }

  mailboxes(account: AccountId): readonly LoadedMailbox[] {
    const keywords = this.#keywords(account);
    const rows = this.#db.prepare(SQL.mailboxes).all(...accountRange(account));
    return this.#understood(rows, mailboxRow).map((row) => ({
      ...row,
      keywords: keywords.get(row.id) ?? [],
    }));
  }

  /** Mail that nobody sorts is better than none. */
  scripts(account: AccountId): readonly ScriptRow[] {
    try {
      return scriptsOf(this.#db, account);
    } catch (error) {
      this.#onTrouble(error as Error);
      return [];
    }
  }

  /** As scripts: without it the account gets another. */
  correspondence(account: AccountId): Pick<LoadedAccount, 'correspondence'> {
    try {
      const correspondence = correspondenceOf(this.#db, account);
      return correspondence === undefined ? {} : { correspondence };
    } catch (error) {
      this.#onTrouble(error as Error);
      return {};
    }
  }

  /** As scripts: what cannot be read is shared with nobody. */
  shares(account: AccountId): Pick<LoadedAccount, 'shares' | 'seen'> {
    try {
      const shares = sharesOf(this.#db, account);
      const seen = seenOf(this.#db, account);
      return { ...(shares.length > 0 && { shares }), ...(seen.length > 0 && { seen }) };
    } catch (error) {
      this.#onTrouble(error as Error);
      return {};
    }
  }

  /** As scripts. */
  annotations(account: AccountId): readonly AnnotationRow[] {
    try {
      return annotationsOf(this.#db, account);
    } catch (error) {
      this.#onTrouble(error as Error);
      return [];
    }
  }

  /** Mail without its labels is better than none. */
  #keywords(account: AccountId): ReadonlyMap<MailboxId, readonly KeywordRow[]> {
    const keywords = new Map<MailboxId, KeywordRow[]>();
    try {
      for (const row of this.#db.prepare(SQL.keywords).all(...accountRange(account))) {
        const mailbox = mailboxOfKey(row[0] as number);
        const known = keywords.get(mailbox);
        if (known === undefined) keywords.set(mailbox, [keywordRow(row)]);
        else known.push(keywordRow(row));
      }
    } catch (error) {
      this.#onTrouble(error as Error);
    }
    return keywords;
  }

  /** A row may hold anything once a bit of it has flipped. */
  #understood<T>(rows: readonly Row[], understand: (row: Row) => T): T[] {
    try {
      return rows.map(understand);
    } catch (cause) {
      throw new StoreError('damaged', `${this.#db.path}: a row makes no sense`, { cause });
    }
  }

  async chunks(
    account: AccountId,
    mailbox: MailboxId,
    after: number,
    limit: number,
  ): Promise<readonly ChunkRow[]> {
    const found: ChunkRow[] = [];
    for (let from = after; ; await yieldToLoop()) {
      const wanted = Math.min(limit - found.length, CHUNKS_PER_SLICE);
      const rows = this.#db.prepare(SQL.chunks).all(mailboxKey(account, mailbox), from, wanted);
      assertAscending(rows, from, `chunks of mailbox ${mailbox} of account ${account}`);
      found.push(...this.#understood(rows, (row) => chunkRow(mailbox, row)));
      if (rows.length < wanted || found.length >= limit) return found;
      from = (found.at(-1) as ChunkRow).first;
    }
  }

  lastChunk(account: AccountId, mailbox: MailboxId): ChunkRow | undefined {
    const row = this.#db.prepare(SQL.lastChunk).get(mailboxKey(account, mailbox));
    return row && this.#understood([row], (one) => chunkRow(mailbox, one))[0];
  }

  expunged(account: AccountId, mailbox: MailboxId, after: ModSeq, limit: number): readonly HistoryRow[] {
    const rows = this.#db.prepare(SQL.expunged).all(mailboxKey(account, mailbox), after, limit);
    assertAscending(rows, after, `expunges of mailbox ${mailbox} of account ${account}`);
    return this.#understood(rows, historyRow);
  }

  history(account: AccountId, after: ModSeq, limit: number): readonly HistoryEntry[] {
    const rows = this.#db.prepare(SQL.history).all(account, after, limit);
    assertAscending(rows, after, `the history of account ${account}`);
    return this.#understood(rows, (row) => ({ ...historyOf(row), isHeld: row[6] !== 0 }));
  }

  measureHistory(account: AccountId): { readonly rows: number; readonly numbers: number } {
    const [rows, numbers] = this.#db.prepare(SQL.measure).get(account) as [number, number];
    return { rows, numbers };
  }

  unreleased(
    account: AccountId,
    beforeMs: number,
    limit: number,
    after?: HistoryPlace,
    brief = beforeMs,
  ): readonly HistoryRow[] {
    const { atMs, modseq } = after ?? { atMs: Number.MIN_SAFE_INTEGER, modseq: 0 };
    const rows = this.#db.prepare(SQL.unreleased).all(account, beforeMs, brief, limit, atMs, modseq);
    return this.#understood(rows, historyRow);
  }

  recoverable(account: AccountId, beforeMs: number, limit: number, skip: number): readonly HistoryRow[] {
    const rows = this.#db.prepare(SQL.recoverable).all(account, beforeMs, limit, skip);
    return this.#understood(rows, historyRow);
  }

  accountsToReap(beforeMs: number, briefBeforeMs: number): readonly AccountId[] {
    return this.#db
      .prepare(SQL.toReap)
      .all(beforeMs, briefBeforeMs)
      .map((row) => row[0] as AccountId);
  }

  accountsBehind(factsVersion: number): readonly AccountId[] {
    return this.#db
      .prepare(SQL.behind)
      .all(factsVersion)
      .map((row) => row[0] as AccountId);
  }

  buried(account: AccountId): readonly BuriedMailbox[] {
    const rows = this.#db.prepare(SQL.buried).all(...accountRange(account), account);
    return this.#understood(rows, ([key, at, deletion = null]) => ({
      id: mailboxOfKey(number(key)),
      atMs: number(at),
      ...(deletion !== null && { deletion: blob(deletion) }),
    }));
  }

  externalIds(account: AccountId, mailbox: MailboxId, after: number, limit: number): readonly ExternalId[] {
    const rows = this.#db.prepare(SQL.externalIds).all(mailboxKey(account, mailbox), after, limit);
    assertAscending(rows, after, `names of messages in mailbox ${mailbox} of account ${account}`);
    return rows.map((row) => ({ mailbox, uid: row[0] as Uid, id: row[1] as string }));
  }

  whichImported(account: AccountId, mailbox: MailboxId, keys: readonly Buffer[]): readonly boolean[] {
    const key = mailboxKey(account, mailbox);
    const statement = this.#db.prepare(SQL.imported);
    return keys.map((it) => statement.get(key, it) !== undefined);
  }

  loadImported(...[account, mailbox, { after, upTo }, limit]: Parameters<MailStore['loadImported']>) {
    const rows = this.#db.prepare(SQL.traces).all(mailboxKey(account, mailbox), after, upTo, limit);
    return rows.map(([key, trace]) => ({ key: bufferOf(key), ...unpackTrace(bufferOf(trace)) }));
  }
}

function keywordRow([, kind, number, value]: Row): KeywordRow {
  if (typeof number !== 'number' || typeof value !== 'string') throw new TypeError('not a keyword');
  if (kind === KEYWORD_KINDS.name) return { kind: 'name', number, name: value };
  return { kind: 'set', number, members: value.split(',').map(Number) };
}

function accountRow(row: Row): Omit<AccountRow, 'orphanSubscriptions'> {
  return {
    modseq: number(row[0]) as ModSeq,
    nextMailbox: number(row[1]),
    nextEmail: number(row[2]),
    nextUidValidity: number(row[3]),
    usedBytes: number(row[4]),
    usedMessages: number(row[5]),
    factsVersion: number(row[6]),
    historyFloor: number(row[7]) as ModSeq,
    changesFloor: number(row[8]) as ModSeq,
    emailModseq: number(row[9]) as ModSeq,
    mailboxModseq: number(row[10]) as ModSeq,
    unthreaded: number(row[11]),
    roomTold: number(row[12]),
    refusedSinceMs: number(row[13]),
    refusedBytes: number(row[14]),
  };
}

function chunkRow(mailbox: MailboxId, row: Row): ChunkRow {
  return {
    mailbox,
    first: number(row[0]) as Uid,
    count: number(row[1]),
    maxModseq: number(row[2]) as ModSeq,
    records: blob(row[3]),
  };
}

function historyRow(row: Row): HistoryRow {
  const records = row[7] === null ? undefined : blob(row[7]);
  const deletion = row[8] === null ? {} : { deletion: blob(row[8]) };
  return { ...historyOf(row), uids: blob(row[6]), records, ...deletion };
}

function historyOf(row: Row): Omit<HistoryEntry, 'isHeld'> {
  const kind = HISTORY_KINDS[number(row[2])];
  if (kind === undefined) throw new TypeError('not a kind of history');
  return {
    modseq: number(row[0]) as ModSeq,
    mailbox: mailboxOfKey(number(row[1])),
    kind,
    emails: blob(row[3]),
    numbers: number(row[4]),
    atMs: number(row[5]),
  };
}

/** In the order of the columns of `mailbox`. */
function mailboxRow(row: Row): MailboxRow {
  if (typeof row[13] !== 'string') throw new TypeError('not a name');
  return {
    id: mailboxOfKey(number(row[0])),
    uidValidity: number(row[1]) as UidValidity,
    uidNext: number(row[2]) as Uid,
    modseq: number(row[3]) as ModSeq,
    createdModseq: number(row[4]) as ModSeq,
    exists: number(row[5]),
    unseen: number(row[6]),
    deleted: number(row[7]),
    bytes: number(row[8]),
    subscribed: row[9] !== 0,
    isSubscribedUnasked: row[9] === SUBSCRIBED_UNASKED,
    recentFrom: number(row[10]) as Uid,
    expungedFloor: number(row[11]) as ModSeq,
    ...(row[12] === null ? {} : { role: row[12] as Role }),
    name: row[13],
    firstUnseen: number(row[14]),
    infoModseq: number(row[15]) as ModSeq,
    sortOrder: number(row[16]),
  };
}

function number(value: SqlValue | undefined): number {
  if (typeof value !== 'number') throw new TypeError('not a number');
  return value;
}

function blob(value: SqlValue | undefined): Buffer {
  if (!(value instanceof Uint8Array)) throw new TypeError('not octets');
  return bufferOf(value);
}
