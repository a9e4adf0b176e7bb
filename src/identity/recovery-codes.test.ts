import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '../base/secret.ts';
import { CODES, countIn, keptOf, makeCodes, without } from './recovery-codes.ts';

test('ten codes, of which nothing is kept that says what they are; each is taken out by itself', () => {
  const codes = makeCodes();
  assert.equal(new Set(codes.map((one) => one.reveal())).size, CODES);
  let kept = keptOf(codes);
  assert.equal(countIn(kept), CODES);
  for (const one of codes)
    assert.ok(!kept.includes(one.reveal()) && !kept.includes(one.reveal().replaceAll('-', '')));
  for (const [n, one] of codes.entries()) {
    const typed = new Secret(
      n % 2 === 0 ? one.reveal() : ` ${one.reveal().replaceAll('-', ' ').toUpperCase()} `,
    );
    const left = without(kept, typed);
    assert.ok(left);
    assert.equal(countIn(left), CODES - n - 1);
    assert.equal(without(left, typed), undefined, 'it is used up');
    kept = left;
  }
});

test('what is none of them takes nothing out', () => {
  const kept = keptOf(makeCodes());
  for (const none of ['', '123456', 'aaaa-aaaa-aaaa-aaaa', 'aaaa-aaaa-aaaa-aaa1', 'x'.repeat(1000)])
    assert.equal(without(kept, new Secret(none)), undefined, none);
  assert.equal(without('', new Secret('aaaa-aaaa-aaaa-aaaa')), undefined);
  assert.equal(countIn('another scheme'), 0);
});
