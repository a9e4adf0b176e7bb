import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { MailboxError } from '../mailbox/model/errors.ts';
import type { AccountRecord } from '../mailbox/model/model.ts';
import { canonicalAddress, newAccountAddress, resolveRecipient } from './address.ts';

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

test('mail to a tag goes to the account of that name, else to the one without the tag (RFC 5233)', async () => {
  const names = ['alice@example.com', 'alice+lists@example.com', '+odd@example.com'];
  const directory = {
    find: async (address: string) => (names.includes(address) ? ({ address } as AccountRecord) : undefined),
  };
  const rows = [
    ['alice@example.com', 'alice@example.com'],
    ['Alice+News+More@Example.com', 'alice@example.com'],
    ['alice+lists@example.com', 'alice+lists@example.com'],
    ['alice+@example.com', 'alice@example.com'],
    ['alice+news', 'alice@example.com'],
    ['+odd@example.com', '+odd@example.com'],
    ['+other@example.com', undefined],
    ['bob+news@example.com', undefined],
    ['', undefined],
  ] as const;
  for (const [raw, expected] of rows) {
    assert.equal((await resolveRecipient(directory, raw, 'example.com'))?.address, expected, raw);
  }
});
