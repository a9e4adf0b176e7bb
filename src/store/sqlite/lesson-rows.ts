/** The rows of lessons: one of an email, the last one that it gave. */
import type { Lesson } from '../../mailbox/model/lessons.ts';
import type { EmailId } from '../../mailbox/model/model.ts';
import type { Database } from './database.ts';

const SQL = {
  after: 'SELECT email, spam FROM lesson WHERE email > ? ORDER BY email LIMIT ?',
  put: 'REPLACE INTO lesson (email, at, spam) VALUES (?, ?, ?)',
  drop: 'DELETE FROM lesson WHERE email = ? AND spam = ?',
} as const;

export function lessonsAfter(db: Database, after: number, limit: number): readonly Lesson[] {
  return db
    .prepare(SQL.after)
    .all(after, limit)
    .map(([email, spam]) => ({ email: email as EmailId, isSpam: spam === 1 }));
}

export function putLesson(db: Database, { email, isSpam }: Lesson): void {
  db.prepare(SQL.put).run(email, Date.now(), Number(isSpam));
}

export function dropLesson(db: Database, { email, isSpam }: Lesson): void {
  db.prepare(SQL.drop).run(email, Number(isSpam));
}
