/** The step of a shard's schema that sharing came with. */

/** What accounts share (`model/shares.ts`), and what others have seen of it (`model/seen.ts`). */
export const SHARES = `
CREATE TABLE share (
  mailbox INTEGER NOT NULL,             -- account * 2^32 + mailbox
  identity TEXT NOT NULL,
  rights TEXT NOT NULL,
  PRIMARY KEY (mailbox, identity)
) WITHOUT ROWID;
CREATE INDEX share_by_identity ON share (identity);
CREATE TABLE seen (
  id INTEGER PRIMARY KEY,
  mailbox INTEGER NOT NULL,             -- account * 2^32 + mailbox
  reader INTEGER NOT NULL,              -- the account of who has seen it
  page INTEGER NOT NULL,
  bits BLOB NOT NULL
);
CREATE UNIQUE INDEX seen_page ON seen (mailbox, reader, page);
`;
