import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isTooLargeToParse } from './html-size.ts';

test('what parsers take too long over is told before', () => {
  const rows: readonly (readonly [what: string, html: string, expected: boolean])[] = [
    ['nothing', '', false],
    ['a newsletter', '<table><tr><td><p>text</p></td></tr></table>'.repeat(500), false],
    ['paragraphs that are never closed', '<p>text'.repeat(10_000), false],
    [
      'a hundred quotations in each other',
      `${'<blockquote>'.repeat(100)}x${'</blockquote>'.repeat(100)}`,
      false,
    ],
    ['more than a megabyte', 'x'.repeat(1_100_000), true],
    ['more tags than anybody writes', '<br>'.repeat(50_000), true],
    ['tables in tables', '<table><tr><td>'.repeat(500), true],
    [
      'end tags of what was never open do not make room',
      `${'</div>'.repeat(900)}${'<div>'.repeat(500)}`,
      true,
    ],
    ['upper case', '<FONT>'.repeat(500), true],
  ];
  for (const [what, html, expected] of rows) assert.equal(isTooLargeToParse(html), expected, what);
});
