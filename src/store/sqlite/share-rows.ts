/** The rows of what an account shares: who has which rights in its mailboxes, and what others have seen of them. */
import type { AccountId, MailboxId } from '../../mailbox/model/model.ts';
import { NO_RIGHTS, type Rights, readRights } from '../../mailbox/model/rights.ts';
import { SEEN_PAGE_BYTES, type SeenRow } from '../../mailbox/model/seen.ts';
import type { Identity, ShareRow } from '../../mailbox/model/shares.ts';
import { StoreError } from '../../mailbox/port/store.ts';
import { bufferOf, type Database } from './database.ts';
import { accountRange, mailboxKey, mailboxOfKey } from './keys.ts';

const SQL = {
  shares:
    'SELECT mailbox, identity, rights FROM share WHERE mailbox BETWEEN ? AND ? ORDER BY mailbox, identity',
  put: 'REPLACE INTO share (mailbox, identity, rights) VALUES (?, ?, ?)',
  drop: 'DELETE FROM share WHERE mailbox = ? AND identity = ?',
  sharers: 'SELECT DISTINCT mailbox >> 32 FROM share WHERE identity = ? LIMIT ?',
  seen: 'SELECT mailbox, reader, page, bits FROM seen WHERE mailbox BETWEEN ? AND ? ORDER BY mailbox, reader, page',
  putSeen: 'INSERT INTO seen (mailbox, reader, page, bits) VALUES (?, ?, ?, ?)',
  updateSeen: 'UPDATE seen SET bits = ? WHERE mailbox = ? AND reader = ? AND page = ?',
  dropSeen: 'DELETE FROM seen WHERE mailbox = ? AND reader = ? AND page = ?',
} as const;

export function sharesOf(db: Database, account: AccountId): readonly ShareRow[] {
  return db
    .prepare(SQL.shares)
    .all(...accountRange(account))
    .map(([key, identity, letters]) => {
      const read = typeof letters === 'string' ? readRights(letters) : undefined;
      if (typeof identity !== 'string' || read === undefined || 'unknown' in read)
        throw new StoreError('damaged', 'a row makes no sense');
      return { mailbox: mailboxOfKey(key as number), identity, rights: read.rights };
    });
}

export function putShare(
  db: Database,
  account: AccountId,
  { mailbox, identity, rights }: { mailbox: MailboxId; identity: Identity; rights: Rights },
): void {
  const key = mailboxKey(account, mailbox);
  if (rights === NO_RIGHTS) db.prepare(SQL.drop).run(key, identity);
  else db.prepare(SQL.put).run(key, identity, rights);
}

/** Each once, in no order. */
export function sharersWith(
  db: Database,
  identities: readonly Identity[],
  limit: number,
): ReadonlySet<AccountId> {
  const found = new Set<AccountId>();
  for (const identity of identities)
    for (const [account] of db.prepare(SQL.sharers).all(identity, limit)) found.add(account as AccountId);
  return found;
}

export function seenOf(db: Database, account: AccountId): readonly SeenRow[] {
  return db
    .prepare(SQL.seen)
    .all(...accountRange(account))
    .map(([key, reader, page, octets]) => {
      const bits = bufferOf(octets);
      if (bits.length !== SEEN_PAGE_BYTES) throw new StoreError('damaged', 'a row makes no sense');
      const mailbox = mailboxOfKey(key as number);
      return { mailbox, reader: reader as AccountId, page: page as number, bits };
    });
}

export function putSeen(
  db: Database,
  account: AccountId,
  { mailbox, reader, page, bits }: Omit<SeenRow, 'bits'> & { readonly bits: Buffer | undefined },
): void {
  const key = mailboxKey(account, mailbox);
  if (bits === undefined) db.prepare(SQL.dropSeen).run(key, reader, page);
  else if (db.prepare(SQL.updateSeen).run(bits, key, reader, page) === 0)
    db.prepare(SQL.putSeen).run(key, reader, page, bits);
}
