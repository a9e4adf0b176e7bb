/** `brevduva queue ...`: with a server that sends, and without one. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { endLaunched, FREE_PORTS, launch } from '../kit/launch.ts';
import { startNextHop } from '../kit/next-hop.ts';
import { openQueue } from '../kit/queue.ts';
import type { CommandResult } from '../kit/server.ts';

const root = mkdtempSync(join(tmpdir(), 'brevduva-queue-'));
after(endLaunched);
after(() => rmSync(root, { recursive: true, force: true }));

async function queue(...args: readonly string[]): Promise<CommandResult> {
  const run = launch(['queue', ...args, '--data', root]);
  run.child.stdin?.end();
  const { code } = await run.ended();
  return { code, stdout: run.stdout, stderr: run.stderr };
}

interface Listed {
  readonly id: string;
  readonly recipients: readonly {
    readonly address: string;
    readonly state: string;
    readonly lastReply?: string;
  }[];
}

async function listed(): Promise<readonly Listed[]> {
  const { stdout } = await queue('list', '--json');
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Listed]));
}

describe('brevduva queue', () => {
  test('lists, holds, releases, drops and sends what waits', async () => {
    const kit = await openQueue({ testDomain: { data: root }, isStarted: false });
    const expiresMs = Date.now() + 3_600_000;
    for (const name of ['bo', 'cy', 'di']) await kit.send([`${name}@example.org`], { expiresMs });
    const holdUntilMs = expiresMs - 60_000;
    await kit.send(['ed@example.com', 'ed@example.org'], { expiresMs, holdUntilMs });
    await kit.close();
    const [bo, cy, di, later] = (await listed()).map(({ id }) => id) as [string, string, string, string];
    const held = await queue('hold', bo, '--reason', 'looks odd');
    assert.equal(
      held.stdout,
      `${bo} "Hej" to bo@example.org is held: not tried until "queue release ${bo}"\n`,
    );
    assert.match((await queue('hold', bo)).stderr, /it is held already/);
    const dropped = await queue('drop', cy, '--reason', 'a mistake');
    assert.match(dropped.stdout, /was dropped: nobody else gets it, and anna@example\.com is told why/);
    const again = await queue('drop', cy, '--reason', 'again');
    assert.deepEqual(
      [again.code, again.stderr],
      [1, `${cy}: nothing was done, for it was dropped already\n`],
    );
    assert.match((await queue('release', di)).stderr, /it is not held/);
    const half = await queue('hold', bo, '9-9', later);
    assert.equal(half.code, 1);
    assert.match(half.stderr, /nothing is known of such a message/);
    const part = await queue('list', '--domain', 'example.com');
    assert.equal(part.stderr, '1 message, 2 recipients held\n');
    assert.match((await queue('release', later)).stdout, /is released: tried 20/);
    const tried = await queue('retry', later);
    assert.match(tried.stderr, /waits until .*\(it can still be taken back\); it is not tried before/);
    assert.equal(tried.code, 1);
    assert.equal((await queue('cancel', later)).code, 0);
    const shown = (await queue('show', bo)).stdout;
    for (const line of [
      /^subject +Hej$/m,
      /^size +\d+ B$/m,
      /^to +bo@example\.org: held \(looks odd\), not tried$/m,
    ])
      assert.match(shown, line);
    assert.match((await queue('show', di)).stdout, /^to +di@example\.org: waiting, not tried, next /m);
    const [first = ''] = (await queue('show', bo, '--json')).stdout.split('\n');
    const { id, subject, sizeBytes } = JSON.parse(first);
    assert.deepEqual([id, subject, sizeBytes > 50], [bo, 'Hej', true]);
    assert.equal((await queue('hold')).code, 2);
    assert.equal((await queue('pause')).code, 1);
    assert.match(
      (await queue('list')).stdout,
      new RegExp(`${bo} +anna@example.com +bo@example.org +held .*looks odd`),
    );
    const hop = await startNextHop();
    const settings = [`queue.smarthost=127.0.0.1:${hop.port}`, 'queue.smarthost_tls=opportunistic'];
    const options = settings.flatMap((one) => ['--set', one]);
    const server = launch(['serve', '--data', root, ...FREE_PORTS, ...options]);
    await server.said(/ready /);
    const untilMs = performance.now() + 20_000;
    while (hop.mails.length < 1 && performance.now() < untilMs) await new Promise((go) => setTimeout(go, 50));
    assert.equal(hop.mails[0]?.recipients[0]?.address, 'di@example.org');
    assert.equal((await queue('pause')).code, 0);
    const released = await queue('release', '--domain', 'example.org');
    assert.equal(released.stdout, `${bo} "Hej" to bo@example.org is released: tried now\n`);
    assert.match((await queue('list')).stderr, /sending is paused/);
    const health = launch(['health', '--data', root]);
    await health.ended();
    assert.match(health.stdout, /^warning +queue: sending is paused/m);
    await server.said(/sending was paused/);
    assert.equal(hop.mails.length, 1);
    assert.equal((await queue('resume')).code, 0);
    while ((await listed()).length > 0 && performance.now() < untilMs);
    assert.equal(hop.mails.length, 2);
    const { stdout, stderr } = await queue('show', bo);
    assert.match(stderr, /is not in the queue any more/);
    assert.match((await queue('cancel', bo)).stderr, /it is gone: it was delivered/);
    for (const word of ['accepted', 'held', 'released', 'delivered']) assert.match(stdout, new RegExp(word));
    assert.match((await queue('show', cy)).stdout, /dropped .*a mistake/);
    assert.equal((await queue('show', '9-9')).code, 1);
    assert.ok(di !== undefined);
    server.child.kill('SIGTERM');
    await server.ended();
    await hop.close();
  });
});
