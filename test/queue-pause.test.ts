/** Whoever has paused sending finds it paused, however often the server was started since. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { startServer } from './kit/server.ts';

it('sending stays paused over a restart, until it is resumed', { timeout: 120_000 }, async () => {
  const data = await mkdtemp(join(tmpdir(), 'brevduva-queue-pause-'));
  const options = { data, config: { 'auth.default_domain': 'example.com' } };
  const isPaused = async (server: Awaited<ReturnType<typeof startServer>>): Promise<boolean> => {
    const { stderr } = await server.cli(['queue', 'list']);
    return /sending is paused/.test(stderr);
  };
  try {
    const first = await startServer(options);
    assert.equal((await first.cli(['queue', 'pause'])).code, 0);
    await first.stop();
    const second = await startServer(options);
    assert.ok(await isPaused(second));
    assert.equal((await second.cli(['queue', 'resume'])).code, 0);
    assert.ok(!(await isPaused(second)));
    await second.stop();
    const third = await startServer(options);
    assert.ok(!(await isPaused(third)));
    await third.stop();
  } finally {
    await rm(data, { recursive: true, force: true });
  }
});
