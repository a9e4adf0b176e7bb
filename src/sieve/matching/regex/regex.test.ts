import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { finish } from '../../run/steps.ts';
import { matchRegex } from './machine.ts';
import { compileRegex } from './program.ts';

const FREE = { compare: () => {} };

function found(pattern: string, text: string, ignoresCase = false): string[] | undefined {
  return finish(matchRegex(compileRegex(pattern, ignoresCase), text, FREE));
}

describe('extended regular expressions', () => {
  const MATCHES: readonly (readonly [pattern: string, text: string, found: readonly string[] | undefined])[] =
    [
      ['', 'abc', ['']],
      ['abc', 'xabcx', ['abc']],
      ['abc', 'ab', undefined],
      ['^b', 'abc', undefined],
      ['^a', 'abc', ['a']],
      ['c$', 'abc', ['c']],
      ['^b$', 'a\r\nb\r\nc', ['b']],
      ['a.c', 'a\nc', undefined],
      ['a.c', 'a\u{1f600}c', ['a\u{1f600}c']],
      ['a|ab|abc', 'abcd', ['abc']],
      ['(a|ab)(c|bcd)', 'abcd', ['abcd', 'a', 'bcd']],
      ['x*', 'aaa', ['']],
      ['a+', 'baaac', ['aaa']],
      ['a?b', 'b', ['b']],
      ['a{2}', 'aaa', ['aa']],
      ['a{2,}', 'aaaa', ['aaaa']],
      ['a{1,2}', 'aaaa', ['aa']],
      ['a{0}b', 'ab', ['b']],
      ['(a*)*b', 'aaab', ['aaab', 'aaa']],
      ['(a*)+', 'b', ['', '']],
      ['[abc]+', 'xxbca', ['bca']],
      ['[^abc]+', 'abxyc', ['xy']],
      ['[]a]+', 'x]a]', [']a]']],
      ['[^]a]+', ']xy]', ['xy']],
      ['[a-]+', 'x-a-', ['-a-']],
      ['[a-c]+', 'zabcd', ['abc']],
      ['[[:digit:]]+', 'no 42', ['42']],
      ['[[:alpha:][:space:]]+', '1 \u00e5 b2', [' \u00e5 b']],
      ['[[.-.]]', 'a-b', ['-']],
      ['[[=a=]]', 'bab', ['a']],
      ['\\.\\*', 'a.*', ['.*']],
      ['\\(x\\)', '(x)', ['(x)']],
      ['([^@]+)@(.+)', 'anna@example.org', ['anna@example.org', 'anna', 'example.org']],
      ['(x)|(y)', 'y', ['y', '', 'y']],
      ['()', '', ['', '']],
      ['a||b', 'b', ['b']],
      ['a||b', 'x', ['']],
    ];
  for (const [pattern, text, expected] of MATCHES)
    test(`${pattern} in ${JSON.stringify(text)}`, () => assert.deepEqual(found(pattern, text), expected));

  test('letters of any case when the comparator has none', () => {
    assert.deepEqual(found('[a-c]X', 'zBx', true), ['Bx']);
    assert.deepEqual(found('\u00e5', '\u00c5', true), ['\u00c5']);
    assert.equal(found('[^a]', 'A', true), undefined);
  });

  const REFUSED: readonly (readonly [pattern: string, message: RegExp])[] = [
    ['(a', /"\(" that is never closed/],
    ['a)', /"\)" that closes no group/],
    ['[a', /"\[" that is never closed/],
    ['*a', /"\*" with nothing before it/],
    ['a{', /"\{" without/],
    ['a{3,2}', /more at least than at most/],
    ['a{999}', /more than 255 times/],
    ['(a)\\1', /back-references/],
    ['(?=a)', /POSIX has no such groups/],
    ['\\bx', /POSIX has no such escape/],
    ['[[:nope:]]', /no class \[:nope:\]/],
    ['[z-a]', /ends before it begins/],
    ['a\\', /backslash at the end/],
    ['(((a{255}){255}){255})', /too large/],
    ['('.repeat(100), /nest deeper/],
    [`${'()'.repeat(33)}(((()*){255}){255}){255}`, /too large/],
  ];
  for (const [pattern, message] of REFUSED)
    test(`refused: ${pattern.slice(0, 20)}`, () =>
      assert.throws(() => compileRegex(pattern, false), message));
});

test('a bomb costs the product of the lengths and no more', () => {
  for (const pattern of [
    '(a+)+$',
    '(a|a)*b',
    '(a|aa)+$',
    '(.*)(.*)(.*)(.*)x',
    'a?'.repeat(40) + 'a'.repeat(40),
  ]) {
    const counter = {
      counted: 0,
      compare(count: number): void {
        this.counted += count;
      },
    };
    const program = compileRegex(pattern, false);
    finish(matchRegex(program, `${'a'.repeat(2000)}!`, counter));
    assert.ok(
      counter.counted < 2002 * (2 * program.instructions.length + 2),
      `${pattern}: ${counter.counted}`,
    );
  }
});

test('others are let in', () => {
  const steps = matchRegex(compileRegex('(x+x+)+y', false), 'x'.repeat(50_000), FREE);
  let pauses = 0;
  for (let step = steps.next(); step.done !== true; step = steps.next()) pauses++;
  assert.ok(pauses > 3);
});
