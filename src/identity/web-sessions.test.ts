import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { silentLog as log } from '../base/log.ts';
import type { AccountRecord } from '../mailbox/model/model.ts';
import type { MailStore } from '../mailbox/port/store.ts';
import { openMemoryStore } from '../store/memory/store.ts';
import { Activity } from './activity.ts';
import { parseToken } from './web-session.ts';
import { WebSessions } from './web-sessions.ts';

const HOUR = 3_600_000;
const DEVICE = { name: 'Firefox on Linux', remote: '192.0.2.1', isOwnDevice: true };
const password = (secret: string) => ({ kind: 'password' as const, secret, createdMs: 0 });

describe('sessions of browsers', () => {
  let nowMs: number;
  let store: MailStore;
  let sessions: WebSessions;
  let ann: AccountRecord;
  let refreshed: AccountRecord[];
  beforeEach(async () => {
    nowMs = 1_000_000;
    store = openMemoryStore();
    refreshed = [];
    const clock = { nowMs: () => nowMs };
    const accounts = { refresh: (record: AccountRecord) => void refreshed.push(record) };
    sessions = new WebSessions({
      ...{ directory: store.directory, clock, accounts },
      activity: new Activity({ log, clock }),
    });
    const [made] = await store.directory.create([
      { address: 'ann@example.org', credentials: [password('old')], createdMs: 0 },
    ]);
    assert.ok(made && made !== 'exists');
    ann = made;
  });

  const admission = () => ({ record: ann, credential: ann.credentials[0] });
  const setPassword = () => store.directory.update(ann.id, { credentials: { put: [password('new')] } });

  test('one is known by its token, and nothing of that is kept', async () => {
    const { token, session } = await sessions.begin(admission(), DEVICE);
    assert.equal((await sessions.find(token))?.credential.id, session.id);
    const kept = JSON.stringify((await store.directory.get(ann.id))?.credentials);
    assert.ok(!kept.includes(token.split('.')[1] as string));
    for (const other of [
      '',
      '1',
      `${token}x`,
      token.replace(/.$/, '!'),
      `2.${token.split('.')[1]}`,
      `0${token}0`,
    ])
      assert.equal(await sessions.find(other), undefined, other);
    assert.equal(parseToken('0.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'), undefined);
  });

  test('on a shared device it ends after twelve hours, on an own one thirty days after its last use', async () => {
    const shared = await sessions.begin(admission(), { ...DEVICE, isOwnDevice: false });
    const own = await sessions.begin(admission(), DEVICE);
    nowMs += 11 * HOUR;
    assert.ok(await sessions.find(shared.token));
    nowMs += HOUR;
    assert.equal(await sessions.find(shared.token), undefined);
    nowMs += 20 * 24 * HOUR;
    const who = await sessions.find(own.token);
    assert.ok(who);
    assert.equal(await sessions.used(who, '192.0.2.9'), true);
    const again = await sessions.find(own.token);
    assert.equal(again?.credential.lastUse?.remote, '192.0.2.9');
    assert.equal(again && (await sessions.used(again, '192.0.2.9')), false, 'once a day is enough');
    nowMs += 29 * 24 * HOUR;
    assert.ok(await sessions.find(own.token));
    nowMs += 24 * HOUR;
    assert.equal(await sessions.find(own.token), undefined);
  });

  test('ended by its person, it is good for nothing, and whoever listens hears of it', async () => {
    const { token, session } = await sessions.begin(admission(), DEVICE);
    await sessions.end(ann.id, session.id);
    assert.equal(await sessions.find(token), undefined);
    assert.ok(!refreshed.at(-1)?.credentials.some(({ id }) => id === session.id));
    await assert.rejects(sessions.end(ann.id, session.id), { code: 'nonexistent' });
    await assert.rejects(
      sessions.end(ann.id, ann.credentials[0]?.id ?? 0),
      { code: 'nonexistent' },
      'no password',
    );
  });

  test('a new password ends all of them, and one that comes behind it', async () => {
    const { token } = await sessions.begin(admission(), DEVICE);
    const before = admission();
    await setPassword();
    assert.equal(await sessions.find(token), undefined);
    await assert.rejects(sessions.begin(before, DEVICE), { code: 'bad-credentials' });
    const left = (await store.directory.get(ann.id))?.credentials.map(({ kind }) => kind);
    assert.deepEqual(left, ['password']);
  });

  test('there are only so many, and the one used least recently goes', async () => {
    const tokens: string[] = [];
    for (let i = 0; i < 52; i++) {
      nowMs++;
      tokens.push((await sessions.begin(admission(), DEVICE)).token);
    }
    const alive = await Promise.all(tokens.map(async (token) => (await sessions.find(token)) !== undefined));
    assert.deepEqual(alive.slice(0, 3), [false, false, true]);
    assert.equal(alive.filter(Boolean).length, 50);
  });

  test('a link signs in once, within an hour, and is no session before', async () => {
    const link = await sessions.makeLink(ann.id);
    assert.equal(await sessions.find(link), undefined);
    const { token } = await sessions.redeem(link, DEVICE);
    assert.ok(await sessions.find(token));
    await assert.rejects(sessions.redeem(link, DEVICE), { code: 'bad-credentials' });
    const late = await sessions.makeLink(ann.id);
    nowMs += HOUR;
    await assert.rejects(sessions.redeem(late, DEVICE), { code: 'bad-credentials' });
  });

  test('of two who use a link at once one has a session', async () => {
    const link = await sessions.makeLink(ann.id);
    const both = await Promise.allSettled([sessions.redeem(link, DEVICE), sessions.redeem(link, DEVICE)]);
    const tokens = both.flatMap((one) => (one.status === 'fulfilled' ? [one.value.token] : []));
    const alive = await Promise.all(tokens.map((token) => sessions.find(token)));
    assert.equal(alive.filter((one) => one !== undefined).length, 1);
    assert.equal(sessions.live((await store.directory.get(ann.id)) as AccountRecord).length, 1);
  });
});
