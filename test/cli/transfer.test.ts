/** Import and export as processes: fast, beside a server, killed in the middle and taken up again. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ControlClient } from '../../src/admin/control-client.ts';
import { controlSocketPath } from '../../src/admin/socket-path.ts';
import { ImapClient } from '../imap-client.ts';
import { runCommand, spawnMain, startServer } from '../kit/server.ts';

const COUNT = 4000;
const root = mkdtempSync(join(tmpdir(), 'brevduva-import-'));
const mbox = join(root, 'archive.mbox');

function writeMbox(path: string, count: number): void {
  const messages = Array.from({ length: count }, (_, i) => {
    const date = new Date(1_500_000_000_000 + i * 60_000);
    const [day, month, dom, year] = date.toDateString().split(' ');
    const stamp = `${day} ${month} ${dom} ${date.toISOString().slice(11, 19)} ${year}`;
    return `From alice@example.com ${stamp}\nFrom: Alice <alice@example.com>\nTo: bob@example.org\nSubject: number ${i}\nStatus: ${i % 2 ? 'RO' : 'O'}\n\nThe text of ${i}\n${'and more\n'.repeat(i % 50)}\n`;
  });
  writeFileSync(path, messages.join(''));
}

before(() => writeMbox(mbox, COUNT));
after(() => rmSync(root, { recursive: true, force: true }));

test('ten thousand messages go in once, however often they are imported', async () => {
  const data = join(root, 'many');
  const large = join(root, 'large.mbox');
  writeMbox(large, 10_000);
  await runCommand(['account', 'add', 'alice@example.org', '--generate', '--data', data]);
  const args = ['import', 'mbox', large, '--account', 'alice@example.org', '--data', data];
  const first = await runCommand(args);
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stdout, /large \(new\) +10000 +10000 +0/);
  assert.match(first.stdout, /10000 of 10000 messages imported, 0 already there, 0 refused/);
  const again = await runCommand(args);
  assert.match(again.stdout, /0 of 10000 messages imported, 10000 already there/);
});

test('through a Maildir, the control socket and an mbox, and still the same', async () => {
  const server = await startServer();
  for (const name of ['alice', 'bob'])
    await server.cli(['account', 'add', `${name}@example.org`, '--generate']);
  const args = (account: string): string[] => ['--account', `${account}@example.org`];
  await server.cli(['import', 'mbox', mbox, '--mailbox', 'Old', ...args('alice')]);
  const out = join(root, 'maildir');
  const exported = await server.cli(['export', 'maildir', out, ...args('alice')]);
  assert.match(exported.stdout, new RegExp(`${COUNT} of ${COUNT} messages exported, 0 failed`));
  assert.equal(readdirSync(join(out, '.Old', 'cur')).length, COUNT);
  const refused = await server.cli(['export', 'maildir', out, ...args('alice')]);
  assert.match(refused.stderr, /is not empty/);
  const beside = await server.cli(['import', 'maildir', out, ...args('bob')]);
  assert.match(beside.stdout, new RegExp(`${COUNT} of ${COUNT} messages imported`));
  const mboxes = ['alice', 'bob'].map((name) => join(root, `${name}-mbox`));
  for (const [i, name] of ['alice', 'bob'].entries()) {
    const result = await server.cli(['export', 'mbox', mboxes[i] as string, ...args(name)]);
    assert.equal(result.code, 0, result.stderr);
  }
  const [alice, bob] = mboxes.map((path) => readFileSync(join(path, 'Old')));
  assert.ok(alice?.equals(bob as Buffer));
  const check = await server.cli(['check']);
  assert.match(
    check.stdout,
    new RegExp(`checked 2 accounts, 14 mailboxes, ${2 * COUNT} messages, .*: no problems`),
  );
  assert.equal(await server.stop(), 0);
});

test('an import that is killed goes on without duplicates, and so does one whose server is killed', async () => {
  const data = join(root, 'killed');
  let server = await startServer({ data });
  await server.cli(['account', 'add', 'alice@example.org', '--generate']);
  const args = ['import', 'mbox', mbox, '--account', 'alice@example.org', '--data', data];
  const connect = async (): Promise<ControlClient> => {
    const connected = await ControlClient.connect(controlSocketPath(data));
    assert.ok(connected);
    return connected;
  };
  let client = await connect();
  const count = async (): Promise<number> => (await client.findAccount('alice@example.org')).usedMessages;
  const killed = spawnMain(args);
  const gone = once(killed, 'exit');
  while ((await count()) < 200 && killed.exitCode === null);
  killed.kill('SIGKILL');
  await gone;
  const afterKill = await count();

  const second = spawnMain(args);
  let stderr = '';
  second.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = once(second, 'exit');
  while ((await count()) < afterKill + 200 && second.exitCode === null);
  await client.close();
  await server.kill9();
  const [code] = (await ended) as [number];
  assert.ok(
    code === 0 || (code === 1 && /connection to the server was lost|ECONNREFUSED/.test(stderr)),
    stderr,
  );

  server = await startServer({ data });
  client = await connect();
  const kept = await count();
  assert.ok(kept >= afterKill + 200, `${kept} of at least ${afterKill + 200} are there`);
  await client.close();
  const last = await server.cli(args.slice(0, -2));
  assert.match(
    last.stdout,
    new RegExp(`${COUNT - kept} of ${COUNT} messages imported, ${kept} already there`),
  );
  const check = await server.cli(['check']);
  assert.match(check.stdout, new RegExp(`${COUNT} messages, .*: no problems`));
  assert.equal(await server.stop(), 0);
});

test('a session that is signed in sees imported mail as it comes', async () => {
  const server = await startServer();
  await server.cli(['account', 'add', 'alice@example.org', '--password-stdin'], 'secret\n');
  const imap = await ImapClient.signIn(server.port('imap'), 'alice@example.org', 'secret');
  await imap.ok('SELECT INBOX');
  const imported = await server.cli([
    'import',
    'mbox',
    mbox,
    '--account',
    'alice@example.org',
    '--mailbox',
    'INBOX',
  ]);
  assert.equal(imported.code, 0, imported.stderr);
  const { untagged } = await imap.ok('NOOP');
  assert.ok(
    untagged.some((line) => line.includes(`${COUNT} EXISTS`)),
    untagged.join('\n'),
  );
  imap.close();
  assert.equal(await server.stop(), 0);
});
