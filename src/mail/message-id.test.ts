import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hashId, ID_HASH_BYTES, messageIds } from './message-id.ts';

const TABLE: readonly (readonly [field: string, ids: readonly string[]])[] = [
  ['', []],
  ['<a@b>', ['<a@b>']],
  ['<a@b><c@d> , <e@f>', ['<a@b>', '<c@d>', '<e@f>']],
  ['(comment) <a@b> (another)', ['<a@b>']],
  ['Your message of "Mon, 1 Jan" <a@b>', ['<a@b>']],
  ['<a\r\n @b>', ['<a@b>']],
  ['<"01KF8JCEOCBS0045PS"@xxx.yyy.com>', ['<01KF8JCEOCBS0045PS@xxx.yyy.com>']],
  ['<"a>b"@c> <d@e>', ['<a>b@c>', '<d@e>']],
  ['<"a\\"b"@c>', ['<a"b@c>']],
  ['<"never closed@c> <d@e>', ['<"never closed@c>', '<d@e>'].map((id) => id.replaceAll(' ', ''))],
  ['<no-at-sign>', ['<no-at-sign>']],
  ['<>', []],
  ['<   >', []],
  ['<open', []],
  ['a@b', ['<a@b>']],
  ['a@b c@d', ['<a@b>', '<c@d>']],
  ['message of yesterday', []],
  ['from bob@example.com: about "x@y"', []],
];

for (const [field, ids] of TABLE) {
  test(`ids in ${JSON.stringify(field)}`, () => assert.deepEqual(messageIds(field, 100), ids));
}

test('linear, whatever it is', () => {
  for (const piece of ['<', '<"', '<"\\', '>', '<a', 'a@b ', '<"a"', '@']) {
    const begin = performance.now();
    messageIds(piece.repeat(1_000_000 / piece.length), 1000);
    assert.ok(performance.now() - begin < 5000, piece);
  }
});

test('property: ids that are written are read', () => {
  const id = fc.stringMatching(/^[a-zA-Z0-9.$=+-]{1,40}@[a-z0-9.-]{1,30}$/);
  fc.assert(
    fc.property(
      fc.array(id, { maxLength: 30 }),
      fc.constantFrom(' ', '\r\n ', '', ', ', '\t(c) '),
      (ids, gap) => {
        const wanted = ids.map((one) => `<${one}>`);
        assert.deepEqual(messageIds(wanted.join(gap), 100), wanted);
      },
    ),
  );
});

function hashed(id: string): string {
  const out = Buffer.alloc(ID_HASH_BYTES);
  hashId(id, out, 0);
  return out.toString('hex');
}

test('hashes: stored, so they never change; and few ids meet', () => {
  assert.equal(hashed('<a@b>'), hashed('<a@b>'));
  const seen = new Set<string>();
  const halves = new Set<string>();
  for (let i = 0; i < 200_000; i++) {
    const hash = hashed(`<${i}.${i % 7}@mail${i % 13}.example.com>`);
    seen.add(hash);
    halves.add(hash.slice(0, 8));
  }
  assert.equal(seen.size, 200_000);
  // Of 200,000 in 32 bits, five pairs meet.
  assert.ok(halves.size > 199_950, `${halves.size}`);
});
