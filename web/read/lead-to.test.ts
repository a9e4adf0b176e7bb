import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leadTo, leavingOf } from './lead-to.ts';
import { judgeLink } from './link-doubts.ts';

test('a doubtful link leads over a page that shows where it goes, and why one should look twice', () => {
  const plain = judgeLink('https://example.org/a?b=c', 'here');
  assert.equal(plain && leadTo(plain), 'https://example.org/a?b=c');
  const odd = judgeLink('https://bank.example@evil.example/?a=1&b=#c', 'bank.example');
  const address = odd === undefined ? '' : leadTo(odd);
  assert.match(address, /^\/leave#/);
  const leaving = leavingOf(address.slice('/leave'.length));
  assert.equal(leaving?.link.target, odd?.target);
  assert.deepEqual(leaving?.doubts, ['other-host', 'user-part']);
});

test('what is no such address shows nothing', () => {
  for (const hash of ['', '#', '#to=javascript:alert(1)', '#why=other-host', '#to=/relative'])
    assert.equal(leavingOf(hash), undefined, hash);
});
