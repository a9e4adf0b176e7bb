import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/kit/runs.ts';
import { TRAIT, TraitScanner } from './traits.ts';

const { HeaderEnd, LastLineEnd, NoNul } = TRAIT;
const CleanLines = TRAIT.CleanLines | NoNul;

function traitsOf(...pieces: readonly Buffer[]): number {
  const scanner = new TraitScanner();
  for (const piece of pieces) scanner.write(piece);
  return scanner.end();
}

/** The definition, octet by octet. */
function definition(message: Buffer): number {
  const text = message.toString('latin1');
  const lines = text.split('\r\n');
  if (text.includes('\0')) return 0;
  if (lines.some((line) => line.includes('\r') || line.includes('\n'))) return NoNul;
  const hasBlank = lines.slice(0, -1).includes('');
  return CleanLines | (hasBlank ? HeaderEnd : 0) | (lines.at(-1) === '' ? LastLineEnd : 0);
}

const CASES: readonly (readonly [string, number])[] = [
  ['', CleanLines | LastLineEnd],
  ['\r\n', CleanLines | HeaderEnd | LastLineEnd],
  ['Subject: x\r\n\r\nbody\r\n', CleanLines | HeaderEnd | LastLineEnd],
  ['Subject: x\r\n\r\nbody', CleanLines | HeaderEnd],
  ['Subject: x\r\n', CleanLines | LastLineEnd],
  ['Subject: x', CleanLines],
  ['Subject: x\n\nbody\n', NoNul],
  ['Subject: x\r\n\r\nbody\n', NoNul],
  ['Subject: x\r\n\r\na\rb\r\n', NoNul],
  ['Subject: x\r\n\r\na\r\r\n', NoNul],
  ['Subject: x\r\n\r\na\0b\r\n', 0],
  ['Subject: x\n\r\na\r\nb\0', 0],
  ['\0\nSubject: x', 0],
  ['Subject: x\r\n\r\nbody\r', NoNul],
  ['Subject: x\r\n\r\n\t\x0b\x0c\x07 tabs and such are text\r\n', CleanLines | HeaderEnd | LastLineEnd],
];

test('the bits of a message', () => {
  for (const [text, expected] of CASES) {
    const message = Buffer.from(text, 'latin1');
    assert.equal(traitsOf(message), expected, JSON.stringify(text));
    assert.equal(definition(message), expected, `definition of ${JSON.stringify(text)}`);
  }
});

const octet = fc.constantFrom(13, 10, 13, 10, 65, 66, 46, 0x80, 0xff, 9, 0);
const line = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.string({ maxLength: 30 }).map((text) => `${text.replace(/[\r\n\0]/g, '')}\r\n`),
  },
  { weight: 1, arbitrary: fc.array(octet, { maxLength: 6 }).map((octets) => String.fromCharCode(...octets)) },
);
const message = fc
  .array(line, { maxLength: 12 })
  .map((lines) => Buffer.from(lines.join('').normalize(), 'latin1'));

test('any message, cut and placed in memory anyhow, has the bits of the definition', () => {
  fc.assert(
    fc.property(message, fc.array(fc.nat(40), { maxLength: 6 }), fc.nat(3), (bytes, cuts, lead) => {
      const memory = Buffer.alloc(lead + bytes.length);
      bytes.copy(memory, lead);
      const placed = memory.subarray(lead);
      const pieces: Buffer[] = [];
      let at = 0;
      for (const cut of cuts) {
        pieces.push(placed.subarray(at, at + cut));
        at = Math.min(placed.length, at + cut);
      }
      pieces.push(placed.subarray(at));
      assert.equal(traitsOf(...pieces), definition(bytes));
    }),
    { numRuns: runs(2000) },
  );
});
