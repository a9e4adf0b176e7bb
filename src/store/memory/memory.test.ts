import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeMailStore } from '../contract.ts';
import { aBatch, anEmail, email, someBytes } from '../fixtures.ts';
import { MemoryData, openMemoryStore } from './store.ts';

describeMailStore('memory', async () => {
  const data = new MemoryData();
  return { open: async () => openMemoryStore(data), dispose: async () => undefined };
});

test('bytes whose upload was given up are not taken, and those an email has stay', async () => {
  const store = openMemoryStore();
  const upload = store.stage([]);
  await upload.write(someBytes(10));
  const blob = await upload.finish();
  const kept = store.stage([]);
  await kept.write(someBytes(10));
  const used = await kept.finish();
  upload.abort();
  const [refused] = await store.write([aBatch(0, { emails: [anEmail(email(1), blob)] })]).committed;
  assert.equal(refused?.code, 'io');
  const [taken] = await store.write([aBatch(0, { emails: [anEmail(email(1), used)] })]).committed;
  assert.equal(taken, undefined);
  kept.abort();
  const [again] = await store.write([aBatch(1, { emails: [anEmail(email(2), used)] })]).committed;
  assert.equal(again, undefined);
});
