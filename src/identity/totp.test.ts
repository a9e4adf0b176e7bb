import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '../base/secret.ts';
import { codeIn, keyIn, keyUri, makeKey, stepOf } from './totp.ts';

/** "12345678901234567890" in base32: the key of RFC 6238 appendix B. */
const RFC_KEY = new Secret('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ');

test('the codes of RFC 6238 appendix B, of which an app shows the last six digits', () => {
  for (const [seconds, eight] of [
    [59, '94287082'],
    [1111111109, '07081804'],
    [1111111111, '14050471'],
    [1234567890, '89005924'],
    [2000000000, '69279037'],
    [20000000000, '65353130'],
  ] as const)
    assert.equal(stepOf(RFC_KEY, eight.slice(2), seconds * 1000), Math.floor(seconds / 30), eight);
});

test('a clock may be half a minute wrong, and no more; each code says of which step it is', () => {
  const of = (seconds: number) => stepOf(RFC_KEY, '287082', seconds * 1000);
  assert.deepEqual([29, 30, 59, 60, 89].map(of), [1, 1, 1, 1, 1]);
  assert.equal(of(90), undefined);
  assert.equal(stepOf(RFC_KEY, '287083', 59_000), undefined);
});

test('what is typed is a code, a key, or neither', () => {
  assert.equal(codeIn(new Secret(' 287 082 ')), '287082');
  for (const none of ['', '28708', '2870822', '28708a', 'abcd-efgh'])
    assert.equal(codeIn(new Secret(none)), undefined);
  const key = makeKey();
  assert.equal(keyIn(key.reveal())?.reveal(), key.reveal());
  assert.notEqual(makeKey().reveal(), key.reveal());
  for (const none of ['', 'GEZD', `${key.reveal()}A`, key.reveal().toLowerCase()])
    assert.equal(keyIn(none), undefined);
  const uri = new URL(keyUri(key, 'ann@example.org', 'mail.example.org').reveal());
  assert.equal(uri.protocol, 'otpauth:');
  assert.equal(decodeURIComponent(uri.pathname), '/mail.example.org:ann@example.org');
  assert.equal(uri.searchParams.get('secret'), key.reveal());
});
