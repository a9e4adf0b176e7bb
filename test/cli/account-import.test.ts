/** `account import`: tables as spreadsheets and other servers write them, and people who keep their passwords. */
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ImapClient } from '../imap-client.ts';
import { type CommandResult, runCommand, startServer } from '../kit/server.ts';

const root = mkdtempSync(join(tmpdir(), 'brevduva-table-'));
after(() => rmSync(root, { recursive: true, force: true }));
let count = 0;
/** As a literal; the test client writes octets. */
const TYPED = `{12+}\r\n${Buffer.from('grün & blau').toString('latin1')}`;

interface Imported extends CommandResult {
  readonly data: string;
  again(): Promise<CommandResult>;
}

async function importTable(content: string | Buffer): Promise<Imported> {
  const file = join(root, `table${++count}.csv`);
  const data = join(root, `data${count}`);
  writeFileSync(file, content);
  const again = (): Promise<CommandResult> => runCommand(['account', 'import', file, '--data', data]);
  return { ...(await again()), data, again };
}

async function addresses(data: string): Promise<string[]> {
  const { stdout } = await runCommand(['account', 'list', '--json', '--data', data]);
  const lines = stdout.split('\n').filter((line) => line !== '');
  return lines.map((line) => (JSON.parse(line) as { address: string }).address);
}

test('bad lines cost only themselves; what is there counts as there', async () => {
  const good = Array.from({ length: 8 }, (_, i) => `user${i}@example.org,"pass,word ""${i}""",${i}GiB`);
  const lines = [
    'Address,Password,Quota',
    ...good,
    'no address,x,',
    'user1@example.org,x,',
    'late@example.org,,',
    'x@example.org,"open',
    'y@example.org,x,much',
    'z@example.org',
    'w@example.org,x,,more',
    'v@example.org,{CRAM-MD5}00ff,',
    '',
  ];
  const first = await importTable(lines.join('\r\n'));
  assert.equal(first.code, 1);
  assert.match(first.stdout, /^8 of 16 accounts added, 0 already there, 8 failed\n$/);
  for (const pattern of [
    /line 10: no address: /,
    /line 11: user1@example\.org: line 3 has the same address/,
    /line 12: .*password is empty/,
    /line 13: .*quote is not closed/,
    /line 14: .*"much" is not a size/,
    /line 15: .*found 1 field\n/,
    /line 16: .*found 4 fields/,
    /line 17: .*of the scheme CRAM-MD5.*new password/,
  ]) {
    assert.match(first.stderr, pattern);
  }
  const second = await first.again();
  assert.equal(second.code, 1);
  assert.match(second.stdout, /^0 of 16 accounts added, 8 already there, 8 failed/);
});

test('a second run of a good table is no failure', async () => {
  const first = await importTable('address,password\nann@example.org,x\nben@example.org,y\n');
  assert.deepEqual([first.code, first.stdout], [0, '2 of 2 accounts added, 0 already there, 0 failed\n']);
  const second = await first.again();
  assert.deepEqual([second.code, second.stdout], [0, '0 of 2 accounts added, 2 already there, 0 failed\n']);
});

describe('columns in any order, by name', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['password first', 'password,address\nsecret,ann@example.org\n'],
    ['in capitals and with spaces', ' PASSWORD , Address \nsecret,ann@example.org\n'],
    ['with a mark of byte order', '\ufeffquota,email,password\n1GiB,ann@example.org,secret\n'],
    ['quoted', '"messages","password","address"\n"5","secret","ann@example.org"\n'],
    ['with a hash', 'Password Hash,address\n{PLAIN}secret,ann@example.org\n'],
    ['without a heading', 'ann@example.org,secret\n'],
    ['without a heading, where the password is a name', 'ann@example.org,password\n'],
    ['with empty columns behind', 'address,password\nann@example.org,secret,,\n'],
  ];
  for (const [name, content] of rows) {
    test(name, async () => {
      const { code, stderr, data } = await importTable(content);
      assert.deepEqual([code, stderr], [0, '']);
      assert.deepEqual(await addresses(data), ['ann@example.org']);
    });
  }
});

describe('a file that cannot be meant is refused as a whole', () => {
  const good = 'address,password\nann@example.org,secret\n';
  const rows: readonly (readonly [string, string | Buffer, RegExp])[] = [
    ['unknown names', 'login,passwort\nann@example.org,x\n', /line 1: neither an account.*nor a heading/],
    ['one unknown name', 'address,password,colour\nann@example.org,x,red\n', /line 1: neither an account/],
    ['no address', 'password,quota\nx,\n', /the heading has no address/],
    ['no password', 'address,quota\nann@example.org,\n', /neither password nor password_hash/],
    ['a name twice', 'address,email,password\na@example.org,b@example.org,x\n', /address twice/],
    ['semicolons', 'address;password\nann@example.org;x\n', /separated by commas.*";"/],
    ['tabs', 'address\tpassword\nann@example.org\tx\n', /separated by commas.*"tabs"/],
    ['other order without heading', 'secret,ann@example.org\n', /line 1: without a heading the first field/],
    ['Latin-1', Buffer.from(`${good}jörg@example.org,grün\n`, 'latin1'), /line 3 is not UTF-8/],
    [
      'Latin-1 in a password',
      Buffer.from(`${good}ben@example.org,gr\xfcn\n`, 'latin1'),
      /line 3 is not UTF-8/,
    ],
    ['UTF-16', Buffer.from(`\ufeff${good}`, 'utf16le'), /is UTF-16/],
    ['UTF-16, high octet first', Buffer.from(`\ufeff${good}`, 'utf16le').swap16(), /is UTF-16/],
    ['UTF-16 without a mark', Buffer.from(good, 'utf16le'), /line 1 is not UTF-8/],
  ];
  for (const [name, content, pattern] of rows) {
    test(name, async () => {
      const { code, stderr, stdout } = await importTable(content);
      assert.match(stderr, pattern);
      assert.deepEqual([code, stdout], [2, '']);
    });
  }
});

/** What the directory keeps. A running server lets nobody else in, so a copy is read. */
function stored(data: string): Map<string, string> {
  const copy = mkdtempSync(join(root, 'accounts-'));
  for (const name of ['accounts.db', 'accounts.db-wal']) {
    if (existsSync(join(data, name))) copyFileSync(join(data, name), join(copy, name));
  }
  const db = new DatabaseSync(join(copy, 'accounts.db'));
  const rows = db
    .prepare(
      "SELECT address, secret FROM account JOIN credential ON account = account.id WHERE kind = 'password'",
    )
    .all();
  db.close();
  return new Map(rows.map(({ address, secret }) => [String(address), String(secret)]));
}

test('people keep their passwords: a hash verifies once and ours takes its place', async (t) => {
  const server = await startServer();
  t.after(() => server.stop());
  const hashes: Readonly<Record<string, string>> = {
    sha512:
      '{SHA512-CRYPT}$6$saltsalt$5U/b5pi4aaDAsZ.htDiZ8Wl4JlPtYMitXMlKKEoQGhs2PTlgQ8UJLP.xtmCBzLNvAOuYbS1r4y/yAf9OjkWwQ.',
    bcrypt: '$2y$05$abcdefghijklmnopqrstuuMSsCFZIlP7u7Hv9egKWJr7ixQZPmqaK',
    scram:
      '"{SCRAM-SHA-256}4096,c2FsdFNBTFQ=,63g0Ac70YOPg8ZBkKZO5qblSEYDJBv+mWLdT39GKOaI=,vEFeypO05ElNRTAh3W91I5LBoMY7FTgVFNRMxluMIdI="',
    plain: '{PLAIN}grün & blau',
  };
  const file = join(root, 'hashes.csv');
  const lines = Object.entries(hashes).map(([name, hash]) => `${name}@example.org,${hash}`);
  writeFileSync(file, lines.join('\n'));
  const imported = await server.cli(['account', 'import', file]);
  assert.match(imported.stdout, /^4 of 4 accounts added/, imported.stderr);
  const kept = stored(server.data);
  assert.equal(kept.get('sha512@example.org'), hashes['sha512']);
  assert.match(kept.get('plain@example.org') ?? '', /^\$argon2id\$/, 'a plain password is never kept');
  for (const name of Object.keys(hashes)) {
    await assert.rejects(ImapClient.signIn(server.port('imap'), `${name}@example.org`, '"wrong"'));
    const signIn = () => ImapClient.signIn(server.port('imap'), `${name}@example.org`, TYPED);
    (await signIn()).close();
    // Ours is put in its place after the answer.
    for (let i = 0; i < 500 && !stored(server.data).get(`${name}@example.org`)?.startsWith('$argon2id$'); i++)
      await sleep(20);
    assert.match(stored(server.data).get(`${name}@example.org`) ?? '', /^\$argon2id\$/);
    (await signIn()).close();
  }
  assert.equal(await server.stop(), 0);
});

test('one account with a hash from standard input, and a hash set for one that is there', async (t) => {
  const server = await startServer();
  t.after(() => server.stop());
  const hash = '{SSHA}Ixw7Xinn8M9ewY/EF4ggDAJTPt9zYWx0U0FMVA==\n';
  const add = ['account', 'add', 'ann@example.org', '--password-hash-stdin'];
  const refused = await server.cli(add, '$y$j9T$saltsaltsalt$IuOOhFY5n4y6LSJOxl1nQ9aC7MG8Up5Gf9zd5qM84MD\n');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /yescrypt/);
  assert.ok(!refused.stderr.includes('IuOOhFY5'), 'a hash is a secret');
  assert.equal((await server.cli(add, hash)).code, 0);
  (await ImapClient.signIn(server.port('imap'), 'ann@example.org', TYPED)).close();
  await server.cli(['account', 'add', 'ben@example.org', '--generate']);
  const passwd = ['account', 'passwd', 'ben@example.org', '--password-hash-stdin'];
  assert.equal((await server.cli(passwd, hash)).code, 0);
  (await ImapClient.signIn(server.port('imap'), 'ben@example.org', TYPED)).close();
  assert.equal((await server.cli([...passwd, '--generate'], hash)).code, 2);
  assert.equal(await server.stop(), 0);
});
