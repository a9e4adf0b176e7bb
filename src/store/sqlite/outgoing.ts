/**
 * Mail that is to leave, of one shard: reading it, and settling its recipients in turns like any other. What a batch brings is
 * written by `account-batch.ts`.
 */
import { setImmediate as yieldToLoop } from 'node:timers/promises';
import type { AccountId } from '../../mailbox/model/model.ts';
import {
  OUTGOING_EVENTS,
  OUTGOING_ROUTES,
  type Outgoing,
  type OutgoingId,
  type OutgoingLogEntry,
  outgoingAccount,
  RECIPIENT_STATES,
  type RecipientChange,
} from '../../mailbox/model/outgoing.ts';
import type { DuePlace, DueRecipient, OutgoingCounts } from '../../mailbox/port/outgoing.ts';
import type { StoreError } from '../../mailbox/port/store.ts';
import type { BatchContext } from './account-batch.ts';
import { BlobChanges } from './blobs.ts';
import type { Database, Row } from './database.ts';
import type { Submitted } from './group-commit.ts';
import { accountRange } from './keys.ts';
import { priorityIn } from './outgoing-flags.ts';
import { changeRecipient, known, outgoingOf, RECIPIENT_COLUMNS, recipientOf } from './outgoing-rows.ts';
import type { Work } from './transactions.ts';

/** About a millisecond of rows. */
const ROWS_PER_SLICE = 500;

/** Whether an account is in this shard. */
export type Has = (account: AccountId) => boolean;

const DUE = `outgoing, n, next, state, route, address, (SELECT flags FROM outgoing WHERE outgoing.id = recipient.outgoing)
  FROM recipient INDEXED BY recipient_due`;

const SQL = {
  due: `SELECT ${DUE} WHERE next IS NOT NULL AND (next, outgoing, n) > (?, ?, ?) AND next <= ?
    ORDER BY next, outgoing, n LIMIT ?`,
  message: 'SELECT * FROM outgoing WHERE id = ?',
  recipients: `SELECT ${RECIPIENT_COLUMNS} FROM recipient WHERE outgoing = ? ORDER BY n`,
  list: 'SELECT id FROM outgoing WHERE id > ? AND id <= ? ORDER BY id LIMIT ?',
  count: 'SELECT count(*) FROM (SELECT 1 FROM recipient WHERE outgoing BETWEEN ? AND ? LIMIT ?)',
  sizes: `SELECT o.id, e.size FROM outgoing o JOIN email e ON e.id = o.email
    WHERE o.id > ? AND o.id <= ? ORDER BY o.id LIMIT ?`,
  messages: 'SELECT count(*) FROM outgoing',
  countDue: 'SELECT count(*) FROM recipient INDEXED BY recipient_due WHERE next IS NOT NULL AND next <= ?',
  countHeld: 'SELECT count(*) FROM recipient INDEXED BY recipient_held WHERE next IS NULL',
  oldest: 'SELECT min(created) FROM outgoing',
  log: 'SELECT at, event, address, detail FROM outgoing_log WHERE outgoing = ? ORDER BY id DESC LIMIT ?',
  prune: `DELETE FROM outgoing_log WHERE id IN
    (SELECT id FROM (SELECT id, at FROM outgoing_log ORDER BY id LIMIT ?) WHERE at < ?)`,
} as const;

type Submit = (works: readonly Work[]) => Submitted;

export class OutgoingRows {
  readonly #context: Pick<BatchContext, 'db' | 'blobs' | 'destroyed' | 'sync'>;
  readonly #db: Database;
  readonly #submit: Submit;

  constructor(context: Pick<BatchContext, 'db' | 'blobs' | 'destroyed' | 'sync'>, submit: Submit) {
    this.#context = context;
    this.#db = context.db;
    this.#submit = submit;
  }

  /** Of accounts that are here (`has`); what others have left behind counts for nothing. */
  async due(
    untilMs: number,
    limit: number,
    after: DuePlace | undefined,
    has: Has,
  ): Promise<readonly DueRecipient[]> {
    const found: DueRecipient[] = [];
    let place: readonly [number, number, number] =
      after === undefined ? [Number.MIN_SAFE_INTEGER, 0, 0] : [after.nextMs, after.outgoing, after.n];
    for (let wanted = Math.min(limit, ROWS_PER_SLICE); ; wanted = ROWS_PER_SLICE) {
      const rows = this.#db
        .prepare(SQL.due)
        .all(...place, clipped(untilMs), wanted)
        .map(dueOf);
      for (const row of rows) if (has(outgoingAccount(row.outgoing))) found.push(row);
      const last = rows.at(-1);
      if (rows.length < wanted || found.length >= limit || last === undefined) return found.slice(0, limit);
      place = [last.nextMs, last.outgoing, last.n];
      await yieldToLoop();
    }
  }

  load(id: OutgoingId): Outgoing | undefined {
    const row = this.#db.prepare(SQL.message).get(id);
    if (row === undefined) return undefined;
    const recipients = this.#db.prepare(SQL.recipients).all(id);
    return { row: outgoingOf(row), recipients: recipients.map(recipientOf) };
  }

  list(after: number, limit: number, account: AccountId): readonly OutgoingId[] {
    const [first, last] = accountRange(account);
    return this.#idsIn(Math.max(after, first - 1), last, limit);
  }

  /** As `due`. */
  async listAll(after: number, limit: number, has: Has): Promise<readonly OutgoingId[]> {
    const found: OutgoingId[] = [];
    let last = after;
    for (let wanted = Math.min(limit, ROWS_PER_SLICE); ; wanted = ROWS_PER_SLICE) {
      const ids = this.#idsIn(last, Number.MAX_SAFE_INTEGER, wanted);
      for (const id of ids) if (has(outgoingAccount(id))) found.push(id);
      if (ids.length < wanted || found.length >= limit) return found.slice(0, limit);
      last = ids.at(-1) ?? last;
      await yieldToLoop();
    }
  }

  #idsIn(after: number, last: number, limit: number): readonly OutgoingId[] {
    return this.#db
      .prepare(SQL.list)
      .all(after, last, limit)
      .map(([id]) => id as OutgoingId);
  }

  countRecipients(account: AccountId, atMost: number): number {
    return this.#number(SQL.count, ...accountRange(account), atMost) ?? 0;
  }

  async countOctets(account: AccountId): Promise<number> {
    let octets = 0;
    const [first, end] = accountRange(account);
    for (let after = first - 1; ; await yieldToLoop()) {
      const rows = this.#db.prepare(SQL.sizes).all(after, end, ROWS_PER_SLICE);
      for (const [id, size] of rows) {
        octets += size as number;
        after = id as number;
      }
      if (rows.length < ROWS_PER_SLICE) return octets;
    }
  }

  measure(nowMs: number): OutgoingCounts {
    return {
      messages: this.#number(SQL.messages) ?? 0,
      due: this.#number(SQL.countDue, nowMs) ?? 0,
      held: this.#number(SQL.countHeld) ?? 0,
      oldestMs: this.#number(SQL.oldest),
    };
  }

  /** One account a piece of work, so that a change that is refused takes nobody else's with it. */
  async settle(changes: readonly RecipientChange[]): Promise<readonly (boolean | StoreError)[]> {
    const byAccount = Map.groupBy(changes.keys(), (i) =>
      outgoingAccount((changes[i] as RecipientChange).outgoing),
    );
    const outcomes = new Array<boolean | StoreError>(changes.length).fill(false);
    const works = [...byAccount].map(([account, indexes]) => this.#work(account, changes, indexes, outcomes));
    const { committed, durable } = this.#submit(works);
    durable.catch(() => {});
    const errors = await committed;
    for (const [at, [, indexes]] of [...byAccount].entries()) {
      const error = errors[at];
      if (error !== undefined) for (const i of indexes) outcomes[i] = error;
    }
    await durable;
    return outcomes;
  }

  log(outgoing: OutgoingId, limit: number): readonly OutgoingLogEntry[] {
    const rows = this.#db.prepare(SQL.log).all(outgoing, limit);
    return rows.toReversed().map(([atMs, event, address, detail]) => ({
      outgoing,
      atMs: atMs as number,
      event: known(OUTGOING_EVENTS, event),
      address: address as string,
      detail: detail as string,
    }));
  }

  async pruneLog(beforeMs: number, limit: number): Promise<number> {
    let pruned = 0;
    const apply = (): void => {
      pruned = this.#db.prepare(SQL.prune).run(limit, beforeMs);
    };
    const { committed, durable } = this.#submit([{ apply }]);
    durable.catch(() => {});
    const [error] = await committed;
    if (error !== undefined) throw error;
    await durable;
    return pruned;
  }

  #work(
    account: AccountId,
    changes: readonly RecipientChange[],
    indexes: readonly number[],
    outcomes: (boolean | StoreError)[],
  ): Work {
    const { db, blobs, destroyed, sync } = this.#context;
    let freed = new BlobChanges();
    return {
      apply: () => {
        if (destroyed.has(account)) return;
        freed = new BlobChanges();
        const context = { db, blobs, changes: freed };
        for (const i of indexes) outcomes[i] = changeRecipient(context, changes[i] as RecipientChange);
      },
      undo: () => blobs.rollback(freed),
      done: () => blobs.settle(freed, sync),
    };
  }

  #number(sql: string, ...values: readonly number[]): number | undefined {
    return (this.#db.prepare(sql).get(...values)?.[0] ?? undefined) as number | undefined;
  }
}

/** SQLite takes no infinity for a number that is compared with whole ones. */
const clipped = (ms: number): number => Math.min(ms, Number.MAX_SAFE_INTEGER);

function dueOf([outgoing, n, nextMs, state, route, address, flags]: Row): DueRecipient {
  return {
    outgoing: outgoing as OutgoingId,
    n: n as number,
    nextMs: nextMs as number,
    state: known(RECIPIENT_STATES, state),
    route: known(OUTGOING_ROUTES, route),
    address: address as string,
    priority: priorityIn((flags as number | null) ?? 0),
  };
}
