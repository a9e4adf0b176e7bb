/**
 * Makes `data-VERSION.tar.gz` and `data-VERSION.json` with the program of an older version, for `upgrade.test.ts`:
 *
 *     git worktree add /tmp/older v0.1.0 && (cd /tmp/older && npm ci)
 *     node test/upgrade/make-fixture.ts /tmp/older 0.1
 *
 * The archive holds the same mail twice: `clean/`, from a server that was stopped, and `killed/`, from one that was
 * killed with its log full and changes of flags waiting in a journal. Run it once for each version that people may have.
 */
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { ImapClient } from '../imap-client.ts';
import { LineClient } from '../kit/line-client.ts';
import { type Ports, takeCensus } from './census.ts';

const PASSWORD = 'a-pigeon-never-forgets';
const ANN = 'ann@example.com';
const BOB = 'bob@example.com';
const GONE = 'gone@example.com';
const CARL = 'carl@example.com';

const [checkout = '', version = ''] = process.argv.slice(2);
const main = join(resolve(checkout), 'src', 'main.ts');
const work = mkdtempSync(join(tmpdir(), 'brevduva-fixture-'));

function brevduva(data: string, args: readonly string[], input = ''): void {
  execFileSync(process.execPath, [main, ...args, '--data', data], {
    input,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
}

async function serve(
  data: string,
  run: (ports: Ports & { readonly lmtp: number }) => Promise<void>,
  signal: NodeJS.Signals,
) {
  const listeners = ['imap', 'pop3', 'lmtp'].flatMap((name) => ['--set', `listen.${name}=127.0.0.1:0`]);
  const off = ['imaps', 'pop3s'].flatMap((name) => ['--set', `listen.${name}=`]);
  const settings = ['--set', 'store.shards=2', '--set', 'store.flags=delayed', '--set', 'log.level=error'];
  const child = spawn(
    process.execPath,
    [main, 'serve', '--no-demo', '--data', data, ...listeners, ...off, ...settings],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const exited = new Promise((done) => child.once('exit', done));
  for await (const line of createInterface(child.stdout)) {
    if (!line.startsWith('ready ')) continue;
    const ports = [...line.matchAll(/(\w+)=[^ ]*:(\d+)/g)].map(([, name, port]) => [name, Number(port)]);
    await run(Object.fromEntries(ports));
    break;
  }
  child.kill(signal);
  await exited;
}

function mail(name: string, sizeBytes: number): Buffer {
  const head = `From: Sender <sender@example.org>\r\nTo: ${name}@example.com\r\nSubject: =?utf-8?Q?message_${name}?=\r\nMessage-ID: <${name}@example.org>\r\n\r\n`;
  return Buffer.from(
    head + `The pigeon carries ${name} over the hills.\r\n`.repeat(Math.ceil(sizeBytes / 45)),
  );
}

async function deliver(port: number, to: readonly string[], bytes: Buffer): Promise<void> {
  const client = await LineClient.connect(port);
  await client.reply();
  const rcpt = to.map((address) => `RCPT TO:<${address}>\r\n`);
  for (const lines of [
    'LHLO mta.example.org\r\n',
    'MAIL FROM:<sender@example.org>\r\n',
    ...rcpt,
    'DATA\r\n',
  ]) {
    client.send(lines);
    await client.reply();
  }
  client.send(bytes, '.\r\n');
  for (const _ of to) if (!(await client.reply()).startsWith('250')) throw new Error('not delivered');
  client.socket.destroy();
}

async function append(client: ImapClient, mailbox: string, flags: string, bytes: Buffer): Promise<void> {
  await client.ok(`APPEND "${mailbox}" (${flags}) {${bytes.length}+}\r\n${bytes.toString('latin1')}`);
}

async function fill(ports: Ports & { readonly lmtp: number }): Promise<void> {
  for (let n = 1; n <= 12; n++)
    await deliver(ports.lmtp, n % 3 ? [ANN] : [ANN, BOB, CARL, GONE], mail(`d${n}`, n * 300));
  await deliver(ports.lmtp, [ANN, BOB], mail('large', 90_000));
  const ann = await ImapClient.signIn(ports.imap, ANN, PASSWORD);
  await ann.ok('CREATE Work/2026');
  for (let n = 1; n <= 130; n++)
    await append(ann, 'Work/2026', n % 2 ? '\\Seen $Label1' : 'blue', mail(`w${n}`, 100));
  await append(ann, 'Sent', '\\Seen', mail('sent', 70_000));
  await ann.ok('SELECT INBOX');
  await ann.ok('UID STORE 2,4 +FLAGS (\\Deleted)');
  await ann.ok('EXPUNGE');
  await ann.ok('UID COPY 5:7 Archive');
  await ann.ok('UID MOVE 8 Trash');
  await ann.ok('DELETE Junk');
  await ann.ok('SUBSCRIBE Archive');
  ann.close();
}

/** Bob's mail of before, with the names that his program knows it by. */
function importForBob(data: string): void {
  const maildir = join(work, 'Maildir');
  for (const part of ['cur', 'new', 'tmp']) mkdirSync(join(maildir, part), { recursive: true });
  const names = ['1700000001.M1P1.old', '1700000002.M2P1.old', '1700000003.M3P1.old'];
  for (const [i, name] of names.entries())
    writeFileSync(join(maildir, 'cur', `${name}:2,S`), mail(`old${i}`, 500));
  const rows = names.map((name, i) => `${i + 1} P${1000 + i}.old.example.org :${name}\n`);
  writeFileSync(
    join(maildir, 'dovecot-uidlist'),
    `3 V1700000000 N4 G0123456789abcdef0123456789abcdef\n${rows.join('')}`,
  );
  brevduva(data, ['import', 'maildir', maildir, '--account', BOB]);
}

async function makeClean(data: string): Promise<void> {
  for (const address of [ANN, BOB, GONE, CARL])
    brevduva(
      data,
      ['account', 'add', address, '--password-stdin', '--set', 'store.shards=2'],
      `${PASSWORD}\n`,
    );
  importForBob(data);
  await serve(data, fill, 'SIGTERM');
  brevduva(data, ['account', 'remove', GONE, '--yes']);
  brevduva(data, ['account', 'quota', CARL, '100MiB']);
}

async function change({ imap }: Ports): Promise<void> {
  const ann = await ImapClient.signIn(imap, ANN, PASSWORD);
  await append(ann, 'Work/2026', '', mail('last', 200));
  await ann.ok('SELECT "Work/2026"');
  await ann.ok('UID STORE 1:5 +FLAGS (\\Flagged)');
}

const accounts = [ANN, BOB, CARL];
const expected: Record<string, unknown> = {};
for (const [kind, make] of [
  ['clean', makeClean],
  [
    'killed',
    async (data: string) => {
      cpSync(join(work, 'clean'), data, { recursive: true });
      await serve(data, change, 'SIGKILL');
    },
  ],
] as const) {
  const data = join(work, kind);
  await make(data);
  const looked = join(work, `${kind}-looked`);
  cpSync(data, looked, { recursive: true });
  await serve(
    looked,
    async (ports) => {
      expected[kind] = await takeCensus(ports, accounts, PASSWORD);
    },
    'SIGTERM',
  );
}
const target = join(import.meta.dirname, `data-${version}`);
writeFileSync(
  `${target}.json`,
  `${JSON.stringify({ password: PASSWORD, accounts, expected }, undefined, 1)}\n`,
);
const owner = [
  '--owner=0',
  '--group=0',
  '--numeric-owner',
  '--sort=name',
  '--exclude=control.sock',
  '--exclude=tls-*',
];
execFileSync('tar', ['-C', work, ...owner, '-I', 'gzip -9n', '-cf', `${target}.tar.gz`, 'clean', 'killed']);
rmSync(work, { recursive: true });
