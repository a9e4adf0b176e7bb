/** Export and import of a whole account in this process: every octet, date, flag, keyword and folder comes back. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { localAdminOf, openTestDomain, type TestDomain } from '../../test/kit/domain.ts';
import { FLAG } from '../mail/flags.ts';
import { exportAccount } from '../transfer/export.ts';
import { type FolderReceipt, type ImportProblem, importSource } from '../transfer/import.ts';
import type { MessageToAdd } from '../transfer/mail-access.ts';
import { openMaildirSource } from '../transfer/maildir-source.ts';
import { openMaildirTarget } from '../transfer/maildir-target.ts';
import { openMboxSource } from '../transfer/mbox-source.ts';
import { openMboxTarget } from '../transfer/mbox-target.ts';
import type { Source } from '../transfer/source.ts';
import type { LocalAdmin } from './local-admin.ts';

let kit: TestDomain;
let admin: LocalAdmin;
const folder = mkdtempSync(join(tmpdir(), 'brevduva-transfer-'));

before(async () => {
  kit = await openTestDomain();
  admin = localAdminOf(kit);
});
after(async () => {
  rmSync(folder, { recursive: true, force: true });
  await kit.close();
});

const HEAD = 'From: alice@example.com\r\nSubject: s\r\n';
const ODD: readonly (readonly [name: string, text: string])[] = [
  ['plain', `${HEAD}\r\nhello\r\n`],
  ['without a line end', `${HEAD}\r\nhello`],
  ['ends with empty lines', `${HEAD}\r\nhello\r\n\r\n\r\n`],
  ['only a header', HEAD],
  ['no header', '\r\nhello\r\n'],
  ['begins with white space', ' Subject: folded onto nothing\r\n X-Keywords: no such\r\n\r\nhello\r\n'],
  ['begins with a tab, without an end', '\thello'],
  ['neither header nor empty line', 'hello\r\n'],
  ['only an empty line', '\r\n'],
  ['one octet', '\0'],
  ['begins like a separator', `From a@example.com Tue Nov  3 20:47:47 2020\r\n${HEAD}\r\nx\r\n`],
  ['begins like gzip', '\u001f\u008b\b\0\0\0\0\0'],
  ['bare LF', `${HEAD}\r\na\nb\r\nFrom c\n>From d\n`],
  ['bare CR', `${HEAD}\r\na\rb\r\r\nc\r`],
  [
    'lines like separators',
    `${HEAD}\r\n\r\nFrom a@example.com Tue Nov  3 20:47:47 2020\r\n>From x\r\n>>From y\r\nFrom \r\n`,
  ],
  [
    'bookkeeping of its own',
    `Status: RO\r\nX-Status: AFTD\r\nContent-Length: 3\r\n${HEAD}X-Keywords: a b\r\nX-Mozilla-Status: 0008\r\n\r\nx\r\n`,
  ],
  ['a marker of its own', `X-Brevduva-Mbox: v1 lines=3 body=raw end=added\r\n${HEAD}\r\nx\r\n`],
  ['octets', `${HEAD}\r\n${String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i))}\r\n`],
  ['large', `${HEAD}\r\n${'From large\r\n'.repeat(60_000)}`],
];

async function* messages(): AsyncGenerator<MessageToAdd> {
  for (const [i, [, text]] of ODD.entries()) {
    yield {
      flags: i % 32,
      keywords: ['$Forwarded', '$label1', 'Work'].slice(0, i % 4),
      internalDate: 1_500_000_000 + i * 86_400 * 40,
      importKey: undefined,
      chunks: () => [Buffer.from(text, 'latin1')],
    };
  }
}

const NAMES = ['INBOX', 'Work/2024', 'Entwürfe', 'a.b/c&d', '.dots', 'list.mbox', 'Sent', 'R&D'];

async function imported(address: string, source: Source, mailbox?: string) {
  const problems: ImportProblem[] = [];
  const receipts: readonly FolderReceipt[] = await importSource({
    access: admin,
    address,
    source,
    ...(mailbox === undefined ? {} : { mailbox }),
    onProgress: () => undefined,
    onProblem: (problem) => problems.push(problem),
  });
  return { receipts, problems };
}

/** Everything that must come back, in an order that does not depend on UIDs. */
async function contents(address: string): Promise<unknown> {
  const all: Record<string, unknown[]> = {};
  for (const { name } of await admin.listMailboxes(address)) {
    const found: unknown[] = [];
    for await (const { flags, keywords, internalDate, chunks } of admin.readMessages(address, name)) {
      const parts: Buffer[] = [];
      for await (const chunk of chunks()) parts.push(chunk);
      found.push({
        text: Buffer.concat(parts).toString('latin1'),
        flags,
        keywords: [...keywords].sort(),
        internalDate,
      });
    }
    all[name] = found;
  }
  return all;
}

describe('a round trip', () => {
  before(async () => {
    await kit.addAccount('alice@example.com', 'secret');
    for (const name of NAMES) {
      await admin.ensureMailbox('alice@example.com', name, {});
      const outcomes = await admin.addMessages('alice@example.com', name, messages());
      assert.ok(outcomes.every((outcome) => 'uid' in outcome));
    }
  });

  for (const format of ['mbox', 'maildir'] as const) {
    test(`as ${format} keeps every octet, date, flag, keyword and folder`, async () => {
      const path = join(folder, format);
      const problems: unknown[] = [];
      await exportAccount({
        access: admin,
        address: 'alice@example.com',
        target: format === 'mbox' ? openMboxTarget(path) : openMaildirTarget(path),
        onProgress: () => undefined,
        onProblem: (problem) => problems.push(problem),
      });
      const source = (): Source =>
        format === 'mbox' ? openMboxSource(path, { quoting: 'mboxrd' }) : openMaildirSource(path);
      const address = `${format}@example.com`;
      await kit.addAccount(address, 'secret');
      const first = await imported(address, source());
      assert.deepEqual([...problems, ...first.problems], []);
      assert.deepEqual(await contents(address), await contents('alice@example.com'));
      const again = await imported(address, source());
      assert.equal(
        again.receipts.reduce((sum, one) => sum + one.imported, 0),
        0,
      );
      assert.equal(
        again.receipts.reduce((sum, one) => sum + one.known, 0),
        ODD.length * NAMES.length,
      );
    });

    test(`as ${format} overwrites nothing`, () => {
      const open = format === 'mbox' ? openMboxTarget : openMaildirTarget;
      assert.throws(() => open(join(folder, format)), /not empty/);
    });
  }
});

test('the same message twice in a folder comes twice, and not four times', async () => {
  await kit.addAccount('twice@example.com', 'secret');
  const path = join(folder, 'twice');
  const one = 'From a@example.com Tue Nov  3 20:47:47 2020\nSubject: s\n\nx\n\n';
  writeFileSync(path, one + one);
  const source = (): Source => openMboxSource(path, { quoting: 'mboxrd' });
  assert.equal((await imported('twice@example.com', source())).receipts[0]?.imported, 2);
  writeFileSync(path, one + one + one);
  const grown = (await imported('twice@example.com', source())).receipts[0];
  assert.deepEqual([grown?.imported, grown?.known], [1, 2]);
});

test('a role that other programs name otherwise goes to the mailbox of that role', async () => {
  await kit.addAccount('roles@example.com', 'secret');
  const root = join(folder, 'roles');
  for (const name of ['Sent Items', 'Deleted Messages', 'INBOX', 'Other']) {
    mkdirSync(root, { recursive: true });
    writeFileSync(join(root, name), `From a@example.com Tue Nov  3 20:47:47 2020\nSubject: ${name}\n\nx\n`);
  }
  const { receipts } = await imported('roles@example.com', openMboxSource(root, { quoting: 'mboxrd' }));
  assert.deepEqual(receipts.map(({ mailbox, isNew }) => [mailbox, isNew]).sort(), [
    ['INBOX', false],
    ['Other', true],
    ['Sent', false],
    ['Trash', false],
  ]);
  const below = await imported('roles@example.com', openMboxSource(root, { quoting: 'mboxrd' }), 'Old');
  const names = below.receipts.map(({ mailbox }) => mailbox).sort();
  assert.deepEqual(names, ['Old', 'Old/Deleted Messages', 'Old/Other', 'Old/Sent Items']);
});

test('a message that is refused is reported, the others come in', async () => {
  await kit.addAccount('full@example.com', 'secret', { bytes: 1000 });
  const path = join(folder, 'full');
  const message = (n: number, size: number): string =>
    `From a@example.com Tue Nov  3 20:47:4${n} 2020\nSubject: ${n}\n\n${'x'.repeat(size)}\n\n`;
  writeFileSync(path, message(1, 100) + message(2, 5000) + message(3, 100));
  const { receipts, problems } = await imported(
    'full@example.com',
    openMboxSource(path, { quoting: 'mboxrd' }),
  );
  assert.deepEqual([receipts[0]?.found, receipts[0]?.imported, receipts[0]?.refused], [3, 2, 1]);
  assert.match(problems[0]?.where ?? '', /full, at byte \d+$/);
  assert.match(problems[0]?.why ?? '', /no room for/);
});

test('a message keeps coming when its mailbox can have no more keywords', async () => {
  const small = await openTestDomain({ limits: { keywordsPerMailbox: 2 } });
  await small.addAccount('alice@example.com', 'secret');
  const local = localAdminOf(small);
  const outcomes = await local.addMessages('alice@example.com', 'INBOX', [
    {
      flags: FLAG.Seen,
      keywords: ['a', 'b'],
      internalDate: 1,
      importKey: undefined,
      chunks: () => [Buffer.from('x')],
    },
    {
      flags: FLAG.Seen,
      keywords: ['c'],
      internalDate: 2,
      importKey: undefined,
      chunks: () => [Buffer.from('y')],
    },
  ]);
  assert.deepEqual(outcomes, [{ uid: 1 }, { uid: 2, lostKeywords: true }]);
  await small.close();
});

test('a Maildir that is in use: a file whose flags change is found again', async () => {
  await kit.addAccount('moving@example.com', 'secret');
  const root = join(folder, 'moving');
  for (const name of ['cur', 'new', 'tmp', '.Sub/cur', '.Sub/new'])
    mkdirSync(join(root, name), { recursive: true });
  writeFileSync(join(root, 'new', '1600000000.M1P1.host'), 'Subject: s\n\nx\n');
  writeFileSync(join(root, '.Sub', 'cur', '1600000001.M1P1.host:2,S'), 'Subject: t\n\ny\n');
  writeFileSync(join(root, 'subscriptions'), 'INBOX\n');
  const source = openMaildirSource(root);
  rmSync(join(root, 'new', '1600000000.M1P1.host'));
  writeFileSync(join(root, 'cur', '1600000000.M1P1.host:2,FS'), 'Subject: s\n\nx\n');
  const { problems } = await imported('moving@example.com', source);
  assert.deepEqual(problems, []);
  const mailboxes = await admin.listMailboxes('moving@example.com');
  assert.equal(mailboxes.find(({ name }) => name === 'Sub')?.isSubscribed, false);
  assert.equal(mailboxes.find(({ name }) => name === 'INBOX')?.exists, 1);
});
