/**
 * Plays README.md: every command of it is run as it is written, in the order of the page, in a copy of the project, and every
 * file it names is there. A newcomer's part runs on loopback after `npm start`; an administrator's sets up a service.
 *
 * What belongs to the machine is moved: folders such as `/etc` and `/usr/local/bin` lie below a temporary one, ports are what
 * the system gave, and the programs of an administrator (`sudo`, `useradd`, `systemctl`) are the scripts below.
 */
import assert from 'node:assert/strict';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { isIPv4 } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { isLoopback } from '../../src/base/ip-address.ts';
import { makePair } from '../../src/net/self-signed.ts';
import { ownAddresses } from '../../src/server/machine.ts';
import { missingClients } from '../../tools/clients.ts';
import { record, startDns } from '../kit/dns.ts';
import { endLaunched, isRunning, type Launched, launch, ROOT, until } from '../kit/launch.ts';
import { LISTENERS } from '../kit/listeners.ts';
import { Pop3Client } from '../pop3-client.ts';
import { readBlocks } from './readme-blocks.ts';

const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const root = mkdtempSync(join(tmpdir(), 'brevduva-readme-'));
after(endLaunched);
after(() => rmSync(root, { recursive: true, force: true }));

const clone = join(root, 'clone');
const machine = join(root, 'machine');
/** Folders of the machine; where each is here. */
const MOVED = ['/etc/', '/usr/local/bin/', '/var/lib/', '/old/', '/backup/'];
const SCRIPTS: Readonly<Record<string, string>> = {
  sudo: 'exec "$@"',
  useradd: 'exit 0',
  setfacl: 'exit 0',
  systemctl: `
unit="${machine}/etc/systemd/system/brevduva.service"
case "$1" in
  enable)
    command=$(sed -n 's/^ExecStart=//p' "$unit" | sed 's#/usr/local/bin/#${machine}/usr/local/bin/#; s#/etc/#${machine}/etc/#')
    mkdir -p "${machine}/var/lib/$(sed -n 's/^StateDirectory=//p' "$unit")"
    $command >"${machine}/stdout" 2>"${machine}/stderr" </dev/null &
    echo $! >"${machine}/pid" ;;
  reload) kill -HUP "$(cat "${machine}/pid")" ;;
esac`,
};

/** What the administrator has published. */
const ZONE = [
  record('.', 'NS', 'a.root.example'),
  record(
    'mail.example.com',
    'A',
    ownAddresses().find((address) => isIPv4(address) && !isLoopback(address)) ?? '203.0.113.9',
  ),
  record('example.com', 'MX', { preference: 10, exchange: 'mail.example.com' }),
];

const blocks = readBlocks(README);
const played = new Set<string>();

/** Commands of a section; a section that is not there is a mistake of this test. */
function commandsOf(section: string): readonly string[] {
  const found = blocks.filter((block) => block.section === section && block.kind === 'commands');
  assert.ok(found.length > 0, `README.md has commands in "${section}"`);
  return found.flatMap(({ lines }) => lines);
}

function configurationOf(section: string): string {
  const found = blocks.filter((block) => block.section === section && block.kind === 'configuration');
  return found.flatMap(({ lines }) => lines).join('\n');
}

describe('README.md', () => {
  const ports = new Map<number, string>();

  function prepare(): void {
    const parts = ['bin', 'src', 'web', 'test', 'tools', 'scripts', 'docs', 'bench', 'packaging'];
    const files = [
      'package.json',
      'package-lock.json',
      '.npmrc',
      'tsconfig.json',
      'tsconfig.web.json',
      'README.md',
      'CHANGELOG.md',
      'SECURITY.md',
      'CONTRIBUTING.md',
    ];
    for (const name of [...parts, ...files]) cpSync(join(ROOT, name), join(clone, name), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(clone, 'node_modules'));
    for (const folder of MOVED) mkdirSync(join(machine, folder), { recursive: true });
    mkdirSync(join(machine, 'etc', 'systemd', 'system'), { recursive: true });
    for (const [name, script] of Object.entries(SCRIPTS)) {
      const path = join(machine, 'usr', 'local', 'bin', name);
      writeFileSync(path, `#!/bin/bash\n${script}\n`);
      chmodSync(path, 0o755);
    }
  }

  /** As the page has it, with what was moved in its place. */
  function moved(text: string, words: Readonly<Record<string, string>> = {}): string {
    let result = MOVED.reduce(
      (line, folder) => line.replaceAll(new RegExp(`(?<![\\w.])${folder}`, 'g'), `${machine}${folder}`),
      text,
    );
    for (const [word, value] of Object.entries(words)) result = result.replaceAll(word, value);
    return result.replace(/(?<=127\.0\.0\.1:)\d+/g, (port) => ports.get(Number(port)) ?? port);
  }

  function start(command: string, env: Readonly<Record<string, string>> = {}): Launched {
    const path = `${join(machine, 'usr/local/bin')}:${process.env.PATH}`;
    const home = {
      HOME: root,
      npm_config_cache: join(root, 'npm'),
      npm_config_registry: 'http://127.0.0.1:9',
    };
    return launch(['-c', command], { command: ['bash'], cwd: clone, env: { ...home, PATH: path, ...env } });
  }

  /** Runs a command of the page to its end and gives what it printed. */
  async function play(
    command: string,
    words = {},
    env: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    played.add(command);
    const run = start(moved(command, words), env);
    run.child.stdin?.end();
    const { code } = await run.ended();
    assert.equal(code, 0, `${command}\n${run.stdout}\n${run.stderr}`);
    return run.stdout;
  }

  /** The same on a terminal, where it asks for a password twice. */
  async function playAsking(command: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
    played.add(command);
    const run = start(`exec script -qefc '${moved(command)}' /dev/null`, env);
    await run.said(/Password for .*: /);
    run.child.stdin?.write('correct horse\n');
    await run.said(/The same again: /);
    run.child.stdin?.write('correct horse\n');
    const { code } = await run.ended();
    assert.equal(code, 0, `${command}\n${run.stdout}`);
    return run.stdout;
  }

  test('names only files that are there', () => {
    for (const [, target = ''] of README.matchAll(/\]\(([^)#]+)\)/g))
      assert.ok(/^https?:/.test(target) || existsSync(join(ROOT, target)), target);
    assert.doesNotMatch(README, /127\.0\.0\.1:24\b/, 'one port for LMTP');
  });

  const lacking = missingClients().filter((name) => name === 'curl');
  test('a newcomer tries it', { skip: lacking.length > 0 ? 'needs curl' : false }, async () => {
    prepare();
    const [npmStart, npmTest] = commandsOf('Two commands');
    assert.deepEqual([npmStart, npmTest], ['npm start', 'npm test']);
    const free = LISTENERS.map((name) => [`BREVDUVA_LISTEN_${name.toUpperCase()}`, '127.0.0.1:0']);
    const server = start(`exec ${npmStart}`, Object.fromEntries(free) as Record<string, string>);
    played.add('npm start');
    const [ready] = await server.said(/^ready .*\n/m);
    for (const [name, usual] of Object.entries({
      imap: 1143,
      imaps: 1993,
      pop3: 1110,
      pop3s: 1995,
      lmtp: 1024,
      submission: 1587,
      submissions: 1465,
    }))
      ports.set(usual, new RegExp(` ${name}=127\\.0\\.0\\.1:(\\d+)`).exec(ready)?.[1] as string);
    const [, password = ''] = await server.said(/password {3}(\S+)/);

    const tour = commandsOf('A short tour');
    const answers: string[] = [];
    for (const command of tour) {
      if (/account add/.test(command)) answers.push(await playAsking(command));
      else answers.push(await play(command, { PASSWORD: password }));
    }
    assert.match(answers[2] ?? '', /Subject: Hello\r\n\r\nIt works\.\r\n/);
    assert.match(answers.at(-1) ?? '', /^you@localhost /m);
    // The hint that it printed works as well.
    const [, hint = ''] = /^ {4}(\S+ account passwd demo@localhost.*)$/m.exec(server.stderr) ?? [];
    await playAsking(hint);
    server.child.kill('SIGTERM');
    await server.ended();
    // One small test stands for all of them, which are running now.
    played.add('npm test');
    const tests = start(`${npmTest} -- --no-install base/base.test`);
    assert.equal((await tests.ended()).code, 0, tests.stdout + tests.stderr);
  });

  test('an administrator runs it for others', async (t) => {
    if (!existsSync(clone)) prepare();
    const section = 'Run it for others';
    await prepareMachine();
    const file = join(machine, 'etc/brevduva/brevduva.toml');
    const configuration = moved(configurationOf(section)).replaceAll(/"\*:\d+"/g, '"*:0"');
    // Where the system's configuration lies is fixed; here it is named.
    const dns = await startDns({ zone: ZONE });
    t.after(() => dns.close());
    const env = { BREVDUVA_CONFIG: file, BREVDUVA_DNS_SERVERS: `${dns.host}:${dns.port}` };
    for (const command of commandsOf(section)) {
      if (command.startsWith('npm ci')) {
        // What it installs is linked; that it is complete is what bootstrap.test.ts says.
        played.add(command);
        continue;
      }
      if (/account add/.test(command)) await playAsking(command, env);
      else await play(command, {}, env);
      if (command.includes('mkdir /etc/brevduva')) {
        const others = LISTENERS.filter((name) => !new RegExp(`^\\s*${name} =`, 'm').test(configuration));
        const lines = ['[listen]', ...others.map((name) => `${name} = "127.0.0.1:0"`)];
        writeFileSync(file, configuration.replace('[listen]', lines.join('\n')));
      }
      if (command.includes('systemctl enable')) await until('the service', readyLine);
      if (command.includes('systemctl reload'))
        await until('the reload', () => /read anew/.exec(said('stderr')) ?? undefined);
    }
    for (const name of ['Connect a client', 'Move in']) {
      for (const command of commandsOf(name)) await play(command, {}, env);
    }
    await signInAndLook(env);
    process.kill(Number(said('pid')), 'SIGTERM');
    await until('the end', () => (isRunning(Number(said('pid'))) ? undefined : true));
  });

  test('leaves no command unplayed', () => {
    const all = blocks.filter(({ kind }) => kind === 'commands').flatMap(({ lines }) => lines);
    assert.deepEqual(
      all.filter((command) => !played.has(command)),
      [],
    );
    assert.ok(all.length > 20);
  });

  function said(file: string): string {
    return existsSync(join(machine, file)) ? readFileSync(join(machine, file), 'utf8') : '';
  }

  function readyLine(): string | undefined {
    return /^ready .*$/m.exec(said('stdout'))?.[0];
  }

  /** What the page takes for granted: a certificate, and the mail of the server before. */
  async function prepareMachine(): Promise<void> {
    const live = join(machine, 'etc/letsencrypt/live/mail.example.com');
    mkdirSync(live, { recursive: true });
    const { certificate, key } = await makePair('mail.example.com');
    writeFileSync(join(live, 'fullchain.pem'), certificate);
    writeFileSync(join(live, 'privkey.pem'), key);
    for (const part of ['cur', 'new', 'tmp'])
      mkdirSync(join(machine, 'old/Maildir', part), { recursive: true });
    writeFileSync(join(machine, 'old/Maildir/cur/1.host:2,S'), 'Subject: from before\r\n\r\nHello\r\n');
    writeFileSync(
      join(clone, 'archive.mbox'),
      'From a@example.org Thu Jan  1 00:00:00 2026\nSubject: archived\n\nOld\n',
    );
    writeFileSync(join(clone, 'people.csv'), 'address,password,quota\nbob@example.com,secret,1GiB\n');
  }

  /** The account that was added signs in with what was typed; POP3 is off for it, as the page says at last. */
  async function signInAndLook(env: Readonly<Record<string, string>>): Promise<void> {
    const list = start('brevduva account list', env);
    await list.ended();
    assert.match(list.stdout, /^alice@example\.com +2 .*10GiB/m);
    assert.match(list.stdout, /^bob@example\.com +0 /m);
    assert.ok(existsSync(join(machine, 'backup/alice/.Archive/cur')));
    const port = Number(/pop3s=\[::\]:(\d+)/.exec(readyLine() ?? '')?.[1]);
    const bob = await Pop3Client.open(port, { isTls: true });
    await bob.ok('USER bob');
    await bob.ok('PASS secret');
    await bob.ok('QUIT');
    const alice = await Pop3Client.open(port, { isTls: true });
    await alice.ok('USER alice');
    assert.match(await alice.command('PASS correct horse'), /^-ERR .*POP3/i);
    alice.socket.destroy();
  }
});
