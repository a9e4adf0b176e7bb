import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Needle } from './needle.ts';

test('property: finds what includes finds, however long it is', () => {
  const text = fc.array(fc.constantFrom('a', 'b', 'ab', 'ä'), { maxLength: 600 }).map((all) => all.join(''));
  fc.assert(
    fc.property(text, fc.nat(300), fc.nat(600), text, (before, from, length, after) => {
      const needle = new Needle((before + after).slice(from, from + length));
      for (const haystack of [before, after, before + after, `${after}${before}`])
        assert.equal(needle.isIn(haystack), haystack.includes(needle.text));
    }),
  );
});

test('a long text of few letters costs no more than another', () => {
  const started = performance.now();
  const half = 'a'.repeat(30_000);
  assert.ok(!new Needle(`${half}b${half}`).isIn('a'.repeat(5_000_000)));
  // Some ten milliseconds; the product of both lengths would be minutes.
  assert.ok(performance.now() - started < 5000);
});
