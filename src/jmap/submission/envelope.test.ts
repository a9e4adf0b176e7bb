/** Envelopes as clients write them, and as somebody writes them who means no good. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { givenEnvelope } from './envelope.ts';

test('recipients of a whole request are read in a moment, each once', () => {
  const rcptTo = Array.from({ length: 100_000 }, (_, i) => ({ email: `${i % 90_000}@example.org` }));
  const since = process.cpuUsage();
  const envelope = givenEnvelope({ mailFrom: { email: 'anna@example.com' }, rcptTo }, 0);
  const { user } = process.cpuUsage(since);
  assert.ok(typeof envelope === 'object');
  assert.equal(envelope.recipients.length, 90_000);
  assert.ok(user < 2_000_000, `it took ${user / 1000} ms`);
});
