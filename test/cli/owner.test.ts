/**
 * Who owns what is in the data folder, and who can read it: commands of root beside a service user, folders that were
 * there before.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { entry } from '../kit/entry.ts';
import { endLaunched, FREE_PORTS, type Launched, launch } from '../kit/launch.ts';
import { type CommandResult, runProcess } from '../kit/server.ts';

const root = mkdtempSync(join(tmpdir(), 'brevduva-owner-'));
after(endLaunched);
after(() => rmSync(root, { recursive: true, force: true }));

/** Another user has no cache of compiled code. */
const PROGRAM = entry('src/main.ts');
const NOBODY = 65534;
const OTHER = 65533;

function everything(data: string): string[] {
  return [data, ...readdirSync(data, { recursive: true, encoding: 'utf8' }).map((name) => join(data, name))];
}

function ownersIn(data: string): number[] {
  return [...new Set(everything(data).map((path) => lstatSync(path).uid))];
}

/** Another user must be able to read the program, which lies wherever the project was cloned. */
function reasonToSkip(): string | false {
  if (process.geteuid?.() !== 0) return 'needs root';
  try {
    execFileSync('setpriv', [...asUser(NOBODY), process.execPath, PROGRAM, '--version']);
    return false;
  } catch {
    return 'another user cannot read this clone';
  }
}

function asUser(uid: number): string[] {
  return [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];
}

async function runAs(uid: number, args: readonly string[]): Promise<CommandResult> {
  const program = [...asUser(uid), process.execPath, PROGRAM, ...args] as const;
  const run: Launched = launch(program, { command: ['setpriv'] });
  const { code } = await run.ended();
  return { code, stdout: run.stdout, stderr: run.stderr };
}

describe('root beside the user of the server', { skip: reasonToSkip() }, () => {
  const data = join(root, 'service');
  const maildir = join(root, 'old');

  before(() => {
    chmodSync(root, 0o755);
    mkdirSync(data, { mode: 0o700 });
    chownSync(data, NOBODY, NOBODY);
    for (const part of ['cur', 'new', 'tmp'])
      mkdirSync(join(maildir, part), { recursive: true, mode: 0o700 });
    for (let i = 0; i < 40; i++) {
      const text = `Subject: number ${i}\r\n\r\n${'a line of a large message\r\n'.repeat(8000)}`;
      writeFileSync(join(maildir, 'cur', `${i}.host:2,S`), text, { mode: 0o600 });
    }
  });

  test('no verb leaves anything of root behind, with no server', async () => {
    const address = 'alice@example.org';
    for (const args of [
      ['account', 'add', address, '--generate'],
      ['account', 'list'],
      ['account', 'quota', address, '1GiB'],
      ['account', 'set', address, 'pop3.days', '3'],
      ['account', 'passwd', address, '--generate'],
      ['import', 'maildir', maildir, '--account', address],
      ['check'],
      ['check', '--repair'],
      ['export', 'maildir', join(root, 'copy'), '--account', address],
    ]) {
      const result = await runProcess([...args, '--data', data]);
      assert.equal(result.code, 0, `${args.join(' ')}: ${result.stderr}`);
      assert.deepEqual(ownersIn(data), [NOBODY], args.join(' '));
    }
    // What root reads and writes elsewhere is root's.
    assert.deepEqual(ownersIn(join(root, 'copy')), [0]);
    const listed = await runAs(NOBODY, ['account', 'list', '--data', data]);
    assert.match(listed.stdout, /alice@example\.org +40 /, listed.stderr);
  });

  test('nor beside a server, also one whose folder has a long path', async () => {
    for (const name of ['served', `${'deep'.repeat(20)}/${'deeper'.repeat(10)}`]) {
      const folder = join(root, name);
      mkdirSync(folder, { recursive: true });
      chownSync(folder, NOBODY, NOBODY);
      const serve = ['serve', '--no-demo', '--data', folder, ...FREE_PORTS];
      const program = [...asUser(NOBODY), process.execPath, PROGRAM, ...serve];
      const server = launch(program, { command: ['setpriv'] });
      await server.said(/^ready /m);
      const added = await runProcess(['account', 'add', 'bob@example.org', '--generate', '--data', folder]);
      assert.equal(added.code, 0, added.stderr);
      const into = ['--account', 'bob@example.org', '--data', folder];
      const imported = await runProcess(['import', 'maildir', maildir, ...into]);
      assert.match(imported.stdout, /40 of 40 messages imported/, imported.stderr);
      assert.deepEqual(ownersIn(folder), [NOBODY]);
      server.child.kill('SIGTERM');
      assert.deepEqual(await server.ended(), { code: 0, signal: null }, server.stderr);
    }
  });

  test('the server is not started as root on data of another user', async () => {
    const { code, stderr } = await runProcess(['serve', '--data', data, ...FREE_PORTS]);
    assert.equal(code, 2);
    assert.match(stderr, /belongs to nobody, and this is root.*Run this as nobody: sudo -u nobody/s);
    assert.deepEqual(ownersIn(data), [NOBODY]);
  });

  test('a user who is neither is told whose it is', async () => {
    chmodSync(data, 0o777);
    const before = everything(data).length;
    for (const verb of [['account', 'list'], ['check'], ['serve', ...FREE_PORTS]]) {
      const { code, stderr } = await runAs(OTHER, [...verb, '--data', data]);
      assert.equal(code, 2, stderr);
      assert.match(stderr, /belongs to nobody, and this is the user with number 65533/);
    }
    assert.equal(everything(data).length, before);
    chmodSync(data, 0o700);
  });

  test('nor is the server asked by anybody else, who is told whom it answers', async () => {
    const folder = join(root, 'asked');
    mkdirSync(folder, { mode: 0o711 });
    chownSync(folder, NOBODY, NOBODY);
    const serve = ['serve', '--no-demo', '--data', folder, ...FREE_PORTS];
    const program = [...asUser(NOBODY), process.execPath, PROGRAM, ...serve];
    const server = launch(program, { command: ['setpriv'] });
    await server.said(/^ready /m);
    for (const verb of ['who', 'health']) {
      const { code, stderr } = await runAs(OTHER, [verb, '--data', folder]);
      assert.equal(code, 2, stderr);
      assert.match(stderr, /answers only nobody, and this is .* 65533. Run this as nobody: sudo -u nobody/);
      const own = await runAs(NOBODY, [verb, '--data', folder]);
      assert.equal(own.code, 0, own.stderr);
    }
    server.child.kill('SIGTERM');
    await server.ended();
  });

  test('a folder that root has put there is to be given to the user, not served by root', async () => {
    const folder = join(root, 'restored');
    mkdirSync(folder);
    const { code, stderr } = await runAs(NOBODY, ['serve', '--data', folder, ...FREE_PORTS]);
    assert.equal(code, 2);
    assert.match(
      stderr,
      /belongs to root, and this is nobody.*Give it to nobody: sudo chown -R nobody: \S+restored$/m,
    );
    assert.doesNotMatch(stderr, /sudo -u root/);
  });

  test('a folder that root is to make beside the folders of a user becomes that user’s', async () => {
    const home = join(root, 'home');
    mkdirSync(home);
    chownSync(home, NOBODY, NOBODY);
    const folder = join(home, 'mail', 'data');
    const { code, stderr } = await runProcess([
      ...['account', 'add', 'carol@example.org', '--generate', '--data', folder],
    ]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(ownersIn(home), [NOBODY]);
  });

  test('what root left there is named with its remedy', async () => {
    const [shard] = everything(data).filter((path) => path.endsWith('meta.db'));
    chownSync(shard as string, 0, 0);
    for (const verb of [['check'], ['account', 'list']]) {
      const { code, stderr } = await runProcess([...verb, '--data', data]);
      assert.equal(code, 1);
      assert.match(stderr, /shard-00\/meta\.db \(of user 0\); to mend it: chown -R 65534:65534/);
    }
    chownSync(shard as string, NOBODY, NOBODY);
    assert.equal((await runProcess(['check', '--data', data])).code, 0);
  });
});

describe('what is made is for its owner alone', () => {
  const data = join(root, 'open');

  test('in a folder that was there before and is open to others', async () => {
    mkdirSync(data);
    chmodSync(data, 0o755);
    writeFileSync(
      join(root, 'one.mbox'),
      `From a@example.com Thu Jan  1 00:00:00 2026\nSubject: x\n\n${'y'.repeat(3e6)}\n`,
    );
    const before = process.umask(0o022);
    try {
      const log = join(data, 'server.log');
      const server = launch([
        'serve',
        '--no-demo',
        '--data',
        data,
        '--set',
        `log.file=${log}`,
        ...FREE_PORTS,
      ]);
      await server.said(/^ready /m);
      await runProcess(['account', 'add', 'alice@example.org', '--generate', '--data', data]);
      const into = ['--account', 'alice@example.org', '--data', data];
      await runProcess(['import', 'mbox', join(root, 'one.mbox'), ...into]);
      server.child.kill('SIGTERM');
      await server.ended();
      const exported = await runProcess(['export', 'maildir', join(root, 'out'), ...into]);
      assert.equal(exported.code, 0, exported.stderr);
    } finally {
      process.umask(before);
    }
    const made = [...everything(data).slice(1), ...everything(join(root, 'out'))];
    assert.ok(made.length > 12);
    assert.deepEqual(
      made.filter((path) => (lstatSync(path).mode & 0o077) !== 0),
      [],
    );
  });

  test('check and the server warn of what others can read, and say how to end it', async () => {
    chmodSync(join(data, 'accounts.db'), 0o644);
    const check = await runProcess(['check', '--data', data]);
    assert.equal(check.code, 0);
    const remedy = `chmod -R go= ${data}`;
    assert.match(check.stdout, /^warning: .*the folder itself \(755\).*accounts\.db \(644\)/m);
    assert.ok(check.stdout.includes(`to mend it: ${remedy}`), check.stdout);
    const server = launch(['serve', '--no-demo', '--data', data, ...FREE_PORTS]);
    await server.said(/accounts\.db \(644\)/);
    server.child.kill('SIGTERM');
    await server.ended();
    execFileSync('sh', ['-c', remedy]);
    assert.doesNotMatch((await runProcess(['check', '--data', data])).stdout, /warning/);
  });
});
