/** Threads as they are decided by every way in which mail comes (`model/threads.ts` has the rule). */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it as test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { openTestDomain, type TestDomain } from '../../../test/kit/domain.ts';
import { type AccountId, emailNumber } from '../model/model.ts';
import { MAX_THREAD_EMAILS } from '../model/threads.ts';
import type { AccountState } from '../state/account.ts';
import { checkMail } from '../upkeep/check.ts';
import { giveThreads } from '../upkeep/give-threads.ts';
import { reapAccount } from '../upkeep/reaper.ts';
import { appendMessages, type IncomingMessage } from './append.ts';
import { copyMessages, moveMessages } from './copy.ts';
import { deliver } from './deliver.ts';
import { expungeMessages } from './expunge.ts';
import { receive } from './incoming.ts';
import { mailboxOf } from './mailboxes.ts';

let data: string;
let nowMs = Date.UTC(2026, 0, 5);
const clock = { nowMs: () => nowMs };
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'brevduva-threads-'));
});
afterEach(() => rmSync(data, { recursive: true, force: true }));

async function begin(quota = {}): Promise<{ kit: TestDomain; account: AccountState }> {
  const kit = await openTestDomain({ data, clock });
  const { id } = await kit.addAccount('alice@example.com', 'secret', quota);
  return { kit, account: await kit.domain.accounts.open(id) };
}

/** `a` is a message, `b>a` an answer to it. */
function letter(name: string): Buffer {
  const [id, answered] = name.split('>');
  const link = answered === undefined ? '' : `In-Reply-To: <${answered}@example.org>\r\n`;
  return Buffer.from(`Subject: Eggs\r\nMessage-ID: <${id}@example.org>\r\n${link}\r\nbody of ${id}\r\n`);
}

async function incoming(
  kit: TestDomain,
  account: AccountId,
  names: readonly string[],
): Promise<IncomingMessage[]> {
  const messages: IncomingMessage[] = [];
  for (const name of names) {
    const received = await receive(kit.store, [account], 1e9, letter(name));
    messages.push({ ...received, flags: 0, keywords: [], internalDate: undefined });
  }
  return messages;
}

/** In one change. */
async function append(kit: TestDomain, account: AccountState, ...names: readonly string[]): Promise<void> {
  const messages = await incoming(kit, account.id, names);
  await appendMessages(kit.domain, account, mailboxOf(account, 'INBOX'), messages);
}

/** Of all emails in the order of their numbers: the number of the thread, or `-`. */
async function threadsOf(kit: TestDomain, account: AccountId): Promise<string> {
  const listed = await kit.store.listEmails(account, 0, 10_000);
  return listed.map(({ id, thread }) => `${emailNumber(id)}:${thread ?? '-'}`).join(' ');
}

async function problems(kit: TestDomain, repair = false) {
  const found = [];
  for await (const event of checkMail(kit.domain, { repair }))
    if (event.kind === 'problem') found.push(event);
  return found;
}

const sql = (statements: string): void => {
  const db = new DatabaseSync(join(data, 'shard-00', 'meta.db'));
  db.exec(statements);
  db.close();
};

describe('threads', () => {
  test('of mail that comes one after the other, together, and in one turn', async () => {
    const { kit, account } = await begin();
    await append(kit, account, 'a');
    await append(kit, account, 'b>a', 'c>b', 'd');
    const inbox = mailboxOf(account, 'INBOX');
    const both = [await incoming(kit, account.id, ['f>e']), await incoming(kit, account.id, ['e'])];
    await Promise.all(both.map((messages) => appendMessages(kit.domain, account, inbox, messages)));
    const three = [];
    for (const one of ['g>d', 'h>g', 'i>h']) three.push(await incoming(kit, account.id, [one]));
    await Promise.all(three.map((messages) => appendMessages(kit.domain, account, inbox, messages)));
    assert.equal(await threadsOf(kit, account.id), '1:1 2:1 3:1 4:4 5:5 6:5 7:4 8:4 9:4');
    await kit.close();
  });

  test('of one message to several people: to each their own', async () => {
    const { kit, account } = await begin();
    const bob = await kit.addAccount('bob@example.com', 'secret');
    await append(kit, account, 'x');
    await append(kit, account, 'a');
    const recipients = [account.id, bob.id].map((id) => ({ account: id, address: 'someone@example.com' }));
    const received = await receive(kit.store, [account.id, bob.id], 1e9, letter('b>a'));
    await deliver(kit.domain, recipients, received, 'carol@example.org');
    assert.equal(await threadsOf(kit, account.id), '1:1 2:2 3:2');
    assert.equal(await threadsOf(kit, bob.id), '1:1');
    await kit.close();
  });

  test('stay with copies, and without what began them', async () => {
    const { kit, account } = await begin();
    await append(kit, account, 'a', 'b>a');
    const [inbox, archive] = [mailboxOf(account, 'INBOX'), mailboxOf(account, 'Archive')];
    await copyMessages(kit.domain, account, inbox, [2], archive);
    await moveMessages(kit.domain, account, inbox, [2], archive);
    await expungeMessages(kit.domain, account, inbox, { uids: [1] });
    nowMs += 10 * 60_000;
    while ((await reapAccount(kit.domain, account.id)) > 0);
    assert.equal(await threadsOf(kit, account.id), '2:1');
    await append(kit, account, 'c>b', 'd>a');
    assert.equal(await threadsOf(kit, account.id), '2:1 3:1 4:1', 'what a named is in b as well');
    await kit.close();
  });

  test('of mail that was refused nothing is left', async () => {
    const { kit, account } = await begin({ messages: 2 });
    await append(kit, account, 'a');
    const [one, other] = [append(kit, account, 'b>x'), append(kit, account, 'c>b', 'd>b')];
    await assert.rejects(other, { code: 'over-quota' });
    await one;
    assert.equal(await threadsOf(kit, account.id), '1:1 2:2');
    await kit.close();
  });

  test(`with ${MAX_THREAD_EMAILS} emails it is full, and the next one is followed`, async () => {
    const { kit, account } = await begin();
    const names = Array.from({ length: MAX_THREAD_EMAILS + 3 }, (_, i) => (i === 0 ? 'a' : `m${i}>a`));
    for (let at = 0; at < names.length; at += 250) await append(kit, account, ...names.slice(at, at + 250));
    await append(kit, account, 'z>m5');
    const threads = (await threadsOf(kit, account.id)).split(' ').slice(-5);
    assert.deepEqual(threads, ['1000:1', '1001:1001', '1002:1001', '1003:1001', '1004:1004']);
    await kit.close();
  });
});

describe('mail without threads', () => {
  const FORGOTTEN =
    "UPDATE email SET thread = 0, thread_keys = x''; DELETE FROM thread_key; DELETE FROM thread_member;";
  const fill = async (): Promise<string> => {
    const { kit, account } = await begin();
    for (let i = 0; i < 5; i++) await append(kit, account, `a${i}`, `b${i}>a${i}`);
    await append(
      kit,
      account,
      ...Array.from({ length: 240 }, (_, i) => `c${i}>${i % 3 ? `c${i - 1}` : 'b2'}`),
    );
    const threads = await threadsOf(kit, account.id);
    await kit.close();
    return threads;
  };

  test('of an older version gets them, in the order of its arrival, whenever it is stopped', async () => {
    const before = await fill();
    sql(`${FORGOTTEN} UPDATE account SET unthreaded = 1`);
    for (let runs = 1; ; runs++) {
      const kit = await openTestDomain({ data, clock });
      const [id] = await kit.store.loadAccountsBehind(2);
      if (id === undefined) {
        assert.ok(runs > 3);
        const record = await kit.store.directory.find('alice@example.com');
        assert.equal(await threadsOf(kit, record?.id as AccountId), before);
        await kit.close();
        break;
      }
      let asked = 0;
      await giveThreads(kit.domain, id, () => ++asked > 1);
      await kit.close();
    }
  });

  test('mail that comes meanwhile waits for its turn', async () => {
    await fill();
    sql(`${FORGOTTEN} UPDATE account SET unthreaded = 1`);
    const kit = await openTestDomain({ data, clock });
    const [id] = await kit.store.loadAccountsBehind(2);
    const account = await kit.domain.accounts.open(id as AccountId);
    await append(kit, account, 'late>c239');
    assert.match(await threadsOf(kit, account.id), / 251:-$/);
    const giving = giveThreads(kit.domain, account.id);
    await append(kit, account, 'later>late');
    await giving;
    assert.equal(account.unthreaded, 0);
    await append(kit, account, 'last>later');
    assert.match(await threadsOf(kit, account.id), / 250:5 251:5 252:5 253:5$/);
    await kit.close();
  });

  test('mail on its way into the store is not passed over', async () => {
    await fill();
    const kit = await openTestDomain({ data, clock });
    const record = await kit.store.directory.find('alice@example.com');
    const account = await kit.domain.accounts.open(record?.id as AccountId);
    const { nextEmail } = account;
    await kit.domain.turns.run({ account, run: (change) => change.facts.noteThreaded(nextEmail) });
    const arriving = append(kit, account, 'late>c239');
    while (account.nextEmail === nextEmail) await setImmediate();
    const giving = giveThreads(kit.domain, account.id);
    await Promise.all([arriving, giving]);
    assert.equal(account.unthreaded, 0);
    assert.match(await threadsOf(kit, account.id), / 251:5$/);
    await kit.close();
  });

  test('through damage is found and mended', async () => {
    const before = await fill();
    sql(`UPDATE email SET thread = 0, thread_keys = x'' WHERE id % 4 = 1; DELETE FROM thread_key WHERE email % 5 = 2;
      DELETE FROM thread_member WHERE email % 11 = 3; INSERT INTO thread_member SELECT thread + 1, email FROM thread_member WHERE email % 9 = 8;
      INSERT INTO thread_key SELECT key, rest + 1, own, email, thread, subject FROM thread_key WHERE email % 7 = 0`);
    const kit = await openTestDomain({ data, clock, mayBeDamaged: true });
    const found = await problems(kit);
    assert.ok(found.length > 50);
    const words = new Set(found.map(({ what }) => what.replaceAll(/ ?\(.*\)|\d+ /g, '')));
    assert.deepEqual([...words].sort(), [
      'email has no thread',
      'shard-00/meta.db: a thread has a message that should not be in it',
      'shard-00/meta.db: something finds the thread of a message that should not',
      'shard-00/meta.db: what finds the thread of a message is missing',
    ]);
    const repaired = await problems(kit, true);
    assert.ok(repaired.length > 50 && repaired.every((one) => one.repaired));
    assert.deepEqual(await problems(kit), []);
    const record = await kit.store.directory.find('alice@example.com');
    assert.equal(await threadsOf(kit, record?.id as AccountId), before);
    await kit.close();
  });
});
