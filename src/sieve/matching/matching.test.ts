import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { done, holds, run } from '../../../test/kit/sieve.ts';
import { finish } from '../run/steps.ts';
import { COMPARATORS, type Comparator } from './comparators.ts';
import { containsKey as containsInTurns, type SearchCost } from './search.ts';
import { WildcardText } from './wildcard.ts';

function matchWildcards(
  text: string,
  pattern: string,
  by: Comparator,
  cost: SearchCost,
): string[] | undefined {
  return finish(new WildcardText(text, by).match(pattern, cost));
}

function containsKey(text: string, key: string, cost: SearchCost): boolean {
  return finish(containsInTurns(text, key, cost));
}

const FREE = { compare: () => {}, look: () => {} };
const comparator = (name: string): Comparator => COMPARATORS.get(name) as Comparator;
const runs = 500 * Number(process.env.BREVDUVA_TEST_FUZZ ?? 1);
const seed = process.env.BREVDUVA_TEST_SEED;
const parameters = { numRuns: runs, ...(seed !== undefined && { seed: Number(seed) }) };

describe('wildcards take as little as possible (RFC 5229 §3.2)', () => {
  const ROWS: readonly (readonly [pattern: string, text: string, took: readonly string[] | undefined])[] = [
    ['*<*@*', '"List" <acme.users@lists.example.org>', ['"List" ', 'acme.users', 'lists.example.org>']],
    ['[*] *', '[acme-users] [fwd] version 1.0 is out', ['acme-users', '[fwd] version 1.0 is out']],
    ['coyote@**.com', 'coyote@ACME.Example.COM', ['', 'ACME.Example']],
    ['*', '', ['']],
    ['', '', []],
    ['', 'a', undefined],
    ['?', '', undefined],
    ['a?c', 'abc', ['b']],
    ['*a*b', 'xaybzb', ['x', 'ybz']],
    ['*.example.org', 'www.example.org', ['www']],
    ['\\*', '*', []],
    ['\\*', 'x', undefined],
    ['\\?\\\\', '?\\', []],
    ['a\\', 'a\\', []],
    ['**?', 'ab', ['', 'a', 'b']],
    ['*\u00e5*', 'b\u00c5t', undefined],
  ];
  for (const [pattern, text, took] of ROWS)
    test(`${pattern} in ${text}`, () => {
      const found = matchWildcards(text, pattern, comparator('i;ascii-casemap'), FREE);
      assert.deepEqual(found, took && [text, ...took]);
    });

  test('one octet, or one character (RFC 5228 §2.7.1)', () => {
    assert.equal(matchWildcards('\u00e5', '?', comparator('i;octet'), FREE), undefined);
    assert.deepEqual(matchWildcards('\u00e5', '??', comparator('i;octet'), FREE)?.length, 3);
    assert.deepEqual(matchWildcards('x\u00c5\u{1f600}', '?\u00e5*', comparator('i;unicode-casemap'), FREE), [
      'x\u00c5\u{1f600}',
      'x',
      '\u{1f600}',
    ]);
  });

  test('the same as a regular expression that is not greedy', () => {
    const letters = (signs: string): fc.Arbitrary<string> =>
      fc.array(fc.constantFrom(...signs), { maxLength: 8 }).map((all) => all.join(''));
    fc.assert(
      fc.property(letters('ab*?'), letters('ab'), (pattern, text) => {
        const regex = new RegExp(
          `^${pattern.replaceAll('*', '(.*?)').replaceAll('?', (c, at: number, all: string) => (all.slice(at - 2, at) === '.*' ? c : '(.)'))}$`,
        );
        const expected = reference(pattern, text);
        assert.deepEqual(
          matchWildcards(text, pattern, comparator('i;octet'), FREE),
          expected ?? undefined,
          String(regex),
        );
      }),
      parameters,
    );
  });

  test('a bomb is counted', () => {
    let counted = 0;
    const cost = {
      ...FREE,
      compare: (count: number) => {
        counted += count;
      },
    };
    matchWildcards('a'.repeat(100_000), `${'*a'.repeat(200)}*b`, comparator('i;octet'), cost);
    assert.ok(counted < 1_000_000, String(counted));
    counted = 0;
    matchWildcards('a'.repeat(5000), `*${'a'.repeat(500)}b*`, comparator('i;octet'), cost);
    assert.ok(counted > 1_000_000, String(counted));
  });
});

/** Leftmost and shortest, by trying. */
function reference(pattern: string, text: string): string[] | undefined {
  const source = [...pattern].map((c) => (c === '*' ? '([^]*?)' : c === '?' ? '([^])' : c)).join('');
  return new RegExp(`^${source}$`).exec(text)?.slice();
}

test('a text contains a key as the platform says', () => {
  const word = fc.array(fc.constantFrom('a', 'b'), { maxLength: 400 }).map((all) => all.join(''));
  fc.assert(
    fc.property(word, word, (text, key) => {
      const long = `${'ab'.repeat(40)}${key}`;
      assert.equal(containsKey(`${text}${long}${text}`, long, FREE), true);
      assert.equal(containsKey(text, long.slice(20), FREE), text.includes(long.slice(20)));
    }),
    parameters,
  );
});

describe('comparators', () => {
  const NUMERIC: readonly (readonly [a: string, b: string, order: number])[] = [
    ['1', '2', -1],
    ['10', '9', 1],
    ['007', '7', 0],
    ['0', '00', 0],
    ['12abc', '12', 0],
    ['abc', '99', 1],
    ['abc', 'xyz', 0],
    ['', '5', 1],
    ['99999999999999999999', '100000000000000000000', -1],
  ];
  for (const [a, b, order] of NUMERIC)
    test(`i;ascii-numeric ${a} ${b} (RFC 4790 §9.1)`, () => {
      const { key, order: compare } = comparator('i;ascii-numeric');
      assert.equal(Math.sign(compare(key(a), key(b))), order);
    });

  test('i;ascii-casemap folds ASCII alone, i;unicode-casemap all (RFC 5051)', () => {
    const ascii = comparator('i;ascii-casemap');
    const unicode = comparator('i;unicode-casemap');
    assert.equal(ascii.key('aZ'), ascii.key('Az'));
    assert.notEqual(ascii.key('\u00e5'), ascii.key('\u00c5'));
    assert.equal(unicode.key('\u00e5'), unicode.key('A\u030a'));
  });
});

describe('relational (RFC 5231)', () => {
  const REQUIRES = 'relational comparator-i;ascii-numeric';
  const mail = 'X-Priority: 3\r\nTo: a@x, b@x\r\nCc: c@x\r\nX-A: 1\r\nX-A: 2\r\n\r\n';
  const TESTS: readonly (readonly [test: string, isTrue: boolean])[] = [
    ['header :value "gt" :comparator "i;ascii-numeric" "x-priority" "2"', true],
    ['header :value "ge" :comparator "i;ascii-numeric" "x-priority" "10"', false],
    ['header :value "lt" :comparator "i;ascii-casemap" "x-priority" "20"', false],
    ['header :value "NE" "x-priority" "3"', false],
    ['address :count "gt" :comparator "i;ascii-numeric" ["to", "cc"] "2"', true],
    ['address :count "eq" :comparator "i;ascii-numeric" ["to", "cc"] "3"', true],
    ['header :count "eq" :comparator "i;ascii-numeric" "x-a" ["5", "2"]', true],
    ['header :count "eq" :comparator "i;ascii-numeric" "x-none" "0"', true],
  ];
  for (const [text, isTrue] of TESTS) test(text, () => assert.equal(holds(text, { mail }, REQUIRES), isTrue));
});

test('regular expressions and their groups', () => {
  const script = `require ["regex", "variables", "fileinto"];
    if header :regex "subject" "(present|gift) for ([a-z]+)" { fileinto "\${1}-\${2}"; }`;
  const { effects } = run(script, { mailboxes: ['present-you'] });
  assert.equal(effects[0]?.kind === 'fileinto' && effects[0].target.mailbox, 'present-you');
});

test('lists (RFC 6134)', () => {
  const lists = { 'urn:x:friends': ['coyote@desert.example.org'] };
  assert.ok(holds('address :list "from" ["urn:x:friends"]', { lists }, 'extlists'));
  assert.equal(holds('address :list "to" "urn:x:friends"', { lists }, 'extlists'), false);
  assert.ok(holds('valid_ext_list ["urn:x:friends"]', { lists }, 'extlists'));
  assert.equal(holds('valid_ext_list ["urn:x:friends", "urn:x:foes"]', { lists }, 'extlists'), false);
  const { effects } = run('require "extlists"; redirect :list "urn:x:friends";', { lists });
  assert.deepEqual(effects[0]?.kind === 'redirect' && effects[0].members, ['coyote@desert.example.org']);
  assert.match(done('require "extlists"; redirect :list "urn:x:foes";', { lists }), /no list "urn:x:foes"/);
});
