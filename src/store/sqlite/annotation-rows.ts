/** The rows of annotations: of mailboxes, and of the account under the number 0. An account has few. */
import type { AnnotationPlace, AnnotationRow } from '../../mailbox/model/annotations.ts';
import type { AccountId } from '../../mailbox/model/model.ts';
import { StoreError } from '../../mailbox/port/store.ts';
import { bufferOf, type Database } from './database.ts';
import { accountRange, mailboxKey, mailboxOfKey } from './keys.ts';

const SQL = {
  rows: 'SELECT mailbox, name, length(value) FROM annotation WHERE mailbox BETWEEN ? AND ? ORDER BY mailbox, name',
  value: 'SELECT value FROM annotation WHERE mailbox = ? AND name = ?',
  update: 'UPDATE annotation SET value = ? WHERE mailbox = ? AND name = ?',
  insert: 'INSERT INTO annotation (value, mailbox, name) VALUES (?, ?, ?)',
  drop: 'DELETE FROM annotation WHERE mailbox = ? AND name = ?',
} as const;

export function annotationsOf(db: Database, account: AccountId): readonly AnnotationRow[] {
  return db
    .prepare(SQL.rows)
    .all(...accountRange(account))
    .map(([key, name, sizeBytes]) => {
      if (typeof name !== 'string' || typeof sizeBytes !== 'number')
        throw new StoreError('damaged', 'a row makes no sense');
      return { mailbox: mailboxOfKey(key as number), name, sizeBytes };
    });
}

/** In the order asked. */
export function annotationValues(
  db: Database,
  account: AccountId,
  places: readonly AnnotationPlace[],
): readonly (Buffer | undefined)[] {
  return places.map(({ mailbox, name }) => {
    const row = db.prepare(SQL.value).get(mailboxKey(account, mailbox), name);
    return row && bufferOf(row[0]);
  });
}

export function putAnnotation(
  db: Database,
  account: AccountId,
  { mailbox, name }: AnnotationPlace,
  value: Buffer | undefined,
): void {
  const key = mailboxKey(account, mailbox);
  if (value === undefined) db.prepare(SQL.drop).run(key, name);
  else if (db.prepare(SQL.update).run(value, key, name) === 0) db.prepare(SQL.insert).run(value, key, name);
}
