import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { asAccountId } from '../mailbox/model/model.ts';
import { Allowances } from './allowance.ts';
import { holdLimits, holdUntil, MAX_HOLD_SECONDS } from './future-release.ts';
import { domainDefaultsIn, submissionOf } from './settings.ts';

const ANN = asAccountId(1);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const LIMITS = { messagesPerHour: 10, recipientsPerHour: 30, messagesPerDay: 20, recipientsPerDay: 0 };

describe('how much an account may send', () => {
  test('messages and recipients apart, by hour and by day; who is told when', () => {
    const allowances = new Allowances();
    let nowMs = 1000 * HOUR;
    const send = (recipients = 1): string => {
      const over = allowances.limitFor(ANN, LIMITS, recipients, nowMs);
      if (over !== undefined) return `over ${over.what} ${over.limit}`;
      return (
        allowances
          .spend(ANN, LIMITS, recipients, nowMs)
          .map(({ what }) => `nearly ${what}`)
          .join() || 'sent'
      );
    };
    assert.deepEqual(
      Array.from({ length: 10 }, () => send()),
      [...Array.from({ length: 7 }, () => 'sent'), ...['nearly messagesPerHour', 'sent', 'sent']],
    );
    assert.equal(send(), 'over messagesPerHour 10');
    assert.equal(allowances.limitFor(asAccountId(2), LIMITS, 1, nowMs), undefined);
    nowMs += HOUR;
    assert.equal(send(31), 'over recipientsPerHour 30');
    assert.equal(send(24), 'nearly recipientsPerHour');
    assert.equal(send(7), 'over recipientsPerHour 30');
    nowMs += 30 * MINUTE;
    assert.equal(send(6), 'sent');
    nowMs += 30 * MINUTE;
    assert.equal(send(24), 'nearly recipientsPerHour', 'the first 24 are over an hour ago');
    assert.equal(send(1), 'over recipientsPerHour 30');
    nowMs += HOUR;
    const rest = Array.from({ length: 8 }, () => send());
    assert.deepEqual(rest.at(-1), 'over messagesPerDay 20');
    nowMs += 24 * HOUR;
    assert.equal(send(), 'sent');
    for (let n = 0; n < 9; n++) send();
    assert.equal(send(), 'over messagesPerHour 10');
    allowances.giveBack(ANN, 1, nowMs);
    assert.equal(send(), 'sent', 'what was not taken does not count');
    assert.equal(send(), 'over messagesPerHour 10');
    const spentMs = nowMs;
    nowMs += 6 * MINUTE;
    allowances.giveBack(ANN, 1, spentMs);
    assert.equal(send(), 'sent', 'nor when that turned out later');
  });
});

describe('over a restart', () => {
  test('what was sent counts on, for an hour and for a day, and never as less', () => {
    let nowMs = 1000 * HOUR;
    const before = new Allowances();
    for (let n = 0; n < 9; n++) before.spend(ANN, LIMITS, 2, nowMs);
    nowMs += 50 * MINUTE;
    before.spend(ANN, LIMITS, 3, nowMs);
    const written = JSON.parse(JSON.stringify([...before.snapshot(nowMs)]));
    const after = new Allowances();
    after.restore(written, nowMs);
    after.restore(written, nowMs);
    assert.equal(after.limitFor(ANN, LIMITS, 1, nowMs)?.what, 'messagesPerHour');
    assert.deepEqual([...after.snapshot(nowMs)], written);
    nowMs += 5 * HOUR;
    assert.equal(after.limitFor(ANN, LIMITS, 1, nowMs), undefined);
    const later = [...after.snapshot(nowMs)];
    const again = new Allowances();
    again.restore(later, nowMs);
    for (let n = 0; n < 10; n++) again.spend(ANN, LIMITS, 1, nowMs);
    assert.equal(again.limitFor(ANN, { ...LIMITS, messagesPerHour: 0 }, 1, nowMs)?.what, 'messagesPerDay');
    nowMs += 26 * HOUR;
    assert.deepEqual([...again.snapshot(nowMs)], []);
    again.restore(later, nowMs);
    assert.equal(again.limitFor(ANN, LIMITS, 1, nowMs), undefined, 'what is old is not taken up');
  });

  test('limits by domain, and what an account has of its own before them', () => {
    const defaults = {
      enabled: true,
      undoMs: 0,
      messagesPerHour: 1,
      recipientsPerHour: 2,
      messagesPerDay: 3,
      recipientsPerDay: 4,
    };
    const domainDefaults = domainDefaultsIn(
      'Example.org messages_per_hour=50 recipients_per_day=0, example.net messages_per_day=9',
    );
    const of = (address: string, settings = {}) =>
      submissionOf({ defaults, domainDefaults }, { address, settings });
    assert.deepEqual(of('a@example.org'), { ...defaults, messagesPerHour: 50, recipientsPerDay: 0 });
    assert.deepEqual(of('a@example.com'), defaults);
    assert.equal(of('a@example.net', { 'submission.messages_per_day': '7' }).messagesPerDay, 7);
  });
});

describe('mail that leaves later (RFC 4865)', () => {
  const nowMs = Date.UTC(2030, 0, 1);
  test('so many seconds from now, or at a moment', () => {
    assert.equal(holdUntil({}, nowMs), undefined);
    assert.equal(holdUntil({ holdForSeconds: 60 }, nowMs), nowMs + 60_000);
    assert.equal(holdUntil({ holdUntilMs: nowMs + 5000 }, nowMs), nowMs + 5000);
    assert.equal(holdUntil({ holdUntilMs: nowMs - 5000 }, nowMs), undefined);
    assert.equal(holdUntil({ holdForSeconds: MAX_HOLD_SECONDS }, nowMs), nowMs + MAX_HOLD_SECONDS * 1000);
    const refused = holdUntil({ holdForSeconds: MAX_HOLD_SECONDS + 61 }, nowMs);
    assert.ok(typeof refused === 'object' && refused.code === 501);
    assert.equal(holdLimits(nowMs), '2592000 2030-01-31T00:00:00Z');
  });
});
