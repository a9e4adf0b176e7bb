import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EmailThread } from '../model/threads.ts';
import { RecentThreads } from './recent-threads.ts';

const thread = (first: number, own: string, ...named: readonly string[]): EmailThread => {
  return { thread: first, subject: 1, own, named };
};

test('what is added while a window is open is seen in it, and after it is stored no more', () => {
  const recent = new RecentThreads(10);
  const early = recent.open();
  recent.add(11, 1, thread(1, 'a'));
  recent.add(11, 2, thread(1, 'b', 'a'));
  recent.committed(11);
  const late = recent.open();
  const numbers = (name: string) => early.matchesOf(name).map(({ email, isOwn }) => (isOwn ? -email : email));
  assert.deepEqual(numbers('a'), [-1, 2]);
  assert.deepEqual([early.sizeOf(1), late.sizeOf(1)], [1, 0], 'the store has told the late one of both');
  assert.equal(late.matchesOf('a').length, 0);
  recent.add(12, 3, thread(3, 'c'));
  early.close();
  assert.deepEqual(numbers('a'), []);
  assert.deepEqual(numbers('c'), [-3], 'not yet stored');
  recent.committed(12);
  assert.deepEqual(numbers('c'), [-3], 'the late one was told before');
  late.close();
  assert.deepEqual(numbers('c'), []);
});

test('what is taken back was never there', () => {
  const recent = new RecentThreads(0);
  const window = recent.open();
  recent.add(1, 1, thread(1, 'a'));
  const undo = recent.add(1, 2, thread(1, 'b', 'a'));
  undo();
  assert.deepEqual([window.matchesOf('a').length, window.matchesOf('b').length, window.sizeOf(1)], [1, 0, 0]);
  window.close();
  recent.committed(1);
  assert.equal(recent.open().matchesOf('a').length, 0);
});

test('of many that name an id the newest are told, after whoever has it', () => {
  const recent = new RecentThreads(0);
  recent.add(1, 1, thread(1, 'a'));
  const window = recent.open();
  const undo: (() => void)[] = [];
  for (let email = 2; email <= 1001; email++) undo.push(recent.add(2, email, thread(1, `own ${email}`, 'a')));
  const numbers = () => window.matchesOf('a').map(({ email }) => email);
  assert.deepEqual(numbers(), [1, ...Array.from({ length: 11 }, (_, i) => 1001 - i)]);
  assert.equal(window.sizeOf(1), 1000);
  for (const back of undo.splice(500).toReversed()) back();
  assert.deepEqual([numbers()[1], window.sizeOf(1)], [501, 500]);
  recent.committed(1);
  const late = recent.open();
  window.close();
  assert.deepEqual([late.matchesOf('a').length, late.matchesOf('a')[0]?.isOwn], [12, false]);
  assert.equal(late.sizeOf(1), 500);
  late.close();
  recent.committed(2);
  const last = recent.open();
  assert.deepEqual([last.matchesOf('a').length, last.sizeOf(1)], [0, 0]);
});
