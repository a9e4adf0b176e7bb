/**
 * The tables of one shard's `meta.db`. Keys are single integers below 2^53 wherever a row is hot:
 *
 * - an email is `account * 2^32 + n` (its EmailId), a mailbox is `account * 2^32 + id` (`mailboxKey`), so that one
 *   account is one range of every table;
 * - large rows sit in rowid tables, because a WITHOUT ROWID row overflows at about 1,000 bytes while a rowid row
 *   may fill its page: a chunk of up to 3,900 bytes is one page, and a change of flags writes that page and two small rows.
 *
 * There is no index on modseq of messages: it would treble what a change writes (`maxmod` of the chunks is enough).
 */
import type { Schema } from '../migrate.ts';
import { CORRESPONDENTS } from './correspondents.ts';
import { FACTS } from './facts.ts';
import { IMPORT_TRACES } from './import-traces.ts';
import { PACKS } from './packs.ts';
import { SHARES } from './shares.ts';

/** Where the bytes of a blob are. From KIND_PACK on it is the number of a pack, see `packs/`, with KIND_PACK added. */
export const KIND_SPOOL = 0;
export const KIND_SEGMENT = 1;
export const KIND_PACK = 2;

/** In `mailbox.subscribed`, where 1 is a subscription that was asked for, or is older than this difference. */
export const SUBSCRIBED_UNASKED = 2;

const STEP_1 = `
-- Facts about this shard by name: 'clean', 'delayed', 'epoch', 'primed'.
CREATE TABLE store (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE account (
  id INTEGER PRIMARY KEY,
  modseq INTEGER NOT NULL,
  next_mailbox INTEGER NOT NULL,
  next_email INTEGER NOT NULL,
  next_uidvalidity INTEGER NOT NULL,
  used_bytes INTEGER NOT NULL,
  used_messages INTEGER NOT NULL,
  epoch INTEGER NOT NULL                -- of the store when this row was last seen to be safe, see lifecycle.ts
);

-- Cold and perhaps large, so not in the row that every change writes.
CREATE TABLE orphan_subscriptions (account INTEGER PRIMARY KEY, names TEXT NOT NULL);

CREATE TABLE mailbox (
  id INTEGER PRIMARY KEY,               -- account * 2^32 + mailbox
  uidvalidity INTEGER NOT NULL,
  uidnext INTEGER NOT NULL,
  modseq INTEGER NOT NULL,
  created_modseq INTEGER NOT NULL,
  "exists" INTEGER NOT NULL,
  unseen INTEGER NOT NULL,
  deleted INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  subscribed INTEGER NOT NULL,
  recent_from INTEGER NOT NULL,
  expunged_floor INTEGER NOT NULL,
  role TEXT,
  name TEXT NOT NULL,
  keywords TEXT NOT NULL,               -- JSON
  keyword_sets TEXT NOT NULL,           -- JSON
  first_unseen INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE chunk (
  id INTEGER PRIMARY KEY,
  mailbox INTEGER NOT NULL,
  first INTEGER NOT NULL,
  count INTEGER NOT NULL,
  maxmod INTEGER NOT NULL,
  records BLOB NOT NULL
);
CREATE UNIQUE INDEX chunk_by_uid ON chunk (mailbox, first);

-- Facts are envelope, body structure and part table one after the other and a checksum, see emails.ts.
CREATE TABLE email (
  id INTEGER PRIMARY KEY,
  blob INTEGER NOT NULL,
  size INTEGER NOT NULL,                -- prefix and blob together
  prefix BLOB,                          -- octets of this email alone, before those of the blob
  envelope INTEGER NOT NULL,            -- length in facts
  structure INTEGER NOT NULL,           -- length in facts; the part table follows
  facts BLOB NOT NULL
);
-- References beyond the first: most emails have none.
CREATE TABLE extra_reference (email INTEGER PRIMARY KEY, n INTEGER NOT NULL);

CREATE TABLE blob (
  id INTEGER PRIMARY KEY,
  refs INTEGER NOT NULL,
  size INTEGER NOT NULL,
  crc32 INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  segment INTEGER NOT NULL,
  offset INTEGER NOT NULL
);
CREATE INDEX blob_by_segment ON blob (segment, offset) WHERE kind = 1;
CREATE TABLE spool (blob INTEGER PRIMARY KEY, bytes BLOB NOT NULL);

CREATE TABLE expunged (
  id INTEGER PRIMARY KEY,
  mailbox INTEGER NOT NULL,
  modseq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  account INTEGER NOT NULL,
  uids BLOB NOT NULL,
  records BLOB
);
CREATE UNIQUE INDEX expunged_by_modseq ON expunged (mailbox, modseq);
CREATE INDEX expunged_unreleased ON expunged (account, at) WHERE records IS NOT NULL;

-- Deleted mailboxes that still have chunks, history or import keys.
CREATE TABLE buried (mailbox INTEGER PRIMARY KEY);

-- Names of messages from the server they were moved here from; they go when the message does.
CREATE TABLE external_id (
  mailbox INTEGER NOT NULL,
  uid INTEGER NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (mailbox, uid)
) WITHOUT ROWID;
CREATE UNIQUE INDEX external_id_by_name ON external_id (mailbox, name);

CREATE TABLE imported (mailbox INTEGER NOT NULL, key BLOB NOT NULL, PRIMARY KEY (mailbox, key)) WITHOUT ROWID;

INSERT INTO store VALUES ('clean', 1), ('delayed', 0), ('epoch', 0), ('primed', 0);
`;

/** Keywords were JSON in the mailbox's row, which every change of a flag writes. Labels that are damaged are lost. */
const STEP_2 = `
CREATE TABLE keyword (
  mailbox INTEGER NOT NULL,
  kind INTEGER NOT NULL,                -- KEYWORD_KINDS
  number INTEGER NOT NULL,
  value TEXT NOT NULL,                  -- of a name itself, of a set the numbers of its names
  PRIMARY KEY (mailbox, kind, number)
) WITHOUT ROWID;

INSERT INTO keyword SELECT m.id, 0, name.key, name.value FROM mailbox m, json_each(iif(json_valid(m.keywords), m.keywords, '[]')) name;
INSERT INTO keyword
  SELECT m.id, 1, one.key + 1, (SELECT group_concat(member.value) FROM json_each(one.value) member)
  FROM mailbox m, json_each(iif(json_valid(m.keyword_sets), m.keyword_sets, '[]')) one WHERE json_array_length(one.value) > 0;

ALTER TABLE mailbox DROP COLUMN keywords;
ALTER TABLE mailbox DROP COLUMN keyword_sets;
`;

const STEP_3 = `
-- Which shard of which data directory this is: 'installation', 'number', 'shards'.
CREATE TABLE identity (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- The accounts that were ever made here, with their addresses; a removed one has none. See register.ts.
CREATE TABLE owner (account INTEGER PRIMARY KEY, address TEXT);

-- What was found missing at a start, until somebody has acknowledged it. See lineage.ts.
CREATE TABLE incident (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, what TEXT NOT NULL);

-- Of the store when the numbers of this account were last seen to be safe, as epoch is. See lineage.ts.
ALTER TABLE account ADD COLUMN lineage INTEGER NOT NULL DEFAULT 0;

-- 'lineage', 'witnessed' (there is a record of this shard in the witness), 'removed' (the modseqs of removed accounts).
INSERT INTO store VALUES ('lineage', 0), ('witnessed', 0), ('removed', 0);
`;

/**
 * What delivery computes and no client is sent as it stands: apart from what is, so that reading the one does not turn the
 * pages of the other. Emails of version 0.1 get theirs from the upkeep, account by account.
 */
const STEP_4 = `
CREATE TABLE derived (email INTEGER PRIMARY KEY, record BLOB NOT NULL); -- fact-record.ts
ALTER TABLE account ADD COLUMN facts_version INTEGER NOT NULL DEFAULT 1;
`;

/**
 * `expunged` held what left mailboxes, for QRESYNC; from here on it is the history of the account (`model/history.ts`), and
 * old rows of it are of the kind `expunged`. Which emails they were about was not kept.
 */
const STEP_5 = `
ALTER TABLE expunged ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;      -- HISTORY_KINDS
ALTER TABLE expunged ADD COLUMN emails BLOB NOT NULL DEFAULT x'';
ALTER TABLE expunged ADD COLUMN numbers INTEGER NOT NULL DEFAULT 0;
DROP INDEX expunged_by_modseq;
CREATE INDEX expunged_by_modseq ON expunged (mailbox, modseq) WHERE kind = 0;
CREATE INDEX history_by_modseq ON expunged (account, modseq, numbers);

ALTER TABLE account ADD COLUMN history_floor INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN changes_floor INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN email_modseq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN mailbox_modseq INTEGER NOT NULL DEFAULT 0;
UPDATE account SET changes_floor = modseq, email_modseq = modseq, mailbox_modseq = modseq;

ALTER TABLE mailbox ADD COLUMN info_modseq INTEGER NOT NULL DEFAULT 0; -- of before: below every floor
`;

/**
 * Threads. An email says its own, in a row that is written anyway; one that began it is in no other table. What finds a thread
 * follows from that, in the order in which it is asked for: own ids, then the newest. Emails from before get theirs from
 * the upkeep.
 */
const STEP_6 = `
ALTER TABLE email ADD COLUMN thread INTEGER NOT NULL DEFAULT 0;       -- number of the email that began it; 0: none yet
ALTER TABLE email ADD COLUMN thread_keys BLOB NOT NULL DEFAULT x'';   -- threads.ts
CREATE TABLE thread_member (
  thread INTEGER NOT NULL,              -- the email that began it
  email INTEGER NOT NULL,               -- another one
  PRIMARY KEY (thread, email)
) WITHOUT ROWID;
CREATE TABLE thread_key (
  key INTEGER NOT NULL,                 -- account * 2^32 + half of the hash of an id
  rest INTEGER NOT NULL,                -- the other half
  own INTEGER NOT NULL,
  email INTEGER NOT NULL,               -- its number in the account, and what its row says:
  thread INTEGER NOT NULL,
  subject INTEGER NOT NULL,
  PRIMARY KEY (key, rest, own DESC, email DESC)
) WITHOUT ROWID;
ALTER TABLE account ADD COLUMN unthreaded INTEGER NOT NULL DEFAULT 1;
`;

/**
 * Mail that is to leave (`model/outgoing.ts`). The keys are an account's range, as those of emails are; a recipient that has ended is a
 * line of the log.
 */
const STEP_7 = `
CREATE TABLE outgoing (
  id INTEGER PRIMARY KEY,               -- account * 2^32 + n, of the numbers of emails
  email INTEGER NOT NULL,
  kind INTEGER NOT NULL,                -- OUTGOING_KINDS
  flags INTEGER NOT NULL,               -- outgoing-rows.ts
  ret INTEGER NOT NULL,                 -- 0: not said, 1: full, 2: headers
  created INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  hold_until INTEGER NOT NULL,          -- 0: at once
  body_from INTEGER NOT NULL,
  sender TEXT NOT NULL,
  envid TEXT,
  header BLOB
);
CREATE INDEX outgoing_by_age ON outgoing (created);
CREATE TABLE recipient (
  id INTEGER PRIMARY KEY,               -- of no meaning: no page of such a table is more than its own rows
  outgoing INTEGER NOT NULL,
  n INTEGER NOT NULL,
  state INTEGER NOT NULL,               -- RECIPIENT_STATES
  route INTEGER NOT NULL,               -- OUTGOING_ROUTES
  notify INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  told INTEGER NOT NULL,
  next INTEGER,                         -- null: held
  last_at INTEGER,
  address TEXT NOT NULL,
  orcpt TEXT,
  last_host TEXT,
  last_reply TEXT
);
CREATE UNIQUE INDEX recipient_of ON recipient (outgoing, n);
CREATE INDEX recipient_due ON recipient (next, outgoing, n) WHERE next IS NOT NULL;
CREATE INDEX recipient_held ON recipient (state) WHERE next IS NULL;
CREATE TABLE outgoing_log (
  id INTEGER PRIMARY KEY,
  outgoing INTEGER NOT NULL,
  at INTEGER NOT NULL,
  event INTEGER NOT NULL,               -- OUTGOING_EVENTS
  address TEXT NOT NULL,
  detail TEXT NOT NULL
);
CREATE INDEX outgoing_log_by_outgoing ON outgoing_log (outgoing);
`;

/** Rules: scripts, what they are to remember, and what they did. Keys are `account * 2^32` and more, as everywhere. */
const STEP_8 = `
CREATE TABLE script (
  id INTEGER PRIMARY KEY,
  active INTEGER NOT NULL,
  changed INTEGER NOT NULL,
  size INTEGER NOT NULL,
  role TEXT NOT NULL,
  name TEXT NOT NULL,
  hash TEXT NOT NULL,
  text BLOB NOT NULL                    -- last: the others are read without it
);
CREATE TABLE remembered (
  key INTEGER NOT NULL,                 -- account * 2^32 + the first four octets
  rest INTEGER NOT NULL,                -- the other six
  until INTEGER NOT NULL,
  PRIMARY KEY (key, rest)
) WITHOUT ROWID;
CREATE TABLE rule_entry (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  entry BLOB NOT NULL
);
`;

/** Annotations (`model/annotations.ts`). Values may be large, so the key is not the row. */
const STEP_9 = `
CREATE TABLE annotation (
  id INTEGER PRIMARY KEY,
  mailbox INTEGER NOT NULL,             -- account * 2^32 + mailbox; the account's own: 0
  name TEXT NOT NULL,
  value BLOB NOT NULL
);
CREATE UNIQUE INDEX annotation_by_name ON annotation (mailbox, name);
`;

/** Where a mailbox stands among its neighbours (RFC 8621 §2). */
const STEP_10 = `
ALTER TABLE mailbox ADD COLUMN sort_order INTEGER NOT NULL DEFAULT 0;
`;

/** What belongs to an account beside its mail (`model/belongings.ts`). */
const STEP_11 = `
CREATE TABLE belonging (
  id INTEGER PRIMARY KEY,               -- account * 2^32 + a number that no email has
  kind TEXT NOT NULL,
  created INTEGER NOT NULL,             -- modseqs
  modseq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  value BLOB                            -- null: it is gone, and that is still told
);
`;

/** What filters are to learn from emails (`model/lessons.ts`). */
const STEP_12 = `
CREATE TABLE lesson (
  email INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  spam INTEGER NOT NULL
);
`;

/** In which threads emails were that are gone, for as long as the history may name them. */
const STEP_13 = `
CREATE TABLE thread_leaver (
  thread INTEGER NOT NULL,              -- as in thread_member
  email INTEGER NOT NULL,
  account INTEGER NOT NULL,
  modseq INTEGER NOT NULL,              -- of when its last octet went
  PRIMARY KEY (thread, email)
) WITHOUT ROWID;
CREATE INDEX thread_leaver_by_age ON thread_leaver (account, modseq);
`;

/**
 * How mail that was deleted can be brought back (`model/deletion.ts`), and since when. What was deleted before this step is let go of
 * as it was then.
 */
const STEP_14 = `
ALTER TABLE expunged ADD COLUMN deletion BLOB DEFAULT NULL;
ALTER TABLE buried ADD COLUMN deletion BLOB DEFAULT NULL;
ALTER TABLE buried ADD COLUMN at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX expunged_due ON expunged (at, account) WHERE records IS NOT NULL;
CREATE INDEX expunged_brief ON expunged (account, at) WHERE records IS NOT NULL AND deletion IS NULL;
`;

/** What the owner was told of how full the account is, and since when mail is refused for it (`model/room.ts`). */
const STEP_15 = `
ALTER TABLE account ADD COLUMN room_told INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN refused_since INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN refused_bytes INTEGER NOT NULL DEFAULT 0;
`;

export const MAIL_SCHEMA: Schema = {
  applicationId: 0x42564d31,
  steps: [
    STEP_1,
    STEP_2,
    STEP_3,
    STEP_4,
    STEP_5,
    STEP_6,
    STEP_7,
    STEP_8,
    STEP_9,
    STEP_10,
    STEP_11,
    STEP_12,
    STEP_13,
    STEP_14,
    STEP_15,
    CORRESPONDENTS,
    PACKS,
    IMPORT_TRACES,
    FACTS,
    SHARES,
  ],
};
