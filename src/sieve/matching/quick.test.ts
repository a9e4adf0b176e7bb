/** What is matched at once is matched as it is in turns: the same keys, once as constants and once made of a variable that is empty. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { holds } from '../../../test/kit/sieve.ts';

const letters = fc
  .array(fc.constantFrom('a', 'B', 'b', 'å', 'Å', '€', '😀', '*', '?', '\\*', '\\?', '\\\\', ' ', '-'), {
    maxLength: 7,
  })
  .map((all) => all.join(''));
const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;

describe('tests done at once', () => {
  test('find what tests in turns find', () =>
    fc.assert(
      fc.property(
        fc.constantFrom(':is', ':contains', ':matches'),
        fc.constantFrom('', ':comparator "i;octet"', ':comparator "i;unicode-casemap"'),
        letters,
        fc.array(letters, { minLength: 1, maxLength: 3 }),
        fc.constantFrom('header', 'address :localpart'),
        (type, comparator, value, keys, kind) => {
          const mail = `X-A: ${kind === 'header' ? value : `${quoted(value)}@example.org`}\r\n\r\n`;
          const requires = 'comparator-i;unicode-casemap';
          const tags = `${kind} ${type} ${comparator} "x-a"`;
          const atOnce = holds(`${tags} [${keys.map(quoted).join(', ')}]`, { mail }, requires);
          const inTurns = holds(
            `${tags} [${keys.map((one) => quoted(`\${none}${one}`)).join(', ')}]`,
            { mail },
            `${requires} variables`,
          );
          assert.equal(atOnce, inTurns);
        },
      ),
      { numRuns: 2000 },
    ));

  const MANY = 'x'.repeat(900);
  const TESTS: readonly (readonly [test: string, mail: string, isTrue: boolean])[] = [
    ['header :contains "x-a" "y"', `X-A: ${MANY}\r\n\r\n`, false],
    ['header :matches "x-a" "*x*x*x*y"', `X-A: ${MANY}\r\n\r\n`, false],
    ['header :matches "x-a" "*x*x*x*x*x*x*y"', `X-A: ${MANY}\r\n\r\n`, false],
    [`header :is "x-a" "${'x'.repeat(70)}"`, `X-A: ${'x'.repeat(70)}\r\n\r\n`, true],
    ['header :is "x-a" ""', 'X-A:\r\n\r\n', true],
    ['header :contains "x-b" ""', 'X-A:\r\n\r\n', false],
    ['header :contains "x-a" "z"', `${'X-A: y\r\n'.repeat(30)}X-A: z\r\n\r\n`, true],
  ];
  for (const [text, mail, isTrue] of TESTS) test(text, () => assert.equal(holds(text, { mail }), isTrue));
});
