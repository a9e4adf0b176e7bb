import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { casemapKey, casemapped, MAX_KEY_BYTES } from './collation.ts';
import { HeaderBlock } from './header.ts';
import { summary } from './header-summary.ts';
import { isReplyOrForward, sentSecondsOf, sortKeys, TEXT_KEYS, textKeyOf } from './sort-keys.ts';

function keysOf(...lines: string[]): Buffer {
  const header = new HeaderBlock(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`));
  return sortKeys(summary(header));
}

function texts(keys: Buffer): Record<string, string> {
  return Object.fromEntries(TEXT_KEYS.map((name) => [name, textKeyOf(keys, name).toString()]));
}

test('keys of a message (RFC 5256 §2, RFC 5957 §3)', () => {
  const keys = keysOf(
    'From: =?utf-8?q?J=C3=B6rg?= <jorg@example.org>, b@example.org',
    'To: Friends: one@example.com, two@example.com;',
    'Cc: c.c@example.net',
    'Subject: Re: [list] =?utf-8?q?=C3=84pfel?=',
    'Date: Mon, 3 Jun 2024 10:00:00 +0200',
  );
  assert.deepEqual(texts(keys), {
    subject: 'A\u0308PFEL',
    from: 'JORG',
    to: 'FRIENDS',
    cc: 'C.C',
    displayFrom: 'JO\u0308RG',
    displayTo: 'FRIENDS',
  });
  assert.equal(sentSecondsOf(keys), Date.parse('2024-06-03T08:00:00Z') / 1000);
  assert.equal(isReplyOrForward(keys), true);
});

test('keys of a message that has nothing', () => {
  const keys = keysOf('X: y');
  assert.deepEqual(texts(keys), { subject: '', from: '', to: '', cc: '', displayFrom: '', displayTo: '' });
  assert.equal(sentSecondsOf(keys), undefined);
  assert.equal(isReplyOrForward(keys), false);
});

test('a display key without a name is the address', () => {
  assert.equal(texts(keysOf('From: <a@b.example>')).displayFrom, 'A@B.EXAMPLE');
  assert.equal(texts(keysOf('From: alone')).displayFrom, 'ALONE');
  assert.equal(texts(keysOf('From:', 'From: b@example.com')).from, 'B');
});

test('dates before 1970 and far in the future', () => {
  assert.equal(sentSecondsOf(keysOf('Date: 1 Jan 1969 00:00 +0000')), -365 * 86400);
  assert.equal(sentSecondsOf(keysOf('Date: 1 Jan 9999 00:00 +0000')), Date.UTC(9999, 0, 1) / 1000);
});

test('damaged octets are empty keys', () => {
  const keys = keysOf('From: a@b', 'Subject: hello', 'Date: 1 Jan 2024 00:00 +0000');
  for (let length = 0; length < keys.length; length++) {
    const cut = keys.subarray(0, length);
    for (const name of TEXT_KEYS) textKeyOf(cut, name);
    sentSecondsOf(cut);
    isReplyOrForward(cut);
  }
});

test('the collation i;unicode-casemap (RFC 5051)', () => {
  const same = [
    ['abc', 'ABC'],
    ['Åse', 'åSE'],
    ['\u00e5', 'a\u030a'],
    ['ǆ', 'ǅ', 'Ǆ'],
    ['ᾳ', 'ᾼ'],
    ['ſ', 's', 'S'],
    ['ﬁ', 'fi'],
    ['Ω', '\u2126'],
  ];
  for (const [first = '', ...others] of same)
    for (const other of others)
      assert.equal(casemapped(other).toUpperCase(), casemapped(first).toUpperCase(), other);
  assert.notEqual(casemapped('ß'), casemapped('ss'));
  assert.ok(Buffer.compare(casemapKey('Zebra'), casemapKey('apple')) > 0);
  assert.ok(Buffer.compare(casemapKey('a'), casemapKey('ab')) < 0);
});

test('property: case makes no difference to ASCII, keys are bounded and whole characters', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 700 }), (text) => {
      const key = casemapKey(text);
      assert.ok(key.length <= MAX_KEY_BYTES);
      assert.equal(Buffer.from(key.toString()).compare(key), 0);
    }),
  );
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme-ascii' }), (text) => {
      assert.deepEqual(casemapKey(text.toLowerCase()), casemapKey(text.toUpperCase()));
    }),
  );
});
