import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asAccountId } from '../mailbox/model/model.ts';
import { MaildropLocks } from './lock.ts';

const ALICE = asAccountId(1);
const BOB = asAccountId(2);

test('one holder an account; giving back twice takes nothing from the next', async () => {
  const locks = new MaildropLocks({ nowMs: () => 0 });
  const first = await locks.acquire(ALICE, 0);
  assert.ok(first);
  assert.equal(await locks.acquire(ALICE, 0), undefined);
  assert.ok(await locks.acquire(BOB, 0));
  first();
  assert.ok(await locks.acquire(ALICE, 0));
  first();
  assert.equal(await locks.acquire(ALICE, 0), undefined);
});

test('who waits gets it when it is given back, and only one of them', async () => {
  const locks = new MaildropLocks({ nowMs: () => 0 });
  const first = await locks.acquire(ALICE, 0);
  const waiting = [locks.acquire(ALICE, 60_000), locks.acquire(ALICE, 60_000)];
  first?.();
  const got = await Promise.all(waiting);
  assert.equal(got.filter((unlock) => unlock !== undefined).length, 1);
});

test('a second sign-in waits for its time (RFC 2449 §6.5)', () => {
  let nowMs = 1000;
  const locks = new MaildropLocks({ nowMs: () => nowMs });
  assert.equal(locks.mayEnter(ALICE, 500), true);
  nowMs += 499;
  assert.equal(locks.mayEnter(ALICE, 500), false);
  assert.equal(locks.mayEnter(BOB, 500), true);
  assert.equal(locks.mayEnter(ALICE, 0), true);
  nowMs += 1;
  assert.equal(locks.mayEnter(ALICE, 500), true);
});
