/**
 * Runs below `shim.c`: a log so long that its index has to grow, which fails. All that was to be committed is in the log
 * then, and was refused. Prints what of it a killed process would leave behind.
 *
 *     node log-index.ts WORK
 */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { ALICE, aBatch, aChunk, commit, INBOX } from '../../../src/store/fixtures.ts';
import { openSqliteStore } from '../../../src/store/sqlite/open.ts';
import { DiskControl } from './control.ts';

const [work = ''] = process.argv.slice(2);
const control = new DiskControl(process.env.FAILING_CONTROL ?? '');
/** Two frames a batch; the first part of the index holds 4062, each further one 4096. */
const ENOUGH = 3000;

const directory = join(work, 'data');
const store = await openSqliteStore({ directory, checkpointBytes: 1e9 });
control.order({ at: 1, times: 1_000_000, error: 'ENOSPC', part: 0, hasSyncs: false, suffix: '-shm' });
let modseq = 0;
for (; modseq < ENOUGH; modseq++) {
  const batch = aBatch(modseq, { chunks: [aChunk(1, `change ${modseq}`)] });
  const [error] = await store.write([batch]).committed;
  if (error === undefined) continue;
  process.stdout.write(`refused ${error.code}\n`);
  break;
}
cpSync(directory, join(work, 'killed'), { recursive: true });
const { failed } = control.end();
const killed = await openSqliteStore({ directory: join(work, 'killed') });
const stored = (await killed.loadAccount(ALICE))?.row.modseq;
const chunks = await killed.loadChunks(ALICE, INBOX, 0, 9);
process.stdout.write(
  `failed ${failed > 0}, acknowledged ${modseq}, stored ${stored}, ${chunks[0]?.records}\n`,
);
await killed.close();
await commit(store, aBatch(modseq, { chunks: [aChunk(1, 'goes on')] }));
await store.close();
process.stdout.write('goes on\n');
