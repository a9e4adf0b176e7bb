/**
 * Reading accounts, mailboxes, chunks and history. Every call is a few short statements; a caller that asks for many
 * chunks at once gets them in slices with the event loop running in between.
 */
import { setImmediate as yieldToLoop } from 'node:timers/promises';
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
import type { ChunkRow, ExpungedRow, ExternalId, LoadedMailbox } from '../../mailbox/port/store.ts';
import { bufferOf, type Database, type Row } from './database.ts';
import { accountRange, KEYWORD_KINDS, mailboxKey, mailboxOfKey } from './keys.ts';
import { SUBSCRIBED_UNASKED } from './schema/mail.ts';

/** About a millisecond of chunks. */
const CHUNKS_PER_SLICE = 100;

const SQL = {
  account: `SELECT modseq, next_mailbox, next_email, next_uidvalidity, used_bytes, used_messages
    FROM account WHERE id = ?`,
  orphans: 'SELECT names FROM orphan_subscriptions WHERE account = ?',
  keywords: 'SELECT * FROM keyword WHERE mailbox BETWEEN ? AND ? ORDER BY mailbox, kind, number',
  mailboxes: 'SELECT * FROM mailbox WHERE id BETWEEN ? AND ? ORDER BY id',
  chunks: `SELECT first, count, maxmod, records FROM chunk
    WHERE mailbox = ? AND first > ? ORDER BY first LIMIT ?`,
  lastChunk: 'SELECT first, count, maxmod, records FROM chunk WHERE mailbox = ? ORDER BY first DESC LIMIT 1',
  expunged: `SELECT mailbox, modseq, at, uids, records FROM expunged
    WHERE mailbox = ? AND modseq > ? ORDER BY modseq LIMIT ?`,
  unreleased: `SELECT mailbox, modseq, at, uids, records FROM expunged
    WHERE account = ? AND at < ? AND records IS NOT NULL ORDER BY at, id LIMIT ? OFFSET ?`,
  toReap: `SELECT account FROM expunged WHERE records IS NOT NULL
    UNION SELECT mailbox / 4294967296 FROM buried`,
  expungedCount: 'SELECT count(*) FROM expunged WHERE mailbox = ?',
  buried: `SELECT mailbox FROM buried WHERE mailbox BETWEEN ? AND ?
    AND (EXISTS (SELECT 1 FROM chunk c WHERE c.mailbox = buried.mailbox)
      OR EXISTS (SELECT 1 FROM expunged e WHERE e.mailbox = buried.mailbox))`,
  externalIds: 'SELECT uid, name FROM external_id WHERE mailbox = ? AND uid > ? ORDER BY uid LIMIT ?',
  imported: 'SELECT 1 FROM imported WHERE mailbox = ? AND key = ?',
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
    return {
      modseq: row[0] as ModSeq,
      nextMailbox: row[1] as number,
      nextEmail: row[2] as number,
      nextUidValidity: row[3] as number,
      usedBytes: row[4] as number,
      usedMessages: row[5] as number,
      orphanSubscriptions: this.#orphans(account),
    };
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
    return rows.map(mailboxRow).map((row) => ({ ...row, keywords: keywords.get(row.id) ?? [] }));
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
      for (const row of rows) found.push(chunkRow(mailbox, row));
      if (rows.length < wanted || found.length >= limit) return found;
      from = (found.at(-1) as ChunkRow).first;
    }
  }

  lastChunk(account: AccountId, mailbox: MailboxId): ChunkRow | undefined {
    const row = this.#db.prepare(SQL.lastChunk).get(mailboxKey(account, mailbox));
    return row && chunkRow(mailbox, row);
  }

  expunged(account: AccountId, mailbox: MailboxId, after: ModSeq, limit: number): readonly ExpungedRow[] {
    return this.#db.prepare(SQL.expunged).all(mailboxKey(account, mailbox), after, limit).map(expungedRow);
  }

  countExpunged(account: AccountId, mailbox: MailboxId): number {
    return this.#db.prepare(SQL.expungedCount).get(mailboxKey(account, mailbox))?.[0] as number;
  }

  unreleased(account: AccountId, beforeMs: number, limit: number, skip = 0): readonly ExpungedRow[] {
    return this.#db.prepare(SQL.unreleased).all(account, beforeMs, limit, skip).map(expungedRow);
  }

  accountsToReap(): readonly AccountId[] {
    return this.#db
      .prepare(SQL.toReap)
      .all()
      .map((row) => row[0] as AccountId);
  }

  buried(account: AccountId): readonly MailboxId[] {
    const rows = this.#db.prepare(SQL.buried).all(...accountRange(account));
    return rows.map((row) => mailboxOfKey(row[0] as number));
  }

  externalIds(account: AccountId, mailbox: MailboxId, after: number, limit: number): readonly ExternalId[] {
    const rows = this.#db.prepare(SQL.externalIds).all(mailboxKey(account, mailbox), after, limit);
    return rows.map((row) => ({ mailbox, uid: row[0] as Uid, id: row[1] as string }));
  }

  whichImported(account: AccountId, mailbox: MailboxId, keys: readonly Buffer[]): readonly boolean[] {
    const key = mailboxKey(account, mailbox);
    const statement = this.#db.prepare(SQL.imported);
    return keys.map((it) => statement.get(key, it) !== undefined);
  }
}

function keywordRow([, kind, number, value]: Row): KeywordRow {
  if (kind === KEYWORD_KINDS.name) return { kind: 'name', number: number as number, name: value as string };
  return { kind: 'set', number: number as number, members: (value as string).split(',').map(Number) };
}

function chunkRow(mailbox: MailboxId, row: Row): ChunkRow {
  return {
    mailbox,
    first: row[0] as Uid,
    count: row[1] as number,
    maxModseq: row[2] as ModSeq,
    records: bufferOf(row[3]),
  };
}

function expungedRow(row: Row): ExpungedRow {
  return {
    mailbox: mailboxOfKey(row[0] as number),
    modseq: row[1] as ModSeq,
    atMs: row[2] as number,
    uids: bufferOf(row[3]),
    records: row[4] === null ? undefined : bufferOf(row[4]),
  };
}

/** In the order of the columns of `mailbox`. */
function mailboxRow(row: Row): MailboxRow {
  return {
    id: mailboxOfKey(row[0] as number),
    uidValidity: row[1] as UidValidity,
    uidNext: row[2] as Uid,
    modseq: row[3] as ModSeq,
    createdModseq: row[4] as ModSeq,
    exists: row[5] as number,
    unseen: row[6] as number,
    deleted: row[7] as number,
    bytes: row[8] as number,
    subscribed: row[9] !== 0,
    isSubscribedUnasked: row[9] === SUBSCRIBED_UNASKED,
    recentFrom: row[10] as Uid,
    expungedFloor: row[11] as ModSeq,
    ...(row[12] === null ? {} : { role: row[12] as Role }),
    name: row[13] as string,
    firstUnseen: row[14] as number,
  };
}
