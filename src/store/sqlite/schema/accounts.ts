/**
 * The tables of `accounts.db`: who may sign in and with what, which domains and aliases there are, how many shards there are and
 * which of them exist. An account that is being removed has no address, so that a new person can have it at once.
 */
import type { Schema } from '../migrate.ts';

const STEP_1 = `
-- 'shards': how many, fixed when the data directory is made. 'shard-NN': 1 once that shard is on disk.
CREATE TABLE store (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;

-- AUTOINCREMENT: a number is never given twice, so leftovers of a removed account cannot become somebody else's mail.
CREATE TABLE account (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  address TEXT UNIQUE,
  password TEXT NOT NULL,
  quota_bytes INTEGER,
  quota_messages INTEGER,
  created INTEGER NOT NULL,
  settings TEXT NOT NULL                -- JSON
);
`;

/** Its shards know the number that this data directory was given, and their accounts: see `register.ts`. */
const STEP_2 = `
CREATE TABLE identity (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO identity VALUES ('installation', lower(hex(randomblob(16))));
-- 'changes': of the accounts, as many as were ever made.
INSERT INTO store VALUES ('changes', 0);
`;

/** The place of an account is a fact, not a sum: it can move, and accounts that belong together can live together. */
const STEP_3 = `
ALTER TABLE account ADD COLUMN shard INTEGER NOT NULL DEFAULT 0;
UPDATE account SET shard = id % coalesce((SELECT value FROM store WHERE key = 'shards'), 1);
`;

/** One person signs in with more than one thing. AUTOINCREMENT: what was signed in with a number stays known by it. */
const STEP_4 = `
CREATE TABLE credential (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account INTEGER NOT NULL,
  kind TEXT NOT NULL,
  secret TEXT NOT NULL,
  created INTEGER NOT NULL,
  detail TEXT NOT NULL                  -- JSON
);
CREATE INDEX credential_account ON credential (account);
INSERT INTO credential (account, kind, secret, created, detail)
  SELECT id, 'password', password, created, '{}' FROM account WHERE address IS NOT NULL ORDER BY id;
ALTER TABLE account DROP COLUMN password;
`;

/** Domains with the keys that sign for them, and addresses that lead to others. The names are as `identity/address.ts` has them. */
const STEP_5 = `
CREATE TABLE domain (
  name TEXT PRIMARY KEY,
  created INTEGER NOT NULL,
  detail TEXT NOT NULL                  -- JSON
) WITHOUT ROWID;
CREATE TABLE domain_key (
  domain TEXT NOT NULL,
  selector TEXT NOT NULL,
  algorithm TEXT NOT NULL,
  state TEXT NOT NULL,
  since INTEGER NOT NULL,
  secret TEXT NOT NULL,                 -- PEM
  detail TEXT NOT NULL,                 -- JSON
  PRIMARY KEY (domain, selector)
) WITHOUT ROWID;
CREATE TABLE alias (
  address TEXT PRIMARY KEY,
  targets TEXT NOT NULL,                -- JSON
  created INTEGER NOT NULL
) WITHOUT ROWID;
`;

/** -1 in any of the three says that there is no limit; NULL says nothing, so that the domain or the configuration does. */
const STEP_6 = `
ALTER TABLE account ADD COLUMN quota_mailboxes INTEGER DEFAULT NULL;
`;

export const ACCOUNTS_SCHEMA: Schema = {
  applicationId: 0x42564131,
  steps: [STEP_1, STEP_2, STEP_3, STEP_4, STEP_5, STEP_6],
};
