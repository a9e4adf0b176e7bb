/**
 * Twenty people move from a Dovecot: folders, flags, keywords, dates and octets are here as they were there, however often the move is
 * killed, and what happens there afterwards follows.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ImapFlow } from 'imapflow';
import { ControlClient } from '../../src/admin/control-client.ts';
import { controlSocketPath } from '../../src/admin/socket-path.ts';
import { FLAG } from '../../src/mail/flags.ts';
import { spawnMain, startServer, type TestServer } from '../kit/server.ts';
import { Pop3Client } from '../pop3-client.ts';
import { madeUpAccount } from './old-mail.ts';
import { type OldAccount, OldServer, sha256, whyNoOldServer } from './old-server.ts';

const PEOPLE = Number(process.env.BREVDUVA_TEST_LARGE ? 700 : 20);
const skip = whyNoOldServer();

/** Where folders of the old server end up. */
const MAILBOXES: Readonly<Record<string, string>> = {
  Verschickt: 'Sent',
  Papierkorb: 'Trash',
  Archives: 'Archive',
};

describe('a move from Dovecot', skip === undefined ? {} : { skip }, () => {
  let old: OldServer;
  let server: TestServer;
  let folder: string;
  const accounts = new Map<string, OldAccount>();
  const nameOf = (n: number): string => `person${n}@example.org`;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'brevduva-move-'));
    old = await OldServer.start();
    for (let n = 0; n < PEOPLE; n++) {
      const account = madeUpAccount(n);
      accounts.set(nameOf(n), account);
      await old.fill(nameOf(n), account, { subscribed: ['INBOX', 'Entwürfe & Pläne/日本語'] });
    }
    server = await startServer();
    const table = join(folder, 'accounts.csv');
    const lines = [...accounts.keys()].map((name) => `${name},{SHA256}${'0'.repeat(64)}`);
    writeFileSync(table, ['address,password_hash', ...lines, ''].join('\n'));
    const added = await server.cli(['account', 'import', table]);
    assert.equal(added.code, 0, added.stderr);
    writeFileSync(join(folder, 'people.csv'), ['account', ...accounts.keys(), ''].join('\n'));
    writeFileSync(join(folder, 'master.txt'), `${old.master.password}\n`);
  });
  after(async () => {
    await server.stop();
    rmSync(server.data, { recursive: true, force: true });
    await old.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const args = (...more: string[]): string[] => {
    const master = ['--master', old.master.user, '--password-file', join(folder, 'master.txt')];
    return [
      'migrate',
      `imap://127.0.0.1:${old.ports.imap}`,
      '--csv',
      join(folder, 'people.csv'),
      ...master,
      ...more,
    ];
  };
  const found = (): number =>
    [...accounts.values()].reduce(
      (sum, one) => sum + [...one.values()].reduce((n, all) => n + all.length, 0),
      0,
    );

  async function usedMessages(): Promise<number> {
    const client = await ControlClient.connect(controlSocketPath(server.data));
    assert.ok(client);
    const all = await client.listAccounts();
    await client.close();
    return all.reduce((sum, one) => sum + one.usedMessages, 0);
  }

  async function assertSame(): Promise<void> {
    const client = await ControlClient.connect(controlSocketPath(server.data));
    assert.ok(client);
    for (const [address, account] of accounts) {
      for (const [name, messages] of account) {
        const mailbox = MAILBOXES[name] ?? name;
        const here: string[] = [];
        for await (const message of client.readMessages(address, mailbox)) {
          const parts: Buffer[] = [];
          for await (const chunk of message.chunks()) parts.push(chunk);
          const { flags, keywords, internalDate } = message;
          here.push([sha256(Buffer.concat(parts)), flags, keywords.toSorted(), internalDate].join(' '));
        }
        const there = messages.map(({ bytes, flags, keywords, date }) =>
          [sha256(bytes), flags, keywords.toSorted(), date].join(' '),
        );
        assert.deepEqual(here.sort(), there.sort(), `${address}, ${name}`);
      }
    }
    await client.close();
  }

  test('says what would come, and brings nothing', async () => {
    const dry = await server.cli(args('--dry-run'));
    assert.equal(dry.code, 0, dry.stderr);
    assert.match(
      dry.stdout,
      new RegExp(`${PEOPLE} accounts: ${found()} found, ${found()} \\(.*\\) to bring`),
    );
    assert.equal(await usedMessages(), 0);
  });

  test('is killed in the middle, several times, and goes on', async () => {
    for (let kill = 1; kill <= 4; kill++) {
      const before = await usedMessages();
      const child = spawnMain([...args('--parallel', '3', '--rate', '20MiB'), '--data', server.data]);
      const gone = once(child, 'exit');
      while ((await usedMessages()) < before + 20 * kill && child.exitCode === null) await sleep(5);
      child.kill('SIGKILL');
      await gone;
    }
    const others = spawnMain([...args('--parallel', '3'), '--data', server.data]);
    const over = once(others, 'exit');
    const { data } = server;
    const before = await usedMessages();
    while ((await usedMessages()) < before + 20 && others.exitCode === null) await sleep(5);
    await server.kill9();
    const [code] = await over;
    assert.equal(code, 1);
    server = await startServer({ data });
    const receipt = join(folder, 'receipt.json');
    const moved = await server.cli(args('--parallel', '5', '--receipt', receipt));
    assert.equal(moved.code, 0, moved.stderr);
    assert.match(moved.stdout, new RegExp(`${found()} of ${found()} messages are here.* 0 refused`));
    const { accounts: receipts, total } = JSON.parse(readFileSync(receipt, 'utf8'));
    assert.equal(receipts.length, PEOPLE);
    assert.ok(receipts.every((one: { isClean: boolean }) => one.isClean));
    assert.equal(total.equal, total.brought);
    assert.equal(total.different + total.refused + total.missing, 0);
    await assertSame();
  });

  test('brings nothing a second time, and everything is equal', async () => {
    const again = await server.cli(args());
    assert.match(again.stdout, new RegExp(`${found()} of ${found()} messages are here, 0 brought now`));
    const verified = await server.cli(args('--verify'));
    assert.equal(verified.code, 0, verified.stderr);
    assert.match(verified.stdout, new RegExp(`: ${found()} of ${found()} equal, 0 different, 0 never`));
  });

  test('follows what is new, changed and gone there', async () => {
    const person = nameOf(3);
    const inbox = accounts.get(person)?.get('INBOX') ?? [];
    const [first, second] = (await old.filesOf(person, 'INBOX')) as [string, string];
    await old.setFlags(first, 'FRS');
    rmSync(second);
    const bytes = Buffer.from('Subject: new\r\n\r\nx\r\n');
    const more = { bytes, flags: 0, keywords: [], date: 1_700_000_000 };
    await old.fill(person, new Map([['INBOX', [more]]]), { subscribed: ['INBOX'] });
    const changed = await server.cli(args());
    assert.equal(changed.code, 0, changed.stderr);
    assert.match(changed.stderr, new RegExp(`${person}: .* 1 brought .*flags of 1 changed`));
    const deleted = await server.cli(args('--delete'));
    assert.match(deleted.stderr, new RegExp(`${person}: .*1 deleted as there`));
    const client = await ControlClient.connect(controlSocketPath(server.data));
    assert.ok(client);
    const here: string[] = [];
    for await (const { flags, internalDate } of client.readMessages(person, 'INBOX'))
      here.push(`${internalDate} ${flags}`);
    await client.close();
    const dateOf = (file: string): number => Number(/(\d+)\.M/.exec(file)?.[1]);
    const byDate = inbox.toSorted((a, b) => a.date - b.date);
    const there = [...byDate.filter(({ date }) => date !== dateOf(second)), more].map(({ date, flags }) => {
      return `${date} ${date === dateOf(first) ? FLAG.Flagged | FLAG.Answered | FLAG.Seen : flags}`;
    });
    assert.deepEqual(here.sort(), there.sort());
    const check = await server.cli(['check']);
    assert.match(check.stdout, /no problems/);
  });
});

describe('programs that know the mail of an old server', skip === undefined ? {} : { skip }, () => {
  const person = 'anna@example.org';
  let old: OldServer;
  let server: TestServer;

  before(async () => {
    old = await OldServer.start({ prefix: 'INBOX.' });
    await old.fill(person, madeUpAccount(7));
    server = await startServer();
    await server.cli(['account', 'add', person, '--password-stdin'], `${old.password}\n`);
  });
  after(async () => {
    await server.stop();
    await old.close();
  });

  /** Of every mailbox: UIDVALIDITY, and what has which UID. */
  async function uidsAt(port: number, prefix: string): Promise<unknown> {
    const client = new ImapFlow({
      ...{ host: '127.0.0.1', port, secure: false, doSTARTTLS: false, logger: false },
      auth: { user: person, pass: old.password },
    });
    await client.connect();
    const all: Record<string, unknown> = {};
    for (const name of ['INBOX', 'Verschickt', 'Kunden/A~B/2024']) {
      const path =
        prefix === ''
          ? (MAILBOXES[name] ?? name)
          : name === 'INBOX'
            ? name
            : prefix + name.replaceAll('/', '.');
      const { uidValidity } = await client.mailboxOpen(path, { readOnly: true });
      const rows: string[] = [];
      for await (const { uid, source } of client.fetch('1:*', { uid: true, source: true }))
        rows.push(`${uid} ${sha256(source as Buffer)}`);
      all[name] = { uidValidity, rows };
    }
    await client.logout();
    return all;
  }

  /** By the names that POP3 has: the text of each. A header that is not ASCII is shown in ASCII by some. */
  async function dropAt(port: number): Promise<Map<string, string>> {
    const client = await Pop3Client.signIn(port, person, old.password);
    const drop = new Map<string, string>();
    for (const [number, name] of await client.table('UIDL')) {
      const { body } = await client.list(`RETR ${number}`);
      drop.set(name, sha256(Buffer.from(body.slice(body.indexOf('\r\n\r\n')), 'latin1')));
    }
    await client.command('QUIT');
    return drop;
  }

  test('over IMAP and over POP3 they fetch nothing twice', async () => {
    const moved = await server.cli([
      ...['migrate', `imap://127.0.0.1:${old.ports.imap}`, '--account', person],
      ...['--master', old.master.user, '--master-separator', '*', '--password-file', masterFile(old)],
      ...['--pop3', `pop3://127.0.0.1:${old.ports.pop3}`],
    ]);
    assert.equal(moved.code, 0, moved.stderr);
    assert.deepEqual(await uidsAt(server.port('imap'), ''), await uidsAt(old.ports.imap, 'INBOX.'));
    assert.deepEqual(await dropAt(server.port('pop3')), await dropAt(old.ports.pop3));
  });

  test('with TLS from the first octet, and only when somebody vouches for the server', async () => {
    const secure = (...more: string[]) =>
      server.cli([
        ...['migrate', `imaps://127.0.0.1:${old.ports.imaps}`, '--account', person, '--patience', '0'],
        ...['--master', old.master.user, '--password-file', masterFile(old), ...more],
      ]);
    const refused = await secure();
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /cannot be trusted/);
    const trusted = await secure('--ca', old.certificate);
    assert.equal(trusted.code, 0, trusted.stderr);
  });

  test('a password is never taken from the command line, and is in no message', async () => {
    const written = await server.cli(['migrate', 'imaps://anna:hidden@old.example.com', '--account', person]);
    assert.equal(written.code, 2);
    assert.match(written.stderr, /has a password in it/);
    assert.doesNotMatch(written.stderr, /hidden/);
  });
});

function masterFile({ folder, master }: OldServer): string {
  const file = join(folder, 'master.txt');
  writeFileSync(file, `${master.password}\n`);
  return file;
}
