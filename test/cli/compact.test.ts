/** `compact`, beside a server of one process and of several, and without one. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { PackingReport, PackingStatus } from '../../src/mailbox/port/packing.ts';
import { runCommand, startServer } from '../kit/server.ts';

const root = mkdtempSync(join(tmpdir(), 'brevduva-compact-'));
after(() => rmSync(root, { recursive: true, force: true }));

const MESSAGES = 6;
const file = join(root, 'mail.mbox');
const text = 'a line of text that is like all others\n'.repeat(400);
writeFileSync(
  file,
  Array.from(
    { length: MESSAGES },
    (_, n) => `From x Mon Jan  1 10:00:00 2024\nSubject: ${n}\n\n${text}\n`,
  ).join(''),
);

interface Answer {
  readonly report?: PackingReport;
  readonly status: PackingStatus;
}

for (const workers of [1, 2]) {
  test(`packs everything of ${workers} processes, says what it takes, and finds nothing the next time`, async () => {
    const data = join(root, `data${workers}`);
    const server = await startServer({ data, workers, config: { 'store.shards': '2' } });
    const { cli } = server;
    for (const name of ['ann', 'bob']) {
      await cli(['account', 'add', `${name}@example.org`, '--password-stdin'], 'secret\n');
      assert.equal((await cli(['import', 'mbox', file, '--account', `${name}@example.org`])).code, 0);
    }
    const ask = async (...args: string[]) =>
      JSON.parse((await cli(['compact', '--json', ...args])).stdout) as Answer;
    const before = await ask('--status');
    assert.equal(before.report, undefined);
    assert.deepEqual([before.status.unpacked.blobs, before.status.due.blobs], [2 * MESSAGES, 0]);
    const { report, status } = await ask();
    assert.equal(report?.blobs, 2 * MESSAGES);
    assert.equal(status.unpacked.blobs, 0);
    assert.equal(status.packed.bytes, before.status.unpacked.bytes);
    assert.ok(status.packBytes < status.packed.bytes / 4);
    assert.equal(await server.stop(), 0);
    const again = await runCommand(['compact', '--data', data]);
    assert.match(again.stdout, /^there was no mail to pack$/m);
    assert.match(again.stdout, /^as it came: 0 messages, 0 B$/m);
    const check = await runCommand(['check', '--data', data]);
    assert.equal(check.code, 0, check.stdout);
  });
}
