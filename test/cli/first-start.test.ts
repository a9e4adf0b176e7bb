/** The account to try things with: for whom it is made, and for whom it is not. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ImapClient } from '../imap-client.ts';
import { endLaunched, FREE_PORTS, type Launched, launch, PROGRAM } from '../kit/launch.ts';
import { runCommand } from '../kit/server.ts';

const root = mkdtempSync(join(tmpdir(), 'brevduva-first-'));
after(endLaunched);
after(() => rmSync(root, { recursive: true, force: true }));

const DEMO = /user name {2}demo@localhost/;
const NONE = /There are no accounts yet\. To add one: \S+ account add you@localhost/;

function portOf({ stdout }: Launched, name: string): number {
  return Number(new RegExp(` ${name}=\\S+:(\\d+)`).exec(stdout)?.[1]);
}

/** Everything that a start says, and how it ends. */
async function start(args: readonly string[]): Promise<{ code: number | null; stderr: string }> {
  const server = launch(['serve', ...args]);
  await Promise.race([server.said(/^ready /m), server.ended()]);
  server.child.kill('SIGTERM');
  const { code } = await server.ended();
  return { code, stderr: server.stderr };
}

describe('an account to try things with', () => {
  test('is made on loopback without a configuration, once', async () => {
    const args = ['--data', join(root, 'trial'), ...FREE_PORTS];
    const { stderr } = await start(args);
    assert.match(stderr, DEMO);
    const hint = /^ {4}(\S+) account passwd demo@localhost (--data \S+)$/m.exec(stderr);
    assert.deepEqual(hint?.slice(1), [
      PROGRAM.startsWith(process.cwd()) ? 'bin/brevduva.mjs' : PROGRAM,
      `--data ${join(root, 'trial')}`,
    ]);
    assert.doesNotMatch((await start(args)).stderr, /demo@localhost|no accounts yet/);
  });

  test('has mail that names the ports which this server has', async () => {
    const server = launch(['serve', '--data', join(root, 'ports'), ...FREE_PORTS, '--set', 'listen.pop3=']);
    await server.said(/^ready /m);
    const password = /password {3}(\S+)/.exec(server.stderr)?.[1];
    const imap = await ImapClient.signIn(portOf(server, 'imap'), 'demo@localhost', password ?? '');
    await imap.ok('SELECT INBOX');
    const letter = (await imap.ok('FETCH 3 BODY.PEEK[1]')).untagged.join('\n');
    for (const [name, line] of [
      ['imap', 'STARTTLS'],
      ['imaps', 'SSL/TLS'],
      ['pop3s', 'SSL/TLS'],
    ] as const) {
      assert.ok(letter.includes(`127.0.0.1, port ${portOf(server, name)}, ${line}`), letter);
    }
    assert.doesNotMatch(letter, /POP3.*STARTTLS|1143|localhost from/);
    imap.close();
    server.child.kill('SIGTERM');
    await server.ended();
  });

  test('is not made with a configuration file, and it is said how to add one', async () => {
    const config = join(root, 'given.toml');
    writeFileSync(config, `data = "given"\n`);
    const { stderr } = await start(['--config', config, ...FREE_PORTS]);
    assert.doesNotMatch(stderr, /password|demo@/);
    assert.match(
      stderr,
      /There are no accounts yet\. To add one: \S+ account add you@localhost --config \S+given\.toml\n/,
    );
  });

  test('is not made where one listener is open to others', async () => {
    for (const [name, host] of [
      ['imaps', '*'],
      ['pop3', '0.0.0.0'],
    ] as const) {
      const args = [
        '--data',
        join(root, `public-${name}`),
        ...FREE_PORTS,
        '--set',
        `listen.${name}=${host}:0`,
      ];
      const { stderr } = await start(args);
      assert.doesNotMatch(stderr, /password {3}|demo@/);
      assert.match(stderr, NONE);
    }
  });

  test('is made by the start after one that failed, and in a folder that was there', async () => {
    const data = join(root, 'failed');
    mkdirSync(data);
    writeFileSync(join(data, 'lost+found'), '');
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const args = ['--data', data, ...FREE_PORTS];
    const failed = await start([...args, '--set', `listen.lmtp=127.0.0.1:${port}`]);
    taken.close();
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, /listen\.lmtp: cannot listen/);
    assert.match((await start(args)).stderr, DEMO);
  });

  test('is not made where there was an account once', async () => {
    const data = ['--data', join(root, 'once')];
    await runCommand(['account', 'add', 'alice@example.org', '--generate', ...data]);
    await runCommand(['account', 'remove', 'alice@example.org', '--yes', ...data]);
    const { stderr } = await start([...data, ...FREE_PORTS]);
    assert.doesNotMatch(stderr, /demo@/);
    assert.match(stderr, NONE);
  });

  test('is not made when nobody wants it', async () => {
    const { stderr } = await start(['--no-demo', '--data', join(root, 'unwanted'), ...FREE_PORTS]);
    assert.doesNotMatch(stderr, /demo@/);
    assert.match(stderr, NONE);
  });
});
