/** The step of a shard's schema that packs came with. */

/** Packs (`packs/format.ts`), and the parts that messages in them are made of. */
export const PACKS = `
CREATE INDEX blob_by_pack ON blob (kind, segment, offset) WHERE kind >= 2;
CREATE TABLE part (
  blob INTEGER PRIMARY KEY,
  size INTEGER NOT NULL,
  hash BLOB NOT NULL                    -- SHA-256 of its octets
);
CREATE UNIQUE INDEX part_by_hash ON part (hash);
CREATE TABLE part_use (
  blob INTEGER NOT NULL,                -- the message
  n INTEGER NOT NULL,
  part INTEGER NOT NULL,                -- the blob of the part
  PRIMARY KEY (blob, n)
) WITHOUT ROWID;
`;
