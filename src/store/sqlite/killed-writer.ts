/**
 * The process that `trouble.test.ts` kills: it writes batches until it dies and prints the number of each one that is
 * durable. Not part of the server.
 */
import { writeSync } from 'node:fs';
import { ALICE, aBatch, aChunk, aMailbox, anEmail, commit, email, someBytes, staged } from '../fixtures.ts';
import { openSqliteStore } from './open.ts';

const store = await openSqliteStore({ directory: process.argv[2] as string, checkpointBytes: 100_000 });
for (let n = (await store.loadAccount(ALICE))?.row.modseq ?? 0; ; n++) {
  const blob = await staged(store, someBytes(n % 10 === 0 ? 80_000 : 1000, n));
  await commit(
    store,
    aBatch(n, {
      emails: [anEmail(email(n + 1), blob)],
      chunks: [aChunk(1, `${n}`)],
      mailboxes: [aMailbox()],
    }),
  );
  writeSync(1, `${n + 1}\n`);
}
