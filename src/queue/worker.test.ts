/** How the queue looks for what is due, with the store as the witness. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { openQueue } from '../../test/kit/queue.ts';
import type { OutgoingId } from '../mailbox/model/outgoing.ts';
import type { Jobs } from './jobs.ts';
import { Lines } from './lines.ts';
import { Worker } from './worker.ts';

test('while as many stand in line as there can be it does not look over and over', async (t) => {
  const { kit, send, close } = await openQueue({ isStarted: false });
  t.after(close);
  await send(['bo@example.org']);
  const lines = new Lines({ first: 1, most: 1 });
  const due = { n: 1, state: 'waiting', route: 'local', address: 'anna@example.com', priority: 0 } as const;
  for (let n = 1; n <= 200_000; n++) lines.put({ ...due, outgoing: n as OutgoingId });
  const { domain } = kit;
  const loadDue = t.mock.method(domain.store.outgoing, 'loadDue');
  // Nothing begins.
  const jobs = { keyOf: () => 'example.org' } as unknown as Jobs;
  const worker = new Worker({ domain, log: domain.log, jobs, lines, most: 0 });
  worker.start();
  await pause(400);
  await worker.stop(0);
  assert.ok(loadDue.mock.callCount() < 5, `${loadDue.mock.callCount()} times`);
});
