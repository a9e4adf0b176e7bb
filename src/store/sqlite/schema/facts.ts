/** The step of a shard's schema that blocks of facts came with. */

/**
 * What is known of packed emails (`packs/fact-block.ts`). The row of such an email has -1 for `envelope`, the number of the block
 * in its account for `structure`, no facts, and there is no row of `derived`.
 */
export const FACTS = `
CREATE TABLE fact_block (
  id INTEGER PRIMARY KEY,               -- account * 2^32 + n
  made INTEGER NOT NULL,
  count INTEGER NOT NULL,               -- of emails, those that have gone since among them
  bytes INTEGER NOT NULL,               -- of what is in it, before it was compressed
  sum INTEGER NOT NULL,                 -- of the three columns
  wire BLOB NOT NULL,
  listing BLOB NOT NULL,
  search BLOB NOT NULL
);
`;
