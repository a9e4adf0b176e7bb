import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { MailboxError } from '../mailbox/model/errors.ts';
import { canonicalAddress, newAccountAddress, newDomainName } from './address.ts';

const ROWS: readonly (readonly [raw: string, canonical: string | undefined])[] = [
  ['alice@example.com', 'alice@example.com'],
  ['Alice@EXAMPLE.com', 'alice@example.com'],
  ['alice', 'alice@example.net'],
  ['alice@example.com.', 'alice@example.com'],
  ['"alice"@example.com', 'alice@example.com'],
  ['ju\u0308rgen@example.com', 'jürgen@example.com'],
  ['JÜRGEN@BÜCHER.example', 'jürgen@bücher.example'],
  ['alice@xn--bcher-kva.example', 'alice@bücher.example'],
  ['alice@XN--BCHER-KVA.example', 'alice@bücher.example'],
  ['alice+news@example.com', 'alice+news@example.com'],
  ['用户@例え.jp', '用户@例え.jp'],
  ['', undefined],
  ['@example.com', undefined],
  ['alice@', undefined],
  ['a b@example.com', undefined],
  ['alice\r\n@example.com', undefined],
  ['alice\u200b@example.com', undefined],
  ['alice@example.com@example.com', undefined],
  ['alice@[192.0.2.1]', undefined],
  [`${'x'.repeat(310)}@example.com`, undefined],
  ['x'.repeat(100_000), undefined],
];

describe('canonical addresses', () => {
  for (const [raw, canonical] of ROWS) {
    test(`${JSON.stringify(raw).slice(0, 40)} -> ${canonical}`, () => {
      assert.equal(canonicalAddress(raw, 'example.net'), canonical);
    });
  }

  test('any text gives an address or none, and an address is its own canonical form', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), fc.domain(), (local, domain) => {
        const once = canonicalAddress(`${local}@${domain}`, 'example.net');
        if (once !== undefined) assert.equal(canonicalAddress(once, 'example.net'), once);
      }),
    );
  });
});

test('a new account must have an address that mail can reach', () => {
  assert.equal(newAccountAddress('Alice', 'example.com'), 'alice@example.com');
  for (const raw of [
    '.a@example.com',
    'a..b@example.com',
    'a@b..c',
    'a@b/c',
    'a@127.0.0.1',
    '*@example.com',
    `${'x'.repeat(65)}@example.com`,
    'a b',
  ]) {
    assert.throws(
      () => newAccountAddress(raw, 'example.com'),
      (error) => error instanceof MailboxError && error.code === 'invalid-name',
      raw,
    );
  }
});

test('a domain that has mail here is one that the DNS can have', () => {
  for (const [raw, name] of [
    ['Example.COM.', 'example.com'],
    ['xn--bcher-kva.example', 'bücher.example'],
    ['localhost', 'localhost'],
    ['a-1.example.', 'a-1.example'],
    ['1.example', '1.example'],
    ['例え.jp', '例え.jp'],
  ] as const)
    assert.equal(newDomainName(raw), name);
  for (const raw of [
    '',
    '.',
    'a b',
    'a..b',
    '@example.com',
    'a@b',
    '[192.0.2.1]',
    `${'x'.repeat(64)}.example`,
    'a/b',
    '*.org',
    '*',
    '127.0.0.1',
    '127.1',
    '-x.org',
    'x-.org',
    '__proto__',
    'a_b.org',
    'a%41.org',
  ])
    assert.throws(
      () => newDomainName(raw),
      (error) => error instanceof MailboxError,
      raw,
    );
});
