import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { SharedSync } from './shared-sync.ts';

function aFile(t: { after(work: () => void): void }): number {
  const directory = mkdtempSync(join(tmpdir(), 'brevduva-sync-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return openSync(join(directory, 'file'), 'w');
}

test('who asks while a sync runs shares the next one', async (t) => {
  const fd = aFile(t);
  const syncs = new SharedSync(fd);
  writeSync(fd, 'one');
  const first = syncs.sync();
  writeSync(fd, 'two');
  const second = syncs.sync();
  assert.notEqual(first, second, 'what was written behind its start is not covered');
  assert.equal(syncs.sync(), second);
  await first;
  await second;
  await syncs.sync();
  closeSync(fd);
});

test('after one that failed nothing is believed', async (t) => {
  const fd = aFile(t);
  const syncs = new SharedSync(fd);
  closeSync(fd);
  const [first, second] = [syncs.sync(), syncs.sync()];
  await assert.rejects(first, { code: 'EBADF' });
  await assert.rejects(second, { code: 'EBADF' });
  await assert.rejects(syncs.sync(), { code: 'EBADF' });
});
