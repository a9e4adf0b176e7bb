/**
 * Messages whose mailbox has no row any more: only damage does that, since a mailbox is deleted together with a note
 * for the reaper. Mail that is there must not be let go of because its label was lost, so the mailbox gets a row again,
 * under a name that says what happened. Its counters and the usage of the account are left at what is safe;
 * the checker adds them up afterwards.
 *
 * Where no message is left, only history, the reaper gets the rest.
 */
import { EMPTY } from '../../base/bytes.ts';
import { bufferOf, type Database, type Row } from './database.ts';
import { accountOfKey, mailboxOfKey } from './keys.ts';

/** A message's place in a chunk's records, and its UID in the first octets of it (see `mailbox/model/record.ts`). */
const RECORD_BYTES = 32;

const LAST_CHUNK = 'SELECT first, count, records FROM chunk WHERE mailbox = ? ORDER BY first DESC LIMIT 1';
const ACCOUNT = 'SELECT modseq, next_uidvalidity FROM account WHERE id = ?';
const RECOVER = `INSERT INTO mailbox (id, uidvalidity, uidnext, modseq, created_modseq, "exists", unseen, deleted, bytes,
    subscribed, recent_from, expunged_floor, role, name, info_modseq)
  SELECT ?, ?, ?, ?, 1, (SELECT sum(count) FROM chunk WHERE mailbox = ?), 0, 0, 0, 1, 1, ?, NULL, ?, ?`;
/** Which emails there are at this modseq, and were before, is not known. */
const LOST_CHANGES = 'UPDATE account SET changes_floor = modseq + 1 WHERE id = ?';

/** `lost` are keys of mailboxes; an account without a row has nobody to give them to, and keeps them as they are. */
export function recoverMailboxes(db: Database, lost: readonly number[]): void {
  for (const key of lost) {
    const chunk = db.prepare(LAST_CHUNK).get(key);
    const account = db.prepare(ACCOUNT).get(accountOfKey(key));
    if (chunk === undefined) db.prepare('INSERT OR IGNORE INTO buried (mailbox) VALUES (?)').run(key);
    else if (account !== undefined) {
      const [modseq, uidValidity] = account as [number, number];
      const name = `Recovered ${mailboxOfKey(key)}`;
      db.prepare(RECOVER).run(key, uidValidity, uidNext(chunk), modseq, key, modseq, name, modseq);
      db.prepare(LOST_CHANGES).run(accountOfKey(key));
    }
  }
}

function uidNext([first, count, blob]: Row): number {
  const records = blob instanceof Uint8Array ? bufferOf(blob) : EMPTY;
  const last = records.length >= RECORD_BYTES ? records.readUInt32LE(records.length - RECORD_BYTES) : 0;
  return Math.max(last, (first as number) + (count as number) - 1) + 1;
}
