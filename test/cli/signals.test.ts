/** What ends the server and what does not: signals, terminals, launchers and npm. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { connect } from 'node:tls';
import { makePair } from '../../src/net/self-signed.ts';
import { endLaunched, FREE_PORTS, isRunning, type Launched, launch, ROOT, until } from '../kit/launch.ts';
import { Pop3Client } from '../pop3-client.ts';

const root = mkdtempSync(join(tmpdir(), 'brevduva-signals-'));
after(endLaunched);
after(() => rmSync(root, { recursive: true, force: true }));

const serving = (name: string, ...more: readonly string[]): string[] => [
  ...['serve', '--no-demo', '--data', join(root, name)],
  ...FREE_PORTS,
  ...more,
];

function portOf({ stdout }: Launched, name: string): number {
  return Number(new RegExp(`\\b${name}=127\\.0\\.0\\.1:(\\d+)`).exec(stdout)?.[1]);
}

/** The server below a launcher or npm. */
async function serverPid(name: string): Promise<number> {
  const file = join(root, name, 'LOCK.pid');
  return until('the lock', () => {
    try {
      return Number(readFileSync(file, 'utf8')) || undefined;
    } catch {
      return undefined;
    }
  });
}

async function nameOnCertificate(port: number): Promise<string | undefined> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return [subject.CN].flat()[0];
}

describe('SIGHUP', () => {
  test('reads log, certificate and configuration anew, and the server goes on', async () => {
    const config = join(root, 'hup.toml');
    const log = join(root, 'hup.log');
    const write = (...lines: readonly string[]): void =>
      writeFileSync(config, [`data = "hup"`, 'hostname = "mail.example.com"', ...lines].join('\n'));
    write(`log.file = "${log}"`, 'pop3.enabled = true');
    const server = launch(['serve', '--no-demo', '--config', config, ...FREE_PORTS]);
    await server.said(/^ready /m);
    assert.equal(statSync(log).mode & 0o777, 0o600);
    assert.equal(await nameOnCertificate(portOf(server, 'imaps')), 'mail.example.com');

    const signIn = async (): Promise<number> => {
      const headers = { authorization: `Basic ${Buffer.from('nobody:x').toString('base64')}` };
      return (await fetch(`http://127.0.0.1:${portOf(server, 'http')}/.well-known/jmap`, { headers })).status;
    };
    assert.equal(await signIn(), 401);

    const pair = await makePair('other.example.com');
    writeFileSync(join(root, 'c.pem'), pair.certificate);
    writeFileSync(join(root, 'k.pem'), pair.key);
    renameSync(log, `${log}.1`);
    const tls = ['[tls]', 'certificate = "c.pem"', 'key = "k.pem"'];
    write(
      `log.file = "${log}"`,
      'log.level = "debug"',
      'auth.plaintext = "never"',
      'store.flags = "delayed"',
      ...tls,
    );
    server.child.kill('SIGHUP');
    const said = await until('the new log', () => {
      try {
        const text = readFileSync(log, 'utf8');
        return /wait for a restart/.test(text) ? text : undefined;
      } catch {
        return undefined;
      }
    });
    assert.match(said, /"taken":\["tls\.certificate","tls\.key","auth\.plaintext","log\.level"\]/);
    assert.match(said, /"waiting":\["store\.flags"\]/);
    assert.equal(await nameOnCertificate(portOf(server, 'imaps')), 'other.example.com');
    const pop3 = await Pop3Client.open(portOf(server, 'pop3'));
    pop3.send('USER alice\r\n');
    assert.match(await pop3.line(), /^-ERR/);
    assert.equal(await signIn(), 403);
    pop3.socket.destroy();
    server.child.kill('SIGTERM');
    assert.deepEqual(await server.ended(), { code: 0, signal: null });
  });

  test('with an error in the configuration changes nothing and says which', async () => {
    const config = join(root, 'broken.toml');
    writeFileSync(config, 'data = "broken"\n');
    const server = launch(['serve', '--no-demo', '--config', config, ...FREE_PORTS]);
    await server.said(/^ready /m);
    appendFileSync(config, 'hostnam = "x"\n');
    server.child.kill('SIGHUP');
    await server.said(/hostnam is not an option/);
    await server.said(/the old one stays in use/);
    writeFileSync(config, 'data = "broken"\ntls.key = "nowhere.pem"\n');
    server.child.kill('SIGHUP');
    await server.said(/nowhere\.pem/);
    await until('both are over', () => server.stderr.split('"read anew: log, certificate"').length === 3);
    assert.doesNotMatch(server.stderr, /read anew: log, certificate, configuration/);
    assert.doesNotMatch(server.stderr, /"stack"/);
    server.child.kill('SIGTERM');
    assert.deepEqual(await server.ended(), { code: 0, signal: null });
  });

  test('before the server is ready is taken as well', async () => {
    const server = launch(serving('early'));
    await serverPid('early');
    server.child.kill('SIGHUP');
    await server.said(/^ready /m);
    await server.said(/read anew/);
    server.child.kill('SIGTERM');
    assert.deepEqual(await server.ended(), { code: 0, signal: null });
  });
});

describe('the launcher of an older Node.js', () => {
  test('passes signals on, and ends as the server does', async () => {
    const launcher = launch(serving('passed'), { oldNode: 'launcher' });
    await launcher.said(/^ready /m);
    assert.notEqual(await serverPid('passed'), launcher.pid);
    launcher.child.kill('SIGHUP');
    await launcher.said(/read anew/);
    launcher.child.kill('SIGINT');
    assert.deepEqual(await launcher.ended(), { code: 0, signal: null });
  });

  test('ends with a killed server', async () => {
    const launcher = launch(serving('killed'), { oldNode: 'launcher' });
    await launcher.said(/^ready /m);
    process.kill(await serverPid('killed'), 'SIGKILL');
    assert.deepEqual(await launcher.ended(), { code: null, signal: 'SIGKILL' });
  });

  test('gives the exit code of a command', async () => {
    const launcher = launch(['account', 'list', '--data', join(root, 'nowhere')], { oldNode: 'launcher' });
    assert.deepEqual(await launcher.ended(), { code: 2, signal: null });
  });

  test('leaves no server behind when it is killed', async () => {
    const launcher = launch(serving('orphan'), { oldNode: 'launcher' });
    await launcher.said(/^ready /m);
    const pid = await serverPid('orphan');
    launcher.child.kill('SIGKILL');
    await until('the server to end', () => (isRunning(pid) ? undefined : true));
  });
});

describe('npm start', () => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGKILL'] as const) {
    test(`leaves no server behind after ${signal}`, async () => {
      const name = `npm-${signal}`;
      const args = ['start', '--silent', '--', '--no-demo', '--data', join(root, name), ...FREE_PORTS];
      const npm = launch(args, { command: ['npm'], cwd: ROOT });
      await npm.said(/^ready /m);
      const pid = await serverPid(name);
      npm.child.kill(signal);
      await npm.ended();
      await until('the server to end', () => (isRunning(pid) ? undefined : true));
    });
  }
});

test('a key press that arrives twice stops in order, a second one later ends at once', async () => {
  const server = launch(serving('twice'));
  await server.said(/^ready /m);
  server.child.kill('SIGINT');
  server.child.kill('SIGTERM');
  server.child.kill('SIGINT');
  assert.deepEqual(await server.ended(), { code: 0, signal: null });
});

/** util-linux, on every Debian. */
const hasScript = (() => {
  try {
    execFileSync('script', ['--version']);
    return true;
  } catch {
    return false;
  }
})();

describe('a terminal', { skip: hasScript ? false : 'needs script (util-linux)' }, () => {
  test('that is closed ends the server that was started on it', async () => {
    const program = join(root, 'on-terminal.sh');
    writeFileSync(program, `#!/bin/sh\nexec "${process.execPath}" "${ROOT}/bin/brevduva.mjs" "$@"\n`);
    chmodSync(program, 0o755);
    mkdirSync(join(root, 'terminal'));
    const command = [program, ...serving('terminal')].join(' ');
    const terminal = launch(['-qfc', command, '/dev/null'], { command: ['script'] });
    await terminal.said(/ready imap=/);
    const pid = await serverPid('terminal');
    // It holds the other end of the terminal; the kernel hangs up when it is gone.
    terminal.child.kill('SIGKILL');
    await until('the server to end', () => (isRunning(pid) ? undefined : true));
  });

  test('that stays is no reason to end: SIGHUP reads anew', async () => {
    const command = [process.execPath, join(ROOT, 'bin/brevduva.mjs'), ...serving('stays')].join(' ');
    const terminal = launch(['-qfc', command, '/dev/null'], { command: ['script'] });
    await terminal.said(/ready imap=/);
    const pid = await serverPid('stays');
    process.kill(pid, 'SIGHUP');
    await terminal.said(/read anew/);
    process.kill(pid, 'SIGTERM');
    await terminal.ended();
  });
});
