import assert from 'node:assert/strict';
import { test } from 'node:test';
import { octetsOf, QUOTA_PATTERN, quotaText } from './quota.ts';

test('room is typed with a unit or in gigabytes, and shown in the unit that fits', () => {
  assert.equal(octetsOf('1,5'), 1_500_000_000);
  assert.equal(octetsOf(' 300 KB '), 300_000);
  assert.equal(octetsOf('2.5mb'), 2_500_000);
  assert.equal(octetsOf('7 B'), 7);
  assert.equal(octetsOf(''), undefined);
  assert.equal(quotaText(307_200), '307.2 kB');
  assert.equal(quotaText(1_500_000_000), '1.5 GB');
});

test('what is shown is what is typed', () => {
  for (const octets of [0, 1, 999, 1000, 307_200, 999_999, 1_073_741_824, 2e9, 123_456_789_012, 5e15]) {
    assert.equal(octetsOf(quotaText(octets)), octets);
    assert.match(quotaText(octets), new RegExp(`^(?:${QUOTA_PATTERN})$`, 'v'));
  }
});
