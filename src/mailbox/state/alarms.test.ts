import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccountId } from '../model/model.ts';
import { Alarms } from './alarms.ts';

test('who listens hears of each time that is not later than the one that is known', () => {
  const [one, other] = [1, 2] as AccountId[];
  const alarms = new Alarms();
  let heard = 0;
  alarms.listen(() => heard++);
  alarms.set(one as AccountId, 500);
  alarms.set(one as AccountId, 500);
  alarms.set(one as AccountId, 400);
  assert.equal(heard, 3);
  alarms.set(one as AccountId, 600);
  assert.equal(heard, 3, 'it is looked at sooner');
  alarms.set(other as AccountId, 300);
  assert.equal(alarms.earliestMs, 300);
  assert.deepEqual(alarms.takeDue(450), [other, one]);
  assert.equal(alarms.earliestMs, undefined);
  alarms.set(one as AccountId, 400);
  assert.equal(heard, 5);
});
