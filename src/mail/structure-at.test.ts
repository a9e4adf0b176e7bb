import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/kit/runs.ts';
import { structureAt } from './structure-at.ts';

const TEXT = '("text" "plain" ("charset" "a) (b") NIL NIL "7bit" 3 1 NIL NIL NIL NIL)';
const HTML = '("text" "html" NIL NIL {3}\r\n)"( "7bit" 3 1 NIL NIL NIL NIL)';
const PAIR = `(${TEXT}${HTML} "alternative" NIL NIL NIL NIL)`;
const ENVELOPE = '(NIL "S" NIL NIL NIL NIL NIL NIL NIL NIL)';
const messageOf = (inner: string) =>
  `("message" "rfc822" NIL NIL NIL "7bit" 99 ${ENVELOPE} ${inner} 5 NIL NIL NIL NIL)`;
const ALL = `(${PAIR}${messageOf(TEXT)}${messageOf(PAIR)} "mixed" NIL NIL NIL NIL)`;

describe('the structure of one part (RFC 9051 §6.4.5.1)', () => {
  const cases: readonly (readonly [string, string, string | undefined])[] = [
    [TEXT, '', TEXT],
    [TEXT, '1', TEXT],
    [TEXT, '2', undefined],
    [TEXT, '1.1', undefined],
    [ALL, '', ALL],
    [ALL, '1', PAIR],
    [ALL, '1.2', HTML],
    [ALL, '1.3', undefined],
    [ALL, '2', messageOf(TEXT)],
    [ALL, '2.1', TEXT],
    [ALL, '2.2', undefined],
    [ALL, '3.1', TEXT],
    [ALL, '3.2', HTML],
    [ALL, '4', undefined],
    ['', '1', undefined],
    ['(("a"', '1', undefined],
  ];
  for (const [structure, path, expected] of cases) {
    it(`finds ${path === '' ? 'the message' : path} of ${structure.slice(0, 30)}`, () => {
      const numbers = path === '' ? [] : path.split('.').map(Number);
      assert.equal(structureAt(Buffer.from(structure), numbers)?.toString(), expected);
    });
  }

  it('throws nothing and ends, whatever is damaged', () => {
    const damaged = fc.record({
      at: fc.nat(ALL.length),
      by: fc.constantFrom('', '(', ')', '"', '{9}\r\n', ' '),
    });
    fc.assert(
      fc.property(damaged, fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 }), ({ at, by }, path) => {
        structureAt(Buffer.from(ALL.slice(0, at) + by + ALL.slice(at + 1)), path);
      }),
      { numRuns: runs(500) },
    );
  });
});
