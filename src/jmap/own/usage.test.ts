/** What fills an account and for how long mail stays in it, over JMAP, with a client over IMAP as the witness. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ImapClient } from '../../../test/imap-client.ts';
import { type Answer, startTestJmap, type TestJmap } from '../../../test/kit/jmap.ts';
import { setQuota } from '../../mailbox/operations/quota.ts';

const DAY = 86_400_000;
const nowMs = Date.UTC(2026, 10, 20, 14);
let server: TestJmap;
let imap: ImapClient;
before(async () => {
  server = await startTestJmap({
    clock: { nowMs: () => nowMs },
    keeping: {
      recoverMs: 14 * DAY,
      recoverBytes: () => Number.POSITIVE_INFINITY,
      retentionMs: (_, role) => (role === 'trash' || role === 'junk' ? 30 * DAY : undefined),
    },
  });
  imap = await ImapClient.signIn(server.imap.port, 'alice@example.com', 'secret');
});
after(async () => {
  imap.close();
  await server.close();
});

const call = (name: string, args: Answer = {}): Promise<Answer> => server.alice.call(name, args);

async function append(mailbox: string, from: string, daysAgo: number, body: string): Promise<void> {
  const octets = Buffer.from(`From: ${from}\r\nSubject: about ${body.length}\r\n\r\n${body}\r\n`);
  const when = new Date(nowMs - daysAgo * DAY);
  const day = `${when.getUTCDate()}-${when.toLocaleString('en', { month: 'short', timeZone: 'UTC' })}-${when.getUTCFullYear()}`;
  const date = `"${day.padStart(11, ' ')} 10:00:00 +0000"`;
  await imap.ok(`APPEND ${mailbox} ${date} {${octets.length}+}\r\n${octets.toString()}`);
}

test('what fills it: mailboxes, senders, ages, the largest, what can be brought back, and when it is full', async () => {
  await append('INBOX', 'Olof <Olof@example.com>', 45, 'x'.repeat(6000));
  await append('INBOX', 'olof@example.com', 400, 'y'.repeat(3000));
  await append('Trash', 'shop@example.com', 10, 'z'.repeat(9000));
  await append('Archive', 'kim@example.net', 95, 'short');
  await append('Archive', 'gone@example.net', 95, 'gone');
  await imap.ok('SELECT Archive');
  await imap.ok('STORE 2 +FLAGS (\\Deleted)');
  await imap.ok('EXPUNGE');
  const account = await server.account();
  const { record } = account;
  await setQuota(server.kit.domain, record, { quotaBytes: account.usedBytes + 9000 });
  const report = await call('Usage/report');
  assert.equal(report.total.emails, 4);
  assert.equal(report.total.size, account.usedBytes);
  assert.equal(report.limit - report.total.size, 9000);
  const boxes = Object.fromEntries(report.mailboxes.map((one: Answer) => [one.role ?? one.name, one.emails]));
  assert.deepEqual([boxes.inbox, boxes.trash, boxes.archive, boxes.sent], [2, 1, 1, 0]);
  assert.deepEqual(report.mailboxes.map((one: Answer) => one.role).slice(0, 2), ['inbox', 'trash']);
  const [first, second] = report.senders;
  assert.deepEqual([first.email, first.emails, second.email], ['olof@example.com', 2, 'shop@example.com']);
  assert.deepEqual(
    report.ages.map((one: Answer) => [one.youngerThanDays, one.emails]),
    [
      [30, 1],
      [365, 2],
      [730, 1],
      [1825, 0],
      [null, 0],
    ],
  );
  const [largest] = report.largest;
  assert.deepEqual([largest.from, largest.subject], ['shop@example.com', 'about 9000']);
  const { list } = await call('Email/get', { ids: [largest.emailId], properties: ['mailboxIds', 'size'] });
  assert.deepEqual(list[0].mailboxIds, { [largest.mailboxId]: true });
  assert.equal(list[0].size, largest.size);
  assert.equal(report.recoverable.emails, 1);
  // Only the one of 45 days counts, over three months.
  assert.ok(Math.abs(report.forecast.monthlyBytes - 2020) < 20, String(report.forecast.monthlyBytes));
  const months = (Date.parse(report.forecast.fullAt) - nowMs) / (30 * DAY);
  assert.ok(Math.abs(months - 4.45) < 0.05, String(months));
});

test('what is counted is not counted anew for each who asks, and what is there is of now', async () => {
  const reports = await Promise.all(Array.from({ length: 6 }, () => call('Usage/report')));
  assert.equal(new Set(reports.map((one) => JSON.stringify(one))).size, 1);
  await append('INBOX', 'new@example.net', 0, 'now');
  const { total, mailboxes } = await call('Usage/report');
  assert.equal(total.emails, 5);
  assert.equal(mailboxes.find((one: Answer) => one.role === 'inbox').emails, 3);
});

test('for how long mail stays: set over JMAP, seen over IMAP, and back as the server has it', async () => {
  const { list, state } = await call('Retention/get', { ids: null });
  const { list: boxes } = await call('Mailbox/get', { ids: null, properties: ['role'] });
  const trash = boxes.find((one: Answer) => one.role === 'trash').id;
  const inbox = boxes.find((one: Answer) => one.role === 'inbox').id;
  const of = (id: string, all: Answer[] = list): Answer => all.find((one) => one.id === id);
  assert.deepEqual(
    [of(trash), of(inbox)],
    [
      { id: trash, days: 30, isOwn: false },
      { id: inbox, days: null, isOwn: false },
    ],
  );
  const done = await call('Retention/set', { ifInState: state, update: { [trash]: { days: 7 } } });
  assert.deepEqual([done.updated, done.oldState], [{ [trash]: null }, state]);
  const name = '/private/vendor/brevduva/retention';
  assert.match((await imap.ok(`GETMETADATA Trash ${name}`)).untagged.join('\n'), /"7"/);
  assert.equal(
    (await server.alice.error('Retention/set', { ifInState: state, destroy: [] })).type,
    'stateMismatch',
  );
  await call('Retention/set', { update: { [trash]: { days: null } } });
  assert.match((await imap.ok(`GETMETADATA Trash ${name}`)).untagged.join('\n'), /"never"/);
  const again = await call('Retention/set', { update: { [trash]: { isOwn: false } } });
  assert.equal(again.newState, state);
  const { list: after } = await call('Retention/get', { ids: [trash, 'f99'], properties: ['days'] });
  assert.deepEqual(after, [{ id: trash, days: 30 }]);
  const wrong = await call('Retention/set', {
    create: { a: { days: 3 } },
    update: { f99: { days: 3 }, [inbox]: { days: 0 }, [trash]: { days: 3, colour: 'red' } },
    destroy: ['nothing'],
  });
  const types = Object.values({ ...wrong.notCreated, ...wrong.notUpdated, ...wrong.notDestroyed });
  assert.deepEqual(
    types.map((one) => (one as Answer).type),
    ['singleton', 'notFound', 'invalidProperties', 'invalidProperties', 'singleton'],
  );
});
