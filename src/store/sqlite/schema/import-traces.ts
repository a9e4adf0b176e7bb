/** The step of a shard's schema that mail from other servers came with, which goes on changing there while it comes. */

/** Which message an imported one has become, and what its flags were where it is from (`port/rows.ts`, ImportTrace). */
export const IMPORT_TRACES = `
ALTER TABLE imported ADD COLUMN trace BLOB NOT NULL DEFAULT x'';      -- import-trace.ts
`;
