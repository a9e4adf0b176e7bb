/**
 * What is left of a deleted mailbox once the reaper has let go of its messages: the mark in `buried`, its import keys,
 * external ids and keywords, which may be hundreds of thousands. They go in slices, in the background, and again after a
 * restart. Marks that cannot be read stay where they are: nobody waits for what they stand for.
 */
import { setImmediate as yieldToLoop } from 'node:timers/promises';
import type { Database } from './database.ts';
import type { GroupCommit } from './group-commit.ts';
import { accountOfKey } from './keys.ts';

const KEYS_PER_SLICE = 200;

const SQL = {
  all: 'SELECT mailbox FROM buried',
  isEmpty: `SELECT 1 FROM buried WHERE mailbox = ?1
    AND NOT EXISTS (SELECT 1 FROM chunk WHERE mailbox = ?1)
    AND NOT EXISTS (SELECT 1 FROM expunged INDEXED BY expunged_unreleased
      WHERE account = ?2 AND records IS NOT NULL AND mailbox = ?1)`,
  keys: `DELETE FROM imported WHERE (mailbox, key) IN
    (SELECT mailbox, key FROM imported WHERE mailbox = ? LIMIT ${KEYS_PER_SLICE})`,
  externalIds: `DELETE FROM external_id WHERE (mailbox, uid) IN
    (SELECT mailbox, uid FROM external_id WHERE mailbox = ? LIMIT ${KEYS_PER_SLICE})`,
  keywords: `DELETE FROM keyword WHERE (mailbox, kind, number) IN
    (SELECT mailbox, kind, number FROM keyword WHERE mailbox = ? LIMIT ${KEYS_PER_SLICE})`,
  remove: 'DELETE FROM buried WHERE mailbox = ?',
} as const;

export class Graves {
  readonly #db: Database;
  readonly #commits: GroupCommit;
  #work: Promise<void> = Promise.resolve();
  #isClosed = false;

  readonly #onTrouble: (error: Error) => void;

  constructor(db: Database, commits: GroupCommit, onTrouble: (error: Error) => void) {
    this.#db = db;
    this.#commits = commits;
    this.#onTrouble = onTrouble;
  }

  lookAtAll(): void {
    try {
      const rows = this.#db.prepare(SQL.all).all();
      this.look(rows.map((row) => row[0] as number));
    } catch (error) {
      this.#onTrouble(error as Error);
    }
  }

  look(mailboxKeys: readonly number[]): void {
    const empty = mailboxKeys.filter((key) => this.#isEmpty(key));
    for (const key of empty) this.#work = this.#work.then(() => this.#clear(key)).catch(() => {});
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return this.#work;
  }

  #isEmpty(mailbox: number): boolean {
    try {
      return this.#db.prepare(SQL.isEmpty).get(mailbox, accountOfKey(mailbox)) !== undefined;
    } catch (error) {
      this.#onTrouble(error as Error);
      return false;
    }
  }

  /** A failure (a full disk) leaves the mark, and the next start tries again. */
  async #clear(mailbox: number): Promise<void> {
    for (let changed = KEYS_PER_SLICE; changed > 0; await yieldToLoop()) {
      if (this.#isClosed) return;
      await this.#commits.perform({
        apply: () => {
          const { keys, externalIds, keywords } = SQL;
          changed = 0;
          for (const sql of [keys, externalIds, keywords]) changed += this.#db.prepare(sql).run(mailbox);
          if (changed === 0) this.#db.prepare(SQL.remove).run(mailbox);
        },
      });
    }
  }
}
