import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fullness, isRefusing, owedLevel, type Room, settledRoom } from './room.ts';

const MB = 1024 * 1024;
const room = (percent: number, more: Partial<Room> = {}): Room => ({
  ...{ usedBytes: percent * MB, usedMessages: 0, roomTold: 0, refusedSinceMs: 0, refusedBytes: 0 },
  limits: { bytes: 100 * MB },
  ...more,
});

test('each level once, the highest alone; again three points below', () => {
  const told: number[] = [];
  let roomTold = 0;
  for (const percent of [79, 80, 81, 96, 94, 93, 95, 91, 95, 60, 85, 78, 80, 76, 80]) {
    const now = room(percent, { roomTold });
    roomTold = settledRoom(now).roomTold;
    const level = owedLevel({ ...now, roomTold });
    if (level === undefined) continue;
    told.push(level);
    roomTold = level;
  }
  assert.deepEqual(told, [80, 95, 95, 80, 80]);
});

test('octets or messages, whichever is fuller; nothing where there is no limit or hardly any room', () => {
  assert.equal(fullness(room(50, { limits: {} })), 0);
  assert.equal(fullness(room(50, { usedMessages: 19, limits: { bytes: 100 * MB, messages: 20 } })), 95);
  assert.equal(owedLevel(room(1, { limits: { bytes: 1000 } })), undefined);
  assert.equal(owedLevel(room(50, { usedMessages: 9, limits: { messages: 9 } })), undefined);
  assert.equal(owedLevel(room(50, { usedMessages: 18, limits: { messages: 20 } })), 90);
});

test('a large message that finds no room in a mailbox far from full is no reason to tell anything', () => {
  const refused = { refusedSinceMs: 5, refusedBytes: 90 * MB, roomTold: 0 };
  assert.equal(isRefusing(room(15, refused)), false);
  assert.equal(owedLevel(room(15, refused)), undefined);
  assert.equal(settledRoom(room(15, refused)).refusedSinceMs, 0);
  assert.equal(owedLevel(room(81, refused)), 100);
});

test('mail that was refused is forgotten when it would fit, whatever made the room', () => {
  const refused = { refusedSinceMs: 5, refusedBytes: 10 * MB, roomTold: 80 };
  assert.equal(owedLevel(room(91, refused)), 100);
  assert.deepEqual(settledRoom(room(91, refused)), refused);
  for (const now of [room(90, refused), room(95, { ...refused, limits: { bytes: 200 * MB } })])
    assert.equal(settledRoom(now).refusedSinceMs, 0);
  assert.equal(isRefusing(room(0, { ...refused, limits: { bytes: 5 * MB } })), false, 'an empty one never');
  assert.equal(isRefusing(room(0, { ...refused, usedMessages: 4, limits: { messages: 4 } })), true);
});
