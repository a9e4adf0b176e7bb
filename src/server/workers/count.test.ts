import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadConfig } from '../../config/load.ts';
import { OPTIONS } from '../../config/options.ts';
import { shardCount, workerCount } from './count.ts';

const configured = (flags: Readonly<Record<string, string>>) => loadConfig({ env: {}, flags }, OPTIONS);
const NOWHERE = join(tmpdir(), 'brevduva-nowhere');

test('one process on small machines, on others one for each core, at most eight', () => {
  const config = configured({ data: NOWHERE });
  const counts = [1, 2, 3, 4, 8, 12, 64].map((cores) => [
    workerCount(config, cores).workers,
    shardCount(config, cores),
  ]);
  assert.deepEqual(counts, [
    [1, 1],
    [1, 1],
    [3, 8],
    [4, 8],
    [8, 8],
    [8, 8],
    [8, 16],
  ]);
});

test('as many as were asked for, as long as each has a shard', () => {
  const data = mkdtempSync(join(tmpdir(), 'brevduva-count-'));
  try {
    for (const shard of ['shard-00', 'shard-01', 'shard-02']) mkdirSync(join(data, shard));
    assert.deepEqual(workerCount(configured({ data, workers: '5' }), 2), { workers: 3, wanted: 5 });
    assert.deepEqual(workerCount(configured({ data, workers: '2' }), 8), { workers: 2, wanted: 2 });
    assert.deepEqual(
      workerCount(configured({ data }), 8),
      { workers: 3, wanted: 3 },
      'nobody asked for more',
    );
    const asked = configured({ data: NOWHERE, workers: '4', 'store.shards': '6' });
    assert.deepEqual(workerCount(asked, 1), { workers: 4, wanted: 4 });
  } finally {
    rmSync(data, { recursive: true });
  }
});
