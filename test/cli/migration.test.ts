/** A Maildir as Dovecot leaves it becomes an account in which IMAP clients find what they have downloaded. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { ControlClient } from '../../src/admin/control-client.ts';
import { controlSocketPath } from '../../src/admin/socket-path.ts';
import { ImapClient } from '../imap-client.ts';
import { spawnMain, startServer } from '../kit/server.ts';

const root = mkdtempSync(join(tmpdir(), 'brevduva-migration-'));
after(() => rmSync(root, { recursive: true, force: true }));

interface File {
  readonly name: string;
  readonly subject: string;
  /** Seconds since 1970. */
  readonly date: number;
  readonly pack?: (bytes: Buffer) => Buffer;
}

function writeFolder(path: string, files: readonly File[], uidList: string): void {
  for (const directory of ['cur', 'new', 'tmp']) mkdirSync(join(path, directory), { recursive: true });
  for (const { name, subject, date, pack = (bytes: Buffer) => bytes } of files) {
    const file = join(path, name.includes(':2,') ? 'cur' : 'new', name);
    writeFileSync(file, pack(Buffer.from(`Subject: ${subject}\n\nText of ${subject}\n`)));
    utimesSync(file, date, date);
  }
  writeFileSync(join(path, 'dovecot-uidlist'), uidList);
}

function writeMaildir(path: string): void {
  const inbox: readonly File[] = [
    { name: '1500000003.M3P1.old,S=21,W=24:2,Sa', subject: 'three', date: 1_500_000_300 },
    { name: '1500000001.M1P1.old,S=19,W=22:2,S', subject: 'one', date: 1_500_000_900 },
    { name: '1500000002.M2P1.old,S=30,W=33:2,', subject: 'two', date: 1_500_000_100, pack: gzipSync },
    { name: '1500000009.M9P1.old', subject: 'not yet numbered', date: 1_400_000_000 },
  ];
  const list = [
    '3 V1275660208 N60 G3085f01b7f11094c501100008c4a11c1',
    '3 :1500000001.M1P1.old,S=19,W=22',
    '17 :1500000002.M2P1.old,S=30,W=33',
    '21 :1500000004.M4P1.old,S=19,W=22',
    '55 :1500000003.M3P1.old',
    '',
  ];
  writeFolder(path, inbox, list.join('\n'));
  writeFileSync(join(path, 'dovecot-keywords'), '0 Urgent\n');
  writeFileSync(join(path, 'subscriptions'), 'V\t2\n\nINBOX\nArchives\t2020\n');
  const archive: readonly File[] = [
    { name: '1400000001.M1P1.old:2,S', subject: 'old', date: 1_400_000_000, pack: zstdCompressSync },
  ];
  writeFolder(join(path, '.Archives.2020'), archive, '3 V1275660300 N9\n8 :1400000001.M1P1.old\n');
}

async function uidsOf(imap: ImapClient): Promise<string[]> {
  const { untagged } = await imap.ok('UID FETCH 1:* (UID BODY.PEEK[HEADER.FIELDS (SUBJECT)])');
  return untagged.map((line) =>
    line.replace(/^\d+ FETCH \(UID (\d+) [\s\S]*Subject: ([^\r]*)[\s\S]*$/, '$1 $2'),
  );
}

test('UIDs, UIDVALIDITY, keywords, subscriptions, compressed files: all come along, once', async (t) => {
  const maildir = join(root, 'Maildir');
  writeMaildir(maildir);
  const server = await startServer();
  t.after(() => server.stop());
  await server.cli(['account', 'add', 'alice@example.org', '--password-stdin'], 'secret\n');
  const args = ['import', 'maildir', maildir, '--account', 'alice@example.org'];
  const first = await server.cli(args);
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stdout, /5 of 5 messages imported/);
  assert.match(first.stdout, /INBOX: UIDs and UIDVALIDITY are those of the server before/);
  const expected = ['3 one', '17 two', '55 three', '60 not yet numbered'];

  const imap = await ImapClient.signIn(server.port('imap'), 'alice@example.org', 'secret');
  const inbox = (await imap.ok('SELECT INBOX')).untagged.join('\n');
  assert.match(inbox, /UIDVALIDITY 1275660208/);
  assert.match(inbox, /UIDNEXT 61/);
  assert.match(inbox, /Urgent/);
  assert.deepEqual(await uidsOf(imap), expected);
  const listed = (await imap.ok('LIST (SUBSCRIBED) "" *')).untagged.join('\n');
  assert.match(listed, /Archive\/2020/);
  const archive = (await imap.ok('SELECT Archive/2020')).untagged.join('\n');
  assert.match(archive, /UIDVALIDITY 1275660300/);
  assert.match(archive, /UIDNEXT 9/);
  assert.deepEqual(await uidsOf(imap), ['8 old']);
  imap.close();

  const again = await server.cli(args);
  assert.equal(again.code, 0, again.stderr);
  assert.match(again.stdout, /0 of 5 messages imported, 5 already there/);
  const check = await server.cli(['check']);
  assert.match(check.stdout, /no problems/);
});

test('mail that comes while the old mail is on its way keeps its UID, and takes none that is known', async (t) => {
  const maildir = join(root, 'Meanwhile');
  writeMaildir(maildir);
  const server = await startServer();
  t.after(() => server.stop());
  await server.cli(['account', 'add', 'alice@example.org', '--password-stdin'], 'secret\n');
  const args = ['import', 'maildir', maildir, '--account', 'alice@example.org'];
  rmSync(join(maildir, 'new', '1500000009.M9P1.old'));
  await server.cli(args);
  const imap = await ImapClient.signIn(server.port('imap'), 'alice@example.org', 'secret');
  await imap.ok('APPEND INBOX {17+}\r\nSubject: new\r\n\r\n\r\n');
  await imap.ok('SELECT INBOX');
  assert.deepEqual(await uidsOf(imap), ['3 one', '17 two', '55 three', '60 new']);
  // The old server went on: what it numbered meanwhile cannot have that number here.
  const late = { name: '1500000060.M9P1.old:2,', subject: 'late', date: 1_600_000_000 };
  writeFolder(maildir, [late], '3 V1275660208 N61\n60 :1500000060.M9P1.old\n');
  const second = await server.cli(args);
  assert.equal(second.code, 0, second.stderr);
  assert.match(second.stderr, /INBOX: what was imported has new UIDs, for the mailbox is not new/);
  await imap.ok('NOOP');
  assert.deepEqual((await uidsOf(imap)).slice(-2), ['60 new', '61 late']);
  imap.close();
});

test('a session that looks on while the old mail comes is told of it', async (t) => {
  const maildir = join(root, 'Watched');
  const files = [7, 8, 20].map((uid): File => {
    return { name: `15000000${uid}.M1P1.old:2,`, subject: `${uid}`, date: 1_500_000_000 - uid };
  });
  const list = ['3 V1275660208 N60', ...[7, 8, 20].map((uid) => `${uid} :15000000${uid}.M1P1.old`), ''].join(
    '\n',
  );
  writeFolder(maildir, files.slice(0, 1), list);
  const server = await startServer();
  t.after(() => server.stop());
  await server.cli(['account', 'add', 'alice@example.org', '--password-stdin'], 'secret\n');
  const args = ['import', 'maildir', maildir, '--account', 'alice@example.org'];
  await server.cli(args);
  const imap = await ImapClient.signIn(server.port('imap'), 'alice@example.org', 'secret');
  await imap.ok('SELECT INBOX');
  assert.deepEqual(await uidsOf(imap), ['7 7']);
  writeFolder(maildir, files, list);
  assert.match((await server.cli(args)).stdout, /2 of 3 messages imported, 1 already there/);
  const { untagged } = await imap.ok('NOOP');
  assert.ok(
    untagged.some((line) => line === '3 EXISTS'),
    untagged.join('\n'),
  );
  assert.deepEqual(await uidsOf(imap), ['7 7', '8 8', '20 20']);
  imap.close();
});

test('an import that is killed goes on, and every message has the UID it had', async (t) => {
  const maildir = join(root, 'Killed');
  const uids = Array.from({ length: 3000 }, (_, i) => 10 + 3 * i);
  const files = uids.map((uid): File => {
    return {
      name: `15${uid}.M${uid}P1.old:2,S`,
      subject: `${uid}`,
      date: 1_500_000_000 + ((uid * 7919) % 5003),
    };
  });
  const lines = uids.map((uid) => `${uid} :15${uid}.M${uid}P1.old`);
  writeFolder(maildir, files, ['3 V1275660208 N99999', ...lines, ''].join('\n'));
  const server = await startServer();
  t.after(() => server.stop());
  await server.cli(['account', 'add', 'alice@example.org', '--password-stdin'], 'secret\n');
  const args = ['import', 'maildir', maildir, '--account', 'alice@example.org'];
  const client = await ControlClient.connect(controlSocketPath(server.data));
  assert.ok(client);
  const count = async (): Promise<number> => (await client.findAccount('alice@example.org')).usedMessages;
  const killed = spawnMain([...args, '--data', server.data]);
  const gone = once(killed, 'exit');
  while ((await count()) < 200 && killed.exitCode === null);
  killed.kill('SIGKILL');
  await gone;
  await client.close();
  const second = await server.cli(args);
  assert.equal(second.code, 0, second.stderr);
  const imap = await ImapClient.signIn(server.port('imap'), 'alice@example.org', 'secret');
  await imap.ok('SELECT INBOX');
  assert.deepEqual(
    await uidsOf(imap),
    uids.map((uid) => `${uid} ${uid}`),
  );
  imap.close();
});

test('what cannot be decompressed is refused by name, counted, and no success', async (t) => {
  const maildir = join(root, 'Packed');
  const xz = (): Buffer => Buffer.from('fd377a585a000004e6d6b446', 'hex');
  const file = (n: number, pack: (bytes: Buffer) => Buffer): File => {
    return { name: `150000000${n}.M${n}P1.old:2,S`, subject: `${n}`, date: 1_500_000_000 + n, pack };
  };
  const good = (bytes: Buffer): Buffer => gzipSync(bytes);
  writeFolder(maildir, [file(1, xz), file(2, good), file(3, xz)], '');
  const server = await startServer();
  t.after(() => server.stop());
  await server.cli(['account', 'add', 'alice@example.org', '--generate']);
  const imported = await server.cli(['import', 'maildir', maildir, '--account', 'alice@example.org']);
  assert.equal(imported.code, 1);
  assert.match(imported.stdout, /1 of 3 messages imported, 0 already there, 2 refused/);
  assert.match(imported.stderr, /not imported: .*M1P1.*: it is compressed by xz/);
  assert.match(imported.stderr, /2 times: it is compressed by xz/);
});
