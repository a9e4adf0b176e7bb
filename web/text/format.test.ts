import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatsOf } from './format.ts';

const NOW = new Date('2026-03-05T12:00:00Z');

test('a time in a list is as short as it can be understood', () => {
  const [en, sv] = [formatsOf('en', 'Europe/Stockholm'), formatsOf('sv', 'Europe/Stockholm')];
  for (const [iso, english, swedish] of [
    ['2026-03-05T13:05:00Z', '14:05', '14:05'],
    ['2026-03-04T23:30:00Z', '00:30', '00:30'],
    ['2026-03-04T12:00:00Z', 'Wed', 'ons'],
    ['2026-02-26T12:00:00Z', 'Feb 26', '26 feb.'],
    ['2026-04-01T12:00:00Z', 'Apr 1', '1 apr.'],
    ['2024-11-02T12:00:00Z', '2024-11-02', '2024-11-02'],
  ] as const) {
    assert.equal(en.listTime(iso, NOW), english, iso);
    assert.equal(sv.listTime(iso, NOW), swedish, iso);
  }
});

test('sizes have two figures where that helps', () => {
  const { size } = formatsOf('sv');
  for (const [octets, text] of [
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1 kB'],
    [1234, '1,2 kB'],
    [80_400, '80 kB'],
    [999_600, '1 MB'],
    [4_100_000_000, '4,1 GB'],
  ] as const)
    assert.equal(size(octets), text);
});
