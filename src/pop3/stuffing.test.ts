import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Stuffer, TERMINATOR } from './stuffing.ts';

function stuffed(...pieces: readonly Buffer[]): string {
  const stuffer = new Stuffer();
  const out: Buffer[] = [];
  for (const piece of pieces) stuffer.push(piece, out);
  return Buffer.concat(out).toString('latin1');
}

test('a line that begins with a dot gets another (RFC 1939 §3)', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['', ''],
    ['a\r\nb\r\n', 'a\r\nb\r\n'],
    ['.\r\n', '..\r\n'],
    ['.a\r\n..\r\na.\r\n.\r\n', '..a\r\n...\r\na.\r\n..\r\n'],
  ];
  for (const [input, expected] of cases) assert.equal(stuffed(Buffer.from(input)), expected);
});

const line = fc.constantFrom('', '.', '..', '.a', 'a', 'a.', 'long '.repeat(20));

test('undone it is what went in, however it is cut, and no line of it is a dot alone', () => {
  fc.assert(
    fc.property(
      fc.array(line, { maxLength: 200 }),
      fc.array(fc.nat(40), { maxLength: 20 }),
      (lines, cuts) => {
        const bytes = Buffer.from(lines.map((text) => `${text}\r\n`).join(''));
        const pieces: Buffer[] = [];
        let at = 0;
        for (const cut of cuts) {
          pieces.push(bytes.subarray(at, at + cut));
          at += cut;
        }
        pieces.push(bytes.subarray(at));
        const sent = stuffed(...pieces);
        const sentLines = sent.split('\r\n').slice(0, -1);
        assert.ok(!sentLines.includes('.'));
        assert.deepEqual(
          sentLines.map((text) => text.replace(/^\./, '')),
          lines,
        );
      },
    ),
  );
});

test('a message of nothing but dots costs no buffer a line', () => {
  const stuffer = new Stuffer();
  const out: Buffer[] = [];
  stuffer.push(Buffer.from('.\r\n'.repeat(100_000)), out);
  assert.ok(out.length < 100);
  assert.equal(Buffer.concat(out).toString(), '..\r\n'.repeat(100_000));
  assert.equal(TERMINATOR.toString(), '.\r\n');
});
