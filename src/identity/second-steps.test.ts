import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { TOTP } from 'otpauth';
import { silentLog as log } from '../base/log.ts';
import { Secret } from '../base/secret.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import type { AccountRecord } from '../mailbox/model/model.ts';
import type { MailStore } from '../mailbox/port/store.ts';
import { openMemoryStore } from '../store/memory/store.ts';
import { Activity } from './activity.ts';
import { type Changer, SecondSteps } from './second-steps.ts';
import { Throttle } from './throttle.ts';

const HOME = '192.0.2.7';
const STEP_MS = 30_000;

describe('the second step', () => {
  let nowMs: number;
  let slept: number;
  let store: MailStore;
  let steps: SecondSteps;
  let ann: AccountRecord;
  beforeEach(async () => {
    nowMs = 1_000_000_000_000;
    slept = 0;
    store = openMemoryStore();
    const clock = { nowMs: () => nowMs };
    steps = new SecondSteps({
      ...{ directory: store.directory, clock, accounts: { refresh() {} } },
      throttle: new Throttle(clock, 1000),
      activity: new Activity({ log, clock }),
      sleep: async (ms) => {
        slept += ms;
      },
    });
    const password = { kind: 'password' as const, secret: 'x', createdMs: 0 };
    const [made] = await store.directory.create([
      { address: 'ann@example.org', credentials: [password], createdMs: 0 },
    ]);
    assert.ok(made && made !== 'exists');
    ann = made;
  });

  const session = async (): Promise<Changer> => {
    const put = [{ kind: 'web-session' as const, secret: `s${Math.random()}`, createdMs: nowMs }];
    const record = await store.directory.update(ann.id, { credentials: { put } });
    const credential = record?.credentials.at(-1);
    assert.ok(record && credential);
    return { record, credential };
  };
  const codeOf = (key: Secret, atMs = nowMs) =>
    new Secret(new TOTP({ secret: key.reveal() }).generate({ timestamp: atMs }));
  const setUp = async () => {
    const { key } = steps.beginTotp(ann, 'mail.example.org');
    const done = await steps.addTotp(await session(), key, codeOf(key));
    assert.ok(done);
    nowMs += STEP_MS;
    return { key, ...done };
  };
  const prove = async (typed: Secret, remoteAddress = HOME): Promise<string> => {
    const record = await store.directory.get(ann.id);
    assert.ok(record);
    return steps.prove(record, typed, { remoteAddress, service: 'web' }).catch((error: unknown) => {
      assert.ok(error instanceof MailboxError, String(error));
      return error.code;
    });
  };
  const kinds = async () => (await store.directory.get(ann.id))?.credentials.map(({ kind }) => kind);

  test('is there when the app has shown that it has the key, and ends all sessions', async () => {
    const { key } = steps.beginTotp(ann, 'mail.example.org');
    const who = await session();
    const wrong = new Secret(codeOf(key).reveal() === '000000' ? '000001' : '000000');
    assert.equal(await steps.addTotp(who, key, wrong), undefined);
    assert.deepEqual(await kinds(), ['password', 'web-session']);
    const done = await steps.addTotp(who, key, codeOf(key));
    assert.equal(done?.codes.length, 10);
    assert.deepEqual((await kinds())?.sort(), ['password', 'recovery-codes', 'totp']);
    assert.equal(await prove(codeOf(key)), 'bad-credentials', 'the code that showed it is used up');
  });

  test('a code is good once, and none before it; two at once are let in once', async () => {
    const { key } = await setUp();
    const code = codeOf(key);
    const both = await Promise.all([prove(code), prove(code)]);
    assert.deepEqual(both.sort(), ['bad-credentials', 'code']);
    assert.equal(await prove(codeOf(key, nowMs - STEP_MS)), 'bad-credentials');
    assert.equal(await prove(codeOf(key, nowMs + STEP_MS)), 'code', 'a clock may be ahead');
    assert.equal(await prove(codeOf(key, nowMs + STEP_MS)), 'bad-credentials');
  });

  test('a code that was written down is good once; two different ones at once are both good', async () => {
    const { codes } = await setUp();
    const [first, second, third] = codes;
    assert.ok(first && second && third);
    assert.deepEqual((await Promise.all([prove(first), prove(first)])).sort(), [
      'bad-credentials',
      'recovery code',
    ]);
    assert.deepEqual(await Promise.all([prove(second), prove(third)]), ['recovery code', 'recovery code']);
    const record = await store.directory.get(ann.id);
    assert.equal(record && steps.summaryOf(record).codesLeft, 7);
  });

  test('guesses from everywhere are counted together; what cannot be guessed stays good', async () => {
    const { key, codes } = await setUp();
    const outcomes: string[] = [];
    for (let i = 0; i < 60; i++) {
      nowMs += 1000;
      outcomes.push(await prove(new Secret(String(100_000 + i)), `198.51.${i}.7`));
    }
    assert.equal(outcomes.filter((one) => one === 'bad-credentials').length, 20);
    assert.equal(await prove(codeOf(key), '203.0.113.9'), 'throttled', 'the right one too');
    assert.ok(slept > 0);
    assert.equal(await prove(codes[0] as Secret, '203.0.113.9'), 'recovery code');
    nowMs += 3_600_000;
    assert.equal(await prove(codeOf(key)), 'code');
  });

  test('of two changes from the same session the second finds it gone', async () => {
    const who = await session();
    const keys = [steps.beginTotp(ann, 'a').key, steps.beginTotp(ann, 'a').key];
    const both = await Promise.allSettled(keys.map((key) => steps.addTotp(who, key, codeOf(key))));
    assert.deepEqual(
      both.map(({ status }) => status),
      ['fulfilled', 'rejected'],
    );
    nowMs += STEP_MS;
    assert.equal(await prove(codeOf(keys[0] as Secret)), 'code');
  });

  test('another app takes the place of the first, the codes stay; without a second step they go', async () => {
    const { codes } = await setUp();
    const { key } = steps.beginTotp(ann, 'mail.example.org');
    const again = await steps.addTotp(await session(), key, codeOf(key));
    assert.deepEqual(again?.codes, []);
    const renewed = await steps.renewCodes(await session());
    assert.equal(renewed.codes.length, 10);
    assert.equal(await prove(codes[0] as Secret), 'bad-credentials');
    await steps.removeTotp(await session());
    assert.deepEqual(await kinds(), ['password']);
    await assert.rejects(steps.renewCodes(await session()), { code: 'cannot' });
    await assert.rejects(steps.removeTotp(await session()), { code: 'nonexistent' });
  });

  test('an administrator takes it away, with the sessions', async () => {
    await setUp();
    await session();
    assert.equal(await steps.reset(ann.id), true);
    assert.deepEqual(await kinds(), ['password']);
    assert.equal(await steps.reset(ann.id), false);
  });
});
