/** The rows of what belongs to an account beside its mail. */
import { BELONGING_KINDS, type BelongingKind, type BelongingRow } from '../../mailbox/model/belongings.ts';
import { type AccountId, asModSeq } from '../../mailbox/model/model.ts';
import { StoreError } from '../../mailbox/port/store.ts';
import { bufferOf, type Database } from './database.ts';
import { accountRange } from './keys.ts';

const SQL = {
  after: `SELECT id, kind, created, modseq, at, value FROM belonging WHERE id > ? AND id <= ? ORDER BY id LIMIT ?`,
  put: 'REPLACE INTO belonging (id, kind, created, modseq, at, value) VALUES (?, ?, ?, ?, ?, ?)',
  forget: 'DELETE FROM belonging WHERE id = ?',
} as const;

export function belongingsAfter(
  db: Database,
  account: AccountId,
  after: number,
  limit: number,
): readonly BelongingRow[] {
  const [first, last] = accountRange(account);
  return db
    .prepare(SQL.after)
    .all(first + after, last, limit)
    .map(([id, kind, created, modseq, atMs, value]) => {
      if (!BELONGING_KINDS.includes(kind as BelongingKind))
        throw new StoreError('damaged', 'a row makes no sense');
      return {
        id: (id as number) - first,
        kind: kind as BelongingKind,
        createdModseq: asModSeq(created as number),
        modseq: asModSeq(modseq as number),
        atMs: atMs as number,
        value: value === null ? undefined : bufferOf(value),
      };
    });
}

export function putBelonging(db: Database, account: AccountId, row: BelongingRow): void {
  const id = accountRange(account)[0] + row.id;
  db.prepare(SQL.put).run(id, row.kind, row.createdModseq, row.modseq, row.atMs, row.value ?? null);
}

export function forgetBelonging(db: Database, account: AccountId, id: number): void {
  db.prepare(SQL.forget).run(accountRange(account)[0] + id);
}
