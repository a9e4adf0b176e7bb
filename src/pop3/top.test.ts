import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TopCutter } from './top.ts';

function cutAt(lines: number, ...pieces: readonly Buffer[]): string {
  const cutter = new TopCutter(lines);
  return Buffer.concat(pieces.map((piece) => cutter.cut(piece))).toString('latin1');
}

/** The definition. */
function top(message: string, lines: number): string {
  const all = message.split('\r\n').slice(0, -1);
  const headerLines = all.indexOf('') + 1;
  return all
    .slice(0, headerLines + lines)
    .map((line) => `${line}\r\n`)
    .join('');
}

test('the header, the blank line and n lines (RFC 1939 §7 TOP)', () => {
  const message = 'A: b\r\nC: d\r\n\r\none\r\n\r\nthree\r\n';
  const cases: readonly (readonly [number, string])[] = [
    [0, 'A: b\r\nC: d\r\n\r\n'],
    [1, 'A: b\r\nC: d\r\n\r\none\r\n'],
    [2, 'A: b\r\nC: d\r\n\r\none\r\n\r\n'],
    [99_999_999, message],
  ];
  for (const [lines, expected] of cases) assert.equal(cutAt(lines, Buffer.from(message)), expected);
  assert.equal(cutAt(1, Buffer.from('\r\nbody\r\nmore\r\n')), '\r\nbody\r\n');
});

test('the same however the message is cut', () => {
  const line = fc.constantFrom('', '', 'a', 'bc', '.');
  fc.assert(
    fc.property(fc.array(line), fc.nat(6), fc.array(fc.nat(5), { maxLength: 20 }), (lines, n, cuts) => {
      const message = `${['H: x', '', ...lines].join('\r\n')}\r\n`;
      const bytes = Buffer.from(message);
      const pieces: Buffer[] = [];
      let at = 0;
      for (const cut of cuts) {
        pieces.push(bytes.subarray(at, at + cut));
        at += cut;
      }
      pieces.push(bytes.subarray(at));
      assert.equal(cutAt(n, ...pieces), top(message, n));
    }),
  );
});
