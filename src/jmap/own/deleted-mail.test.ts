/** What was deleted, over JMAP: listed, searched, brought back and given up, with clients of IMAP at the same mail. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { ImapFlow } from 'imapflow';
import { type Answer, type JmapClient, startTestJmap, type TestJmap } from '../../../test/kit/jmap.ts';
import { setQuota } from '../../mailbox/operations/quota.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import { reapAccount } from '../../mailbox/upkeep/reaper.ts';

const DAY = 86_400_000;
const START = Date.UTC(2026, 10, 20, 14);
let nowMs = START;
let server: TestJmap;
let person: JmapClient;
let account: AccountState;
let imap: ImapFlow;
let count = 0;
const clock = { nowMs: () => nowMs };

before(async () => {
  server = await startTestJmap({
    clock,
    keeping: { recoverMs: 14 * DAY, recoverBytes: () => Number.POSITIVE_INFINITY },
  });
});
after(() => server.close());

beforeEach(async (t) => {
  const address = `person${++count}@example.com`;
  person = await server.addAccount(address, 'secret');
  const record = await server.kit.store.directory.find(address);
  account = await server.kit.domain.accounts.open(record?.id as never);
  imap = await client(address);
  (t as { after?: (run: () => unknown) => void }).after?.(() => imap.close());
});

async function client(address: string): Promise<ImapFlow> {
  const made = new ImapFlow({
    ...{ host: '127.0.0.1', port: server.imap.port, secure: false, doSTARTTLS: false, logger: false },
    auth: { user: address, pass: 'secret' },
  });
  await made.connect();
  return made;
}

const letter = (subject: string, from = 'Anna Berg <anna@example.org>'): string =>
  `From: ${from}\r\nSubject: ${subject}\r\n\r\n${subject}\r\n`;

async function fill(mailbox: string, ...subjects: string[]): Promise<void> {
  for (const subject of subjects) await imap.append(mailbox, letter(subject), ['\\Seen']);
}

async function remove(mailbox: string, range = '1:*'): Promise<void> {
  await imap.mailboxOpen(mailbox);
  await imap.messageDelete(range);
  await imap.mailboxClose();
}

const subjectsOf = (answer: Answer): string[] => answer.list.map((one: Answer) => one.subject);
const listed = (filter: Answer = {}, more: Answer = {}): Promise<Answer> =>
  person.call('DeletedMail/list', { filter, ...more });

async function subjectsIn(mailbox: string): Promise<string[]> {
  await imap.mailboxOpen(mailbox);
  const found: string[] = [];
  for await (const { envelope } of imap.fetch('1:*', { envelope: true })) found.push(envelope?.subject ?? '');
  await imap.mailboxClose();
  return found;
}

test('deleted mail is listed in pages, searched, and comes back where it was', async () => {
  await imap.mailboxCreate('Work/Plans');
  await fill('Work/Plans', 'Budget for the spring', 'Käringöns båt');
  await imap.append('INBOX', letter('hello', 'olof@example.com'));
  await remove('Work/Plans');
  nowMs += DAY;
  await remove('INBOX');
  const all = await listed();
  assert.deepEqual(subjectsOf(all), ['hello', 'Käringöns båt', 'Budget for the spring']);
  assert.deepEqual([all.total, all.keptForDays, all.isAll, all.mailboxes], [3, 14, true, []]);
  const { id, size, ...one } = all.list[1];
  assert.deepEqual(one, {
    ...{
      mailbox: 'Work/Plans',
      role: null,
      deletedAt: new Date(nowMs - DAY).toISOString().replace('.000', ''),
    },
    ...{
      service: 'imap',
      client: one.client,
      isSeen: true,
      receivedAt: one.receivedAt,
      subject: 'Käringöns båt',
    },
    from: { name: 'Anna Berg', email: 'anna@example.org' },
  });
  assert.match(one.client, /^imapflow/);
  assert.ok(size > 50);
  assert.equal(all.list[0].role, 'inbox');
  const page = await listed({}, { position: 1, limit: 1 });
  assert.deepEqual([subjectsOf(page), page.total], [['Käringöns båt'], 3]);
  for (const [filter, found] of [
    [{ text: 'KÄRINGÖNS anna' }, ['Käringöns båt']],
    [{ text: 'plans' }, ['Käringöns båt', 'Budget for the spring']],
    [{ from: 'olof@' }, ['hello']],
    [{ subject: 'spring', from: 'berg' }, ['Budget for the spring']],
    [{ subject: 'nothing of the kind' }, []],
    [{ mailbox: 'INBOX' }, ['hello']],
    [{ before: new Date(nowMs - 1000).toISOString(), text: 'båt' }, ['Käringöns båt']],
    [{ after: new Date(nowMs - 1000).toISOString() }, ['hello']],
  ] as const)
    assert.deepEqual(subjectsOf(await listed(filter)), found, JSON.stringify(filter));
  assert.deepEqual(subjectsOf(await listed({ text: 'anna' }, { position: 1 })), ['Budget for the spring']);

  await imap.mailboxDelete('Work/Plans');
  const wanted = { ids: [id, all.list[0].id] };
  const preview = await person.call('DeletedMail/preview', wanted);
  assert.deepEqual(
    preview.into.map((into: Answer) => [into.mailbox, into.isNew, into.emails]),
    [
      ['INBOX', false, 1],
      ['Work/Plans', true, 1],
    ],
  );
  assert.deepEqual([preview.emails, preview.error], [2, null]);
  const back = await person.call('DeletedMail/recover', wanted);
  assert.deepEqual([back.emails, back.hasMore, back.error, back.mailboxIds.length], [2, false, null, 2]);
  assert.deepEqual(await subjectsIn('INBOX'), ['hello']);
  assert.deepEqual(await subjectsIn('Work/Plans'), ['Käringöns båt']);
  assert.equal((await person.call('DeletedMail/recover', wanted)).emails, 0, 'nothing comes back twice');
});

test('a deleted mailbox comes back whole, and beside one that has its name by now', async () => {
  await imap.mailboxCreate('Letters');
  await fill('Letters', 'one', 'two');
  await imap.mailboxDelete('Letters');
  await imap.mailboxCreate('Letters');
  const { mailboxes, total } = await listed();
  assert.deepEqual(
    [mailboxes.length, mailboxes[0].mailbox, mailboxes[0].emails, total],
    [1, 'Letters', 2, 0],
  );
  assert.equal((await listed({ text: 'letters' })).mailboxes.length, 1);
  assert.equal((await listed({ text: 'other' })).mailboxes.length, 0);
  const [into] = (await person.call('DeletedMail/preview', { ids: [mailboxes[0].id] })).into;
  const name = `Letters (${new Date(nowMs).toISOString().slice(0, 10)})`;
  assert.deepEqual([into.mailbox, into.isNew, into.emails], [name, true, 2]);
  const back = await person.call('DeletedMail/recover', { ids: [mailboxes[0].id] });
  assert.deepEqual([back.mailboxes, back.emails], [1, 2]);
  assert.deepEqual(await subjectsIn(name), ['one', 'two']);
});

test('all that was deleted since a moment comes back, and mail that came after stays', async () => {
  await fill('INBOX', 'early', 'late', 'stays');
  await remove('INBOX', '1');
  nowMs += DAY;
  const moment = new Date(nowMs).toISOString();
  await remove('INBOX', '1');
  await fill('INBOX', 'new');
  const { emails } = await person.call('DeletedMail/preview', { filter: { after: moment } });
  assert.equal(emails, 1);
  await person.call('DeletedMail/recover', { filter: { after: moment } });
  assert.deepEqual(await subjectsIn('INBOX'), ['stays', 'new', 'late']);
  assert.deepEqual(subjectsOf(await listed()), ['early']);
});

test('over quota nothing is lost: what fits comes back, and the rest is said with numbers', async () => {
  await fill('INBOX', ...Array.from({ length: 10 }, (_, i) => `message ${i}`));
  await remove('INBOX', '1:5');
  await remove('INBOX', '1:5');
  const { total, totalSize } = await listed();
  assert.equal(total, 10);
  await setQuota(server.kit.domain, account.record, { quotaBytes: Math.ceil(totalSize * 0.6) });
  const preview = await person.call('DeletedMail/preview', { filter: {} });
  assert.deepEqual([preview.emails, preview.error.type], [10, 'overQuota']);
  const back = await person.call('DeletedMail/recover', { filter: {} });
  assert.deepEqual([back.emails, back.error.type, back.hasMore], [5, 'overQuota', false]);
  assert.match(back.error.description, /no room for/);
  await setQuota(server.kit.domain, account.record, { quotaBytes: undefined });
  const rest = await person.call('DeletedMail/recover', { filter: {} });
  assert.deepEqual([rest.emails, rest.error], [5, null]);
  assert.equal((await subjectsIn('INBOX')).length, 10);
});

test('large recoveries are done in parts', async () => {
  const messages = 2560;
  await fill('INBOX', ...Array.from({ length: 40 }, (_, i) => `message ${i}`));
  await imap.mailboxOpen('INBOX');
  for (let there = 40; there < messages; there *= 2) await imap.messageCopy('1:*', 'INBOX');
  await remove('INBOX');
  const parts: number[] = [];
  for (let hasMore = true; hasMore; ) {
    const part = await person.call('DeletedMail/recover', { filter: {} });
    assert.equal(part.error, null);
    parts.push(part.emails);
    ({ hasMore } = part);
  }
  assert.ok(parts.length > 1, String(parts));
  assert.equal(
    parts.reduce((sum, one) => sum + one, 0),
    messages,
  );
  assert.equal((await subjectsIn('INBOX')).length, messages);
});

test('what is given up does not come back, and its octets go with the next rounds of the reaper', async () => {
  await fill('INBOX', 'one', 'two', 'three');
  await imap.mailboxCreate('Old');
  await fill('Old', 'grave');
  await imap.mailboxDelete('Old');
  await remove('INBOX');
  nowMs += DAY;
  const { list, mailboxes, asOf } = await listed();
  const [three, two] = list;
  const some = await person.call('DeletedMail/forget', { ids: [two.id, mailboxes[0].id] });
  assert.deepEqual([some.emails, some.mailboxes, some.held], [2, 1, 0]);
  assert.deepEqual(subjectsOf(await listed()), ['three', 'one']);
  assert.deepEqual((await listed()).mailboxes, []);
  nowMs += 1000;
  await fill('INBOX', 'later');
  await remove('INBOX');
  const rest = await person.call('DeletedMail/forget', { filter: { before: asOf } });
  assert.deepEqual([rest.emails, rest.hasMore], [2, false]);
  assert.deepEqual(subjectsOf(await listed()), ['later']);
  assert.equal((await person.call('DeletedMail/recover', { ids: [three.id, two.id] })).emails, 0);
  nowMs += 2 * 60_000;
  let released = 0;
  for (let more = 1; more > 0; released += more) more = await reapAccount(server.kit.domain, account.id);
  assert.equal(released, 3, 'one of four was let go of at once');
  assert.equal((await listed()).total, 1, 'what was deleted later is there as before');
});

test('two at once: what one brings back another cannot give up, and the other way round', async () => {
  await fill('INBOX', ...Array.from({ length: 40 }, (_, i) => `message ${i}`));
  for (let i = 0; i < 4; i++) await remove('INBOX', '1:10');
  nowMs += DAY;
  const { list } = await listed();
  const ids = list.map((one: Answer) => one.id);
  const [back, forgotten, again] = await Promise.all([
    person.call('DeletedMail/recover', { ids }),
    person.call('DeletedMail/forget', { ids }),
    person.call('DeletedMail/recover', { ids }),
  ]);
  assert.equal(back.emails + again.emails + forgotten.emails, 40);
  assert.equal((await subjectsIn('INBOX')).length, back.emails + again.emails);
  assert.equal((await listed()).total, 0);
});

test('while mail comes back another session deletes it again: it can be brought back again', async () => {
  await fill('INBOX', ...Array.from({ length: 300 }, (_, i) => `message ${i}`));
  await remove('INBOX');
  const other = await client(`person${count}@example.com`);
  await other.mailboxOpen('INBOX');
  const coming = person.call('DeletedMail/recover', {
    filter: { before: new Date(nowMs + 1).toISOString() },
  });
  nowMs += 10;
  const deleteAll = async (): Promise<void> => {
    await other.noop();
    await other.messageDelete('1:*');
  };
  for (let i = 0; i < 10; i++) await deleteAll();
  await coming;
  await deleteAll();
  other.close();
  assert.equal((await listed()).total, 300);
  await person.call('DeletedMail/recover', { filter: {} });
  assert.equal((await subjectsIn('INBOX')).length, 300);
});

test('what a session still shows is not taken from under it', async () => {
  await fill('INBOX', 'one', 'two', 'three');
  const reading = await client(`person${count}@example.com`);
  await reading.mailboxOpen('INBOX');
  await reading.noop();
  // It hears of nothing until it asks.
  await remove('INBOX');
  nowMs += DAY;
  const [{ id }] = (await listed()).list;
  const { emails, held } = await person.call('DeletedMail/forget', { ids: [id] });
  assert.equal(emails + held, 1);
  await reading.noop();
  nowMs += 61_000;
  const again = await person.call('DeletedMail/forget', { ids: [id] });
  assert.deepEqual([again.emails + emails, again.held], [1, 0]);
  reading.close();
});

test('what makes no sense is refused by name', async () => {
  const types = async (name: string, args: Answer): Promise<unknown> =>
    (await person.error(name, args)).arguments;
  assert.deepEqual(await types('DeletedMail/recover', {}), ['ids', 'filter']);
  assert.deepEqual(await types('DeletedMail/list', { filter: { before: 'yesterday' } }), ['filter/before']);
  assert.deepEqual(await types('DeletedMail/list', { filter: { text: 'x'.repeat(501) } }), ['filter/text']);
  assert.deepEqual(await types('DeletedMail/list', { position: -1, limit: 0 }), ['position', 'limit']);
  assert.deepEqual(await types('DeletedMail/forget', { filter: { text: 'x' } }), ['filter/text']);
  const many = { ids: Array.from({ length: 1001 }, (_, i) => `d${i}-1`) };
  assert.equal((await person.error('DeletedMail/recover', many)).type, 'requestTooLarge');
  const none = await person.call('DeletedMail/recover', { ids: ['nonsense', 'd99-1', 'f99'] });
  assert.deepEqual([none.emails, none.error], [0, null]);
  const alices = { accountId: server.alice.accountId, filter: {} };
  assert.equal((await person.error('DeletedMail/list', alices)).type, 'accountNotFound');
});
