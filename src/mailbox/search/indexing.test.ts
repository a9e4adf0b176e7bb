import assert from 'node:assert/strict';
import { globSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openTestDomain, type TestDomain } from '../../../test/kit/domain.ts';
import type { Criterion } from '../model/criterion.ts';
import { MailboxError } from '../model/errors.ts';
import { appendMessages } from '../operations/append.ts';
import { expungeMessages } from '../operations/expunge.ts';
import { receive } from '../operations/incoming.ts';
import { mailboxOf } from '../operations/mailboxes.ts';
import type { AccountState } from '../state/account.ts';
import { TextIndex } from '../text-index/text-index.ts';
import { type Indexing, startIndexing } from './indexing.ts';
import { searchMessages } from './search.ts';

const DAY_MS = 24 * 60 * 60_000;
/** As people and programs search: words, beginnings, middles, phrases, addresses, one character, other scripts. */
const NEEDLES = [
  ...[
    'letter',
    'etter 1',
    'number 77',
    'a',
    'zz',
    'anna.berg',
    'berg@example.org',
    'index_sync',
    'mail_index',
  ],
  ...[
    'content-type',
    'subject: letter',
    'text/plain',
    'boundary',
    'räksmörgås',
    'RÄKSMÖRGÅS',
    'ksm',
    '漢',
    '漢字',
    '漢字典',
  ],
  ...[
    'かな',
    '->',
    ' ',
    'no such word',
    'word 12',
    'quota.pdf',
    'pdf',
    'example.org>',
    '😀',
    'x'.repeat(130),
    'yyyyyyyy',
  ],
];

describe('the index of texts', () => {
  let kit: TestDomain;
  let account: AccountState;
  let indexing: Indexing;
  let nowMs = Date.now();
  const folder = (): string => join(kit.data, 'search', `a${account.id}`);
  const files = (): string[] => readdirSync(folder()).filter((name) => name.endsWith('.words'));

  before(async () => {
    kit = await openTestDomain({ hasIndex: true, clock: { nowMs: () => nowMs } });
    const record = await kit.addAccount('alice@example.com', 'secret');
    account = await kit.domain.accounts.open(record.id);
    const corpus = globSync('test/corpus/*.eml')
      .sort()
      .map((name) => readFileSync(name));
    await add(corpus);
    await add(Array.from({ length: 560 }, (_, i) => letter(i)));
  });
  after(async () => {
    await indexing.stop();
    await kit.close();
  });

  async function add(messages: readonly Buffer[]): Promise<void> {
    const received = [];
    for (const bytes of messages) {
      const message = await receive(kit.store, [account.id], bytes.length, bytes);
      received.push({ ...message, flags: 0, keywords: [], internalDate: 1_700_000_000 });
    }
    await appendMessages(kit.domain, account, mailboxOf(account, 'INBOX'), received);
  }

  async function hits(criterion: Criterion): Promise<readonly number[]> {
    const request = { criterion, upTo: 2 ** 32, wants: 'all' as const, pause: () => undefined };
    return (await searchMessages(kit.domain, account, mailboxOf(account, 'INBOX'), request)).uids;
  }

  async function allHits(): Promise<Map<string, readonly number[]>> {
    const found = new Map<string, readonly number[]>();
    for (const value of NEEDLES) {
      for (const kind of ['text', 'body'] as const) {
        found.set(`${kind} ${value}`, await hits({ kind, value }));
        const not: Criterion = { kind: 'not', criterion: { kind, value } };
        found.set(`not ${kind} ${value}`, await hits(not));
      }
    }
    return found;
  }

  let expected: Map<string, readonly number[]>;

  test('searches find the same with it', async () => {
    expected = await allHits();
    indexing = startIndexing(kit.domain);
    await hits({ kind: 'text', value: 'letter' });
    await indexing.idle();
    assert.equal(files().length, 1);
    assert.deepEqual(await allHits(), expected);
    assert.ok((expected.get('body 漢字典')?.length ?? 0) > 0 && (expected.get('text a')?.length ?? 0) > 0);
  });

  test('most searches read no mail then', async () => {
    let reads = 0;
    const { readRanges } = kit.store;
    kit.store.readRanges = (...args) => {
      reads++;
      return readRanges.apply(kit.store, args);
    };
    for (const value of ['letter', 'index_sync', 'no-such-word', 'räksmörgås', '漢字'])
      await hits({ kind: 'body', value });
    kit.store.readRanges = readRanges;
    assert.equal(reads, 0);
  });

  test('what came since is found, and what is gone is not', async () => {
    await add([letter(9000), letter(9001)]);
    const all = (await hits({ kind: 'all' })).length;
    assert.deepEqual(await hits({ kind: 'body', value: 'number 900' }), [all - 1, all]);
    const [gone] = await hits({ kind: 'body', value: 'number 77.' });
    await expungeMessages(kit.domain, account, mailboxOf(account, 'INBOX'), { uids: [gone as number] });
    assert.deepEqual(await hits({ kind: 'body', value: 'number 77.' }), []);
  });

  test('the words of what is gone are forgotten after a week', async () => {
    const has = (): boolean =>
      files().some((name) => readFileSync(join(folder(), name)).includes('\nsecret77\n'));
    assert.equal(has(), true);
    nowMs += 8 * DAY_MS;
    await indexing.sweep();
    assert.equal(has(), false);
    assert.equal(files().length, 1);
    assert.equal((await hits({ kind: 'body', value: 'number 78.' })).length, 1);
  });

  test('a damaged file is removed, and the mail is read', async () => {
    const [name] = files() as [string];
    const octets = readFileSync(join(folder(), name));
    octets[octets.length >> 1] = (octets[octets.length >> 1] as number) ^ 1;
    await kit.domain.textIndex.replace(account.id, undefined, []);
    writeFileSync(join(folder(), name), octets);
    assert.equal((await hits({ kind: 'body', value: 'number 78.' })).length, 1);
    assert.deepEqual(files(), []);
  });

  test('it is for the owner of the files alone, and goes when nobody searches', async () => {
    await indexing.sweep();
    assert.equal(files().length, 1);
    const modes = [folder(), join(folder(), files()[0] as string)].map((path) => statSync(path).mode & 0o777);
    assert.deepEqual(modes, [0o700, 0o600]);
    nowMs += 61 * DAY_MS;
    await indexing.sweep();
    assert.deepEqual(await kit.domain.textIndex.files.accounts(), []);
  });
});

test('an account with more than the index may have has what there is room for, and no more each day', async (t) => {
  const kit = await openTestDomain({ hasIndex: true });
  t.after(() => kit.close());
  const { id } = await kit.addAccount('alice@example.com', 'secret');
  const account = await kit.domain.accounts.open(id);
  const { files } = kit.domain.textIndex;
  const textIndex = new TextIndex({ files, maxBytes: 10, log: kit.domain.log });
  const indexing = startIndexing({ ...kit.domain, textIndex });
  t.after(() => indexing.stop());
  for (let day = 0; day < 3; day++) {
    const received = [];
    for (let i = 0; i < 510; i++) {
      const bytes = letter(1000 * day + i);
      const message = await receive(kit.store, [id], bytes.length, bytes);
      received.push({ ...message, flags: 0, keywords: [], internalDate: 1_700_000_000 });
    }
    await appendMessages(kit.domain, account, mailboxOf(account, 'INBOX'), received);
    textIndex.onSearched(id);
    await indexing.idle();
    assert.equal((await files.list(id)).length, 1);
  }
});

test('an account that is gone and whose files cannot be removed is said, and the next one has its turn', async (t) => {
  const kit = await openTestDomain({ hasIndex: true });
  t.after(() => kit.close());
  const { id: gone } = await kit.addAccount('gone@example.com', 'secret');
  const { id: alice } = await kit.addAccount('alice@example.com', 'secret');
  const { textIndex, accounts } = kit.domain;
  const asked: number[] = [];
  const indexing = startIndexing({
    ...kit.domain,
    accounts: {
      open: async (id: typeof gone) => {
        asked.push(id);
        if (id === gone) throw new MailboxError('nonexistent', 'it is gone');
        return accounts.open(id);
      },
    } as unknown as typeof accounts,
  });
  t.after(() => indexing.stop());
  t.mock.method(textIndex, 'removeAll', async () => {
    throw new Error('the disk is read only');
  });
  textIndex.onSearched(gone);
  textIndex.onSearched(alice);
  await indexing.idle();
  assert.deepEqual(asked, [gone, alice]);
});

function letter(i: number): Buffer {
  const name = i % 9 === 0 ? 'Content-Disposition: attachment; filename="quota.pdf"\r\n' : '';
  const odd = ['räksmörgås', '漢字典 と かな', 'the mail_index_sync() of it', 'two\r\nlines', '😀'][i % 5];
  const text = `This is letter number ${i}. Word ${i % 13}, secret${i}. ${odd}\r\n`;
  const long = i === 3 ? 'y'.repeat(10_000) : i === 4 ? 'x'.repeat(300) : '';
  const large = i === 5 ? `${'lorem ipsum dolor\r\n'.repeat(5000)}deep inside\r\n` : '';
  return Buffer.from(
    `From: Anna Berg <anna.berg@example.org>\r\nSubject: Letter ${i}\r\n${name}` +
      `Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n${text}${long}\r\n${large}`,
  );
}
