/** Mail that waits in a server of several workers: each sends for the accounts that it holds, to people whom others hold. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { createTransport } from 'nodemailer';
import type { AccountRecord } from '../src/mailbox/model/model.ts';
import { NOTIFY } from '../src/mailbox/model/outgoing.ts';
import { openQueue } from './kit/queue.ts';
import { setRules } from './kit/rules.ts';
import { startServer, type TestServer } from './kit/server.ts';

const WORKERS = 3;
/** What the sender said reaches the rules of whoever is held elsewhere. */
const WISHES = `require ["envelope", "envelope-dsn", "fileinto", "mailbox"];
if allof(envelope "notify" "SUCCESS", envelope "notify" "DELAY", not envelope "notify" "FAILURE",
         envelope :matches "orcpt" "rfc822;*+x@example.com", envelope "ret" "FULL", envelope "envid" "e 1")
  { fileinto :create "Wished"; }`;
const BOB = 'bob@example.com';
const PEOPLE = [BOB, 'carl@example.com', 'dora@example.com'];

it('mail that waits comes to people whom other workers hold, once', { timeout: 120_000 }, async () => {
  const data = await mkdtemp(join(tmpdir(), 'brevduva-queue-workers-'));
  const options = { testDomain: { data, shards: WORKERS }, isStarted: false };
  const before = await openQueue(options);
  for (const address of PEOPLE) await before.kit.addAccount(address, 'secret words');
  const shards = await Promise.all(
    PEOPLE.map(async (address) => (await before.kit.domain.store.directory.find(address))?.id),
  );
  assert.equal(new Set(shards.map((id) => (id ?? 0) % WORKERS)).size, WORKERS, 'they live apart');
  for (const text of ['one', 'two'])
    await before.send(
      PEOPLE.map((address) => ({ address, route: 'local', notify: 2 })),
      { text: `Subject: ${text}\r\n\r\nin the queue\r\n`, expiresMs: Date.now() + 3_600_000 },
    );
  await before.send([{ address: 'nobody@example.com', route: 'local', notify: 2 }], {
    expiresMs: Date.now() + 3_600_000,
  });
  for (const address of PEOPLE) {
    const { id } = (await before.kit.domain.store.directory.find(address)) as AccountRecord;
    await setRules(before.kit, await before.kit.domain.accounts.open(id), WISHES);
    const wishes = { notify: NOTIFY.Success | NOTIFY.Delay, orcpt: `rfc822;${address.replace('@', '+x@')}` };
    await before.send([{ address, route: 'local', ...wishes }], {
      ...{ text: 'Subject: three\r\n\r\nwith wishes\r\n', expiresMs: Date.now() + 3_600_000 },
      ...{ envid: 'e 1', ret: 'full', requiresTls: true },
    });
  }
  await before.close();
  const server = await startServer({
    workers: WORKERS,
    data,
    config: { 'auth.default_domain': 'example.com' },
  });
  try {
    for (const untilMs = performance.now() + 60_000; ; await pause(300)) {
      const { stdout, code } = await server.cli(['queue', 'list', '--json']);
      if (code === 0 && stdout === '') break;
      assert.ok(performance.now() < untilMs, `still in the queue: ${stdout}`);
    }
    await comesWhenThereIsRoom(server, BOB);
  } finally {
    await server.stop();
  }
  const after = await openQueue(options);
  try {
    for (const address of PEOPLE) {
      const texts = (await after.kit.messagesOf(address)).map(String);
      const subjects = texts.map((text) => /Subject: (\w+)/.exec(text)?.[1]);
      assert.deepEqual(subjects.sort(), ['one', 'two', ...(address === BOB ? ['waits'] : [])], address);
      assert.equal((await after.kit.messagesOf(address, 'Wished')).length, 1, address);
    }
    const reports = (await after.kit.messagesOf('anna@example.com')).map(String);
    assert.equal(reports.filter((text) => /Final-Recipient: rfc822; nobody@/.test(text)).length, 1);
    const arrived = reports.filter((text) => text.includes('Action: delivered'));
    assert.equal(arrived.length, PEOPLE.length, 'each is told once');
    for (const text of arrived)
      assert.match(text, /Original-Envelope-Id: e 1\r\n[\s\S]*Original-Recipient: rfc822; \w+\+x@/);
  } finally {
    await after.close();
    await rm(data, { recursive: true, force: true });
  }
});

/** Whoever holds the account tells whoever has the mail: it does not wait for its next try, which is in a minute. */
async function comesWhenThereIsRoom(server: TestServer, address: string): Promise<void> {
  const queued = async (): Promise<string> => (await server.cli(['queue', 'list', '--json'])).stdout;
  const quota = (messages: string) =>
    server.cli(['account', 'quota', address, 'none', '--messages', messages]);
  await quota('3');
  const sender = createTransport({
    ...{ host: '127.0.0.1', port: server.port('submission'), ignoreTLS: true },
    auth: { user: 'anna@example.com', pass: 'secret words' },
  });
  await sender.sendMail({ from: 'anna@example.com', to: address, subject: 'waits', text: 'for room' });
  sender.close();
  const endMs = performance.now() + 30_000;
  while (!(await queued()).includes('4.2.2')) assert.ok(performance.now() < endMs, 'it is not tried');
  const [{ id }] = (await queued()).split('\n').map((line) => JSON.parse(line || '{}'));
  const { stdout } = await server.cli(['queue', 'show', id]);
  assert.match(
    stdout,
    /^subject +waits$[\s\S]*^to +bob@example\.com: waiting, tried 1 time, next .*4\.2\.2 /m,
  );
  const { code, stderr } = await quota('100');
  assert.equal(code, 0, stderr);
  while ((await queued()) !== '') assert.ok(performance.now() < endMs, 'it waits for its time');
}
