/**
 * Who refers to an email: messages that show it, mail that is to leave. An email starts with one reference; those beyond it are counted in
 * a table of their own, because most emails have none.
 */
import type { EmailId } from '../../mailbox/model/model.ts';
import { StoreError } from '../../mailbox/port/store.ts';
import type { BlobChanges, Blobs } from './blobs.ts';
import type { Database } from './database.ts';
import { forgetThread } from './threads.ts';

const SQL = {
  has: 'SELECT 1 FROM email WHERE id = ?',
  retain: 'INSERT INTO extra_reference VALUES (?, 1) ON CONFLICT (email) DO UPDATE SET n = n + 1',
  release: 'UPDATE extra_reference SET n = n - 1 WHERE email = ? RETURNING n',
  forgetExtra: 'DELETE FROM extra_reference WHERE email = ?',
  deleteEmail: 'DELETE FROM email WHERE id = ? RETURNING blob, thread, thread_keys',
  forgetDerived: 'DELETE FROM derived WHERE email = ?',
} as const;

/** One reference more. Throws `damaged` when the email is gone. */
export function retainEmail(db: Database, id: EmailId): void {
  if (db.prepare(SQL.has).get(id) === undefined)
    throw new StoreError('damaged', `email ${id} is gone and cannot be referred to again`);
  db.prepare(SQL.retain).run(id);
}

/** One reference less; at none the row goes, and the bytes when no other email has them. Returns the thread that it was in then. */
export function releaseEmail(
  { db, blobs }: { readonly db: Database; readonly blobs: Blobs },
  id: EmailId,
  changes: BlobChanges,
): number | undefined {
  const extra = db.prepare(SQL.release).get(id);
  if (extra !== undefined) {
    if (extra[0] === 0) db.prepare(SQL.forgetExtra).run(id);
    return undefined;
  }
  const row = db.prepare(SQL.deleteEmail).get(id);
  db.prepare(SQL.forgetDerived).run(id);
  if (row === undefined) return undefined;
  const [blob, thread = null, keys = null] = row;
  forgetThread(db, id, thread, keys);
  blobs.release(blob as number, changes);
  return typeof thread === 'number' && thread > 0 ? thread : undefined;
}
