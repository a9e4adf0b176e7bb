/** The step of a shard's schema that knowing people came with. */

/** Whom an account knows (`model/correspondents.ts`). */
export const CORRESPONDENTS = `
CREATE TABLE correspondence (
  id INTEGER PRIMARY KEY,               -- account * 2^32
  unread INTEGER NOT NULL,              -- the first email whose people may not be known; 0: none
  secret BLOB NOT NULL,
  version INTEGER NOT NULL              -- of how keys are made with it
);
CREATE TABLE correspondent (
  account INTEGER NOT NULL,             -- account * 2^32
  key BLOB NOT NULL,
  kinds INTEGER NOT NULL,               -- bits of KNOWN
  since INTEGER NOT NULL,               -- the next email's number when it was noted
  PRIMARY KEY (account, key)
) WITHOUT ROWID;
`;
