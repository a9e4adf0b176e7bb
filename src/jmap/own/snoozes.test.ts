/** Mail put off over JMAP, with a client over IMAP as the witness. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Answer, startTestJmap, type TestJmap } from '../../../test/kit/jmap.ts';
import { RandomAccount } from '../../../test/kit/random-account.ts';
import { wakeAccount } from '../../mailbox/upkeep/waker.ts';

const HOUR = 3_600_000;
let nowMs = 1_800_000_000_000;
let server: TestJmap;
before(async () => {
  server = await startTestJmap({ clock: { nowMs: () => nowMs } });
});
after(() => server.close());

const until = (hours: number): string => new Date(nowMs + hours * HOUR).toISOString().replace('.000Z', 'Z');
const call = (name: string, args: Answer): Promise<Answer> => server.alice.call(name, args);

test('a mail is put off, has another time, is taken back, and comes by itself', async () => {
  const account = await server.account();
  const mail = new RandomAccount(server.kit.domain, account, 7);
  await mail.append(account.byName.get('INBOX') as never);
  const emailId = (await call('Email/query', {})).ids[0];
  const without = await call('Snooze/set', { create: { a: { emailId, until: until(1) } } });
  assert.equal(without.notCreated.a.type, 'forbidden', 'nowhere to put it');
  const { created: boxes } = await call('Mailbox/set', { create: { a: { name: 'Later', role: 'snoozed' } } });
  const snoozed = boxes.a.id;
  const mailboxes = async (): Promise<string[]> =>
    Object.keys((await call('Email/get', { ids: [emailId], properties: ['mailboxIds'] })).list[0].mailboxIds);
  const before = await mailboxes();

  const { created, newState } = await call('Snooze/set', { create: { a: { emailId, until: until(1) } } });
  const { id } = created.a;
  assert.deepEqual(await mailboxes(), [snoozed]);
  assert.deepEqual((await call('Snooze/get', { ids: null })).list, [{ id, emailId, until: until(1) }]);
  const changed = await call('Snooze/set', { ifInState: newState, update: { [id]: { until: until(3) } } });
  assert.deepEqual(Object.keys(changed.updated), [id]);
  await call('Snooze/set', { destroy: [id] });
  assert.deepEqual(await mailboxes(), before);
  const { destroyed } = await call('Snooze/changes', { sinceState: changed.newState });
  assert.deepEqual(destroyed, [id]);

  await call('Snooze/set', { create: { a: { emailId, until: until(2) } } });
  nowMs += 2 * HOUR;
  assert.equal(await wakeAccount(server.kit.domain, account.id), 1);
  assert.deepEqual(await mailboxes(), before);
  assert.deepEqual((await call('Snooze/get', { ids: null })).list, []);
  const filter = { hasKeyword: '$new', inMailbox: before[0] };
  assert.deepEqual((await call('Email/query', { filter })).ids, [emailId]);
});

test('what is no time, no mail or not there is refused', async () => {
  const { notCreated, notUpdated, notDestroyed } = await call('Snooze/set', {
    create: {
      a: { emailId: 'e99', until: until(1) },
      b: { emailId: 'x', until: until(1) },
      c: { emailId: 'e1', until: 'tomorrow' },
      d: { emailId: 'e1', until: '2999-01-01T00:00:00Z' },
      e: { emailId: 'e1', until: until(1), color: 'red' },
    },
    update: { z99: { until: until(1) } },
    destroy: ['z98', 'nonsense'],
  });
  const types = Object.values({ ...notCreated, ...notUpdated, ...notDestroyed }).map(
    (one) => (one as Answer).type,
  );
  assert.deepEqual(types, [
    'notFound',
    ...Array.from({ length: 4 }, () => 'invalidProperties'),
    ...Array.from({ length: 3 }, () => 'notFound'),
  ]);
});
