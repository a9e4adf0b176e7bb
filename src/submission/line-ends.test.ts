import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { LineEnds } from './line-ends.ts';

function whole(pieces: readonly Buffer[]): { text: string; ends: LineEnds } {
  const ends = new LineEnds();
  const out = pieces.map((piece) => ends.write(Buffer.from(piece)));
  return { text: Buffer.concat([...out, ends.end()]).toString('latin1'), ends };
}

const rows: readonly (readonly [text: string, expected: string])[] = [
  ['', ''],
  ['a\r\nb\r\n', 'a\r\nb\r\n'],
  ['a\nb\n', 'a\r\nb\r\n'],
  ['a\rb\r', 'a\r\nb\r\n'],
  ['a', 'a\r\n'],
  ['\r', '\r\n'],
  ['\n', '\r\n'],
  ['\r\r\n\n\r', '\r\n\r\n\r\n\r\n'],
  ['a\r\n.\n\r\nb\n.\r\n', 'a\r\n.\r\n\r\nb\r\n.\r\n'],
  ['\n\r\n\r', '\r\n\r\n\r\n'],
];

describe('line ends of what leaves (RFC 5321 §2.3.8)', () => {
  for (const [text, expected] of rows)
    test(`${JSON.stringify(text)}, at every cut`, () => {
      const bytes = Buffer.from(text, 'latin1');
      assert.equal(whole([bytes]).text, expected);
      for (let at = 0; at <= bytes.length; at++)
        assert.equal(whole([bytes.subarray(0, at), bytes.subarray(at)]).text, expected, `cut at ${at}`);
      const octets = [...bytes].map((octet) => Buffer.from([octet]));
      assert.equal(whole(octets).text, expected);
    });

  test('nothing but CRLF is left, all else stays, and what is right is not touched', () => {
    const text = fc
      .array(fc.constantFrom('a', '.', '\r', '\n', '\r\n', 'bc', '\0', '\xe5'))
      .map((all) => all.join(''));
    fc.assert(
      fc.property(text, fc.nat(), (value, cut) => {
        const bytes = Buffer.from(value, 'latin1');
        const at = cut % (bytes.length + 1);
        const { text: out } = whole([bytes.subarray(0, at), bytes.subarray(at)]);
        assert.doesNotMatch(out, /\r(?!\n)|(?<!\r)\n/);
        assert.equal(out.replace(/[\r\n]/g, ''), value.replace(/[\r\n]/g, ''));
        assert.equal(whole([Buffer.from(out, 'latin1')]).text, out);
        assert.equal(
          out,
          value === '' ? '' : value.replace(/\r\n|\r|\n/g, '\r\n').replace(/(?<!\r\n)$/, '\r\n'),
        );
      }),
    );
  });

  test('long lines, octets above 127 and NUL are seen, also across cuts', () => {
    const facts = (...pieces: string[]) => {
      const { ends } = whole(pieces.map((piece) => Buffer.from(piece, 'latin1')));
      return [ends.hasLongLine, ends.isEightBit, ends.hasNul];
    };
    const long = 'x'.repeat(998);
    assert.deepEqual(facts(`${long}\r\n`, `${long}\n`), [false, false, false]);
    assert.deepEqual(facts(long, '\r', '\n', long), [false, false, false]);
    assert.deepEqual(facts('x'.repeat(500), 'x'.repeat(499)), [true, false, false]);
    assert.deepEqual(facts(`a\r\n${long}x\r\n`), [true, false, false]);
    assert.deepEqual(facts('\xe5'), [false, true, false]);
    assert.deepEqual(facts('a\0b'), [false, false, true]);
  });
});
