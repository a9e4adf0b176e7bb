/**
 * Plays README.md: every command of it is run as it is written, in the order of the page, and every
 * file it names is there. A newcomer's part runs on loopback after `npm start`; an administrator's sets up a service.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { isLoopback } from '../../src/base/ip-address.ts';
import { makePair } from '../../src/net/self-signed.ts';
import { ownAddresses } from '../../src/server/machine.ts';
import { missingClients } from '../../tools/clients.ts';
import { record, startDns } from '../kit/dns.ts';
import { endLaunched, ROOT, until } from '../kit/launch.ts';
import { LISTENERS } from '../kit/listeners.ts';
import { Pop3Client } from '../pop3-client.ts';
import { PageMachine } from './page-machine.ts';

const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const DATA = '/var/lib/brevduva';
const ports = new Map<number, string>();
const machine = new PageMachine('README.md', (line) =>
  line.replace(/(?<=127\.0\.0\.1:)\d+/g, (port) => ports.get(Number(port)) ?? port),
);
after(endLaunched);
after(async () => {
  await machine.stopService();
  machine.remove();
});

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

describe('README.md', () => {
  test('names only files that are there', () => {
    for (const [, target = ''] of README.matchAll(/\]\(([^)#]+)\)/g))
      assert.ok(/^https?:/.test(target) || existsSync(join(ROOT, target)), target);
    assert.doesNotMatch(README, /127\.0\.0\.1:24\b/, 'one port for LMTP');
  });

  const lacking = missingClients().filter((name) => name === 'curl');
  test('a newcomer tries it', { skip: lacking.length > 0 ? 'needs curl' : false }, async () => {
    machine.prepare();
    const [npmStart, npmTest] = machine.commandsOf('Two commands');
    assert.deepEqual([npmStart, npmTest], ['npm start', 'npm test']);
    const free = LISTENERS.map((name) => [`BREVDUVA_LISTEN_${name.toUpperCase()}`, '127.0.0.1:0']);
    const server = machine.start(`exec ${npmStart}`, Object.fromEntries(free) as Record<string, string>);
    machine.played.add('npm start');
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

    const tour = machine.commandsOf('A short tour');
    const answers: string[] = [];
    for (const command of tour) {
      if (/account add/.test(command)) answers.push(await machine.playAsking(command));
      else answers.push(await machine.play(command, { PASSWORD: password }));
    }
    assert.match(answers[2] ?? '', /Subject: Hello\r\n\r\nIt works\.\r\n/);
    assert.match(answers.at(-1) ?? '', /^you@localhost /m);
    // The hint that it printed works as well.
    const [, hint = ''] = /^ {4}(\S+ account passwd demo@localhost.*)$/m.exec(server.stderr) ?? [];
    await machine.playAsking(hint);
    server.child.kill('SIGTERM');
    await server.ended();
    // One small test stands for all of them, which are running now; the checks have been.
    machine.played.add('npm test');
    const tests = machine.start(`${npmTest} -- --no-install --no-checks base/base.test`);
    assert.equal((await tests.ended()).code, 0, tests.stdout + tests.stderr);
  });

  test('an administrator runs it for others', async (t) => {
    machine.prepare();
    const section = 'Run it for others';
    await prepareMachine();
    const file = join(machine.folder, 'etc/brevduva/brevduva.toml');
    const configuration = machine
      .moved(machine.linesOf(section, 'configuration').join('\n'))
      .replaceAll(/"\*:\d+"/g, '"*:0"');
    // Where the system's configuration lies is fixed; here it is named.
    const dns = await startDns({ zone: ZONE });
    t.after(() => dns.close());
    const env = { BREVDUVA_CONFIG: file, BREVDUVA_DNS_SERVERS: `${dns.host}:${dns.port}` };
    for (const command of machine.commandsOf(section)) {
      if (command.startsWith('npm ci')) {
        // What it installs is linked; that it is complete is what bootstrap.test.ts says.
        machine.played.add(command);
        continue;
      }
      if (/account add/.test(command)) await machine.playAsking(command, env);
      else await machine.play(command, {}, env);
      if (command.includes('mkdir /etc/brevduva')) {
        const others = LISTENERS.filter((name) => !new RegExp(`^\\s*${name} =`, 'm').test(configuration));
        const lines = ['[listen]', ...others.map((name) => `${name} = "127.0.0.1:0"`)];
        writeFileSync(file, configuration.replace('[listen]', lines.join('\n')));
      }
      if (command.includes('systemctl enable')) await until('the service', () => machine.readyLine());
      if (command.includes('systemctl reload'))
        await until('the reload', () => /read anew/.exec(machine.said('stderr')) ?? undefined);
    }
    for (const name of ['Connect a client', 'Move in']) {
      for (const command of machine.commandsOf(name)) await machine.play(command, {}, env);
    }
    await signInAndLook(env);
    const [backup = '', restore = '', ...others] = machine.commandsOf('Where mail lives');
    assert.deepEqual(others, []);
    await machine.play(backup, {}, env);
    await machine.stopService();
    const before = await listed(env);
    renameSync(machine.moved(DATA), `${machine.moved(DATA)}.lost`);
    await machine.play(restore, {}, env);
    assert.equal(await listed(env), before);
  });

  test('leaves no command unplayed', () => {
    const all = machine.commands;
    assert.deepEqual(
      all.filter((command) => !machine.played.has(command)),
      [],
    );
    assert.ok(all.length > 20);
  });

  /** What the page takes for granted: a certificate, and the mail of the server before. */
  async function prepareMachine(): Promise<void> {
    const live = join(machine.folder, 'etc/letsencrypt/live/mail.example.com');
    mkdirSync(live, { recursive: true });
    const { certificate, key } = await makePair('mail.example.com');
    writeFileSync(join(live, 'fullchain.pem'), certificate);
    writeFileSync(join(live, 'privkey.pem'), key);
    for (const part of ['cur', 'new', 'tmp'])
      mkdirSync(join(machine.folder, 'old/Maildir', part), { recursive: true });
    writeFileSync(
      join(machine.folder, 'old/Maildir/cur/1.host:2,S'),
      'Subject: from before\r\n\r\nHello\r\n',
    );
    writeFileSync(
      join(machine.clone, 'archive.mbox'),
      'From a@example.org Thu Jan  1 00:00:00 2026\nSubject: archived\n\nOld\n',
    );
    writeFileSync(join(machine.clone, 'people.csv'), 'address,password,quota\nbob@example.com,secret,1GiB\n');
  }

  async function listed(env: Readonly<Record<string, string>>): Promise<string> {
    const list = machine.start('brevduva account list', env);
    await list.ended();
    return list.stdout;
  }

  /** The account that was added signs in with what was typed; POP3 is off for it, as the page says at last. */
  async function signInAndLook(env: Readonly<Record<string, string>>): Promise<void> {
    const list = await listed(env);
    assert.match(list, /^alice@example\.com +2 .*10GiB/m);
    assert.match(list, /^bob@example\.com +0 /m);
    assert.ok(existsSync(join(machine.folder, 'backup/alice/.Archive/cur')));
    const port = Number(/pop3s=\[::\]:(\d+)/.exec(machine.readyLine() ?? '')?.[1]);
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
