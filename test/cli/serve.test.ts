/** The life of the server process: ready, stopped, killed, refused. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { FREE_PORTS } from '../kit/listeners.ts';
import { runCommand, spawnMain, startServer } from '../kit/server.ts';

const root = mkdtempSync(join(tmpdir(), 'brevduva-serve-'));
after(() => rmSync(root, { recursive: true, force: true }));

test('SIGTERM says BYE to who is connected and ends with 0 in time', async () => {
  const server = await startServer();
  const socket = connect(server.port('imap'), '127.0.0.1');
  let said = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  while (!said.includes('\r\n')) await once(socket, 'data');
  const startMs = performance.now();
  const closed = once(socket, 'close');
  assert.equal(await server.stop(), 0);
  await closed;
  assert.match(said, /\* BYE /);
  assert.ok(performance.now() - startMs < 10_000);
  assert.equal(existsSync(server.data), false);
});

test('a killed server leaves a socket behind, and the next one replaces it', async () => {
  const data = join(root, 'killed');
  const first = await startServer({ data });
  const socket = join(data, 'control.sock');
  assert.equal(statSync(socket).mode & 0o777, 0o600);
  await first.cli(['account', 'add', 'alice@example.org', '--generate']);
  await first.kill9();
  assert.ok(existsSync(socket));
  const alone = await runCommand(['account', 'list', '--data', data]);
  assert.match(alone.stdout, /alice@example\.org/, 'commands find out that nobody answers');
  const second = await startServer({ data });
  const listed = await second.cli(['account', 'list']);
  assert.match(listed.stdout, /alice@example\.org/);
  const third = await runCommand(['serve', '--data', data, '--set', 'listen.imap=127.0.0.1:0']);
  assert.equal(third.code, 1);
  assert.match(third.stderr, new RegExp(`killed is in use by process ${second.pid}`));
  assert.equal(await second.stop(), 0);
});

test('a data folder with a path too long for a socket works all the same', async () => {
  const data = join(root, 'deep'.repeat(20), 'deeper'.repeat(10));
  const server = await startServer({ data });
  const added = await server.cli(['account', 'add', 'alice@example.org', '--generate']);
  assert.equal(added.code, 0, added.stderr);
  assert.equal(await server.stop(), 0);
});

test('a port that is taken is named with its option', async () => {
  const server = await startServer();
  const taken = server.addresses.imap as string;
  const args = ['serve', '--data', join(root, 'taken'), '--set', `listen.imap=${taken}`];
  const { code, stderr, stdout } = await runCommand(args);
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(
    stderr,
    new RegExp(`listen\\.imap: cannot listen on ${taken}: another program uses this port`),
  );
  await server.stop();
});

test('a wrong configuration is refused with every error at once', async () => {
  const args = ['serve', '--data', join(root, 'wrong'), '--set', 'listen.imap=here', '--set', 'nonsense=1'];
  const { code, stderr } = await runCommand(args);
  assert.equal(code, 2);
  assert.match(stderr, /2 errors:[\s\S]*nonsense is not an option[\s\S]*listen\.imap is "here"/);
  assert.equal(existsSync(join(root, 'wrong')), false);
});

test('the first start makes a demo account that can be read, the second none', async () => {
  const data = join(root, 'demo');
  const start = async (): Promise<string> => {
    const child = spawnMain(['serve', '--data', data, ...FREE_PORTS]);
    let stdout = '';
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    const exited = once(child, 'exit');
    while (!/^ready .*\n/m.test(stdout) && child.exitCode === null)
      await Promise.race([once(child.stdout as NodeJS.ReadableStream, 'data'), exited]);
    child.kill('SIGTERM');
    assert.deepEqual(await exited, [0, null], stderr);
    assert.match(stdout, /^ready imap=127\.0\.0\.1:\d+ imaps=\S+.*\n$/);
    return stderr;
  };
  const first = await start();
  assert.match(first, /^ {4}http:\/\/127\.0\.0\.1:\d+\/sign-in#\d+\.[\w-]{43}$/m);
  assert.match(first, /user name {2}demo@localhost\n {4}password {3}[a-z]{4}-/);
  assert.doesNotMatch(await start(), /user name/);
  const out = join(root, 'demo-mail');
  const exported = await runCommand(['export', 'maildir', out, '--account', 'demo', '--data', data]);
  assert.match(exported.stdout, /4 of 4 messages exported/);
  assert.equal((await runCommand(['check', '--data', data])).code, 0);
});
