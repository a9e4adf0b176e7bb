import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isNamed, meaningOf, parseSearch } from './search-language.ts';

describe('what a search means', () => {
  for (const [text, ...meanings] of [
    ['lunch "two words"', { kind: 'text', value: 'lunch' }, { kind: 'text', value: 'two words' }],
    ['From:Anna', { kind: 'part', part: 'from', value: 'Anna' }],
    ['has:attachment', { kind: 'attachment' }],
    ['has:wings', { kind: 'text', value: 'wings' }],
    ['is:unread', { kind: 'mark', mark: 'seen', isSet: false }],
    ['is:constructor', { kind: 'text', value: 'constructor' }],
    ['in:Work in:anywhere', { kind: 'in', name: 'work' }, { kind: 'anywhere' }],
    ['label:My-Work', { kind: 'in', name: 'my-work' }],
    ['rfc822msgid:<A@example.org>', { kind: 'message-id', value: '<A@example.org>' }],
    ['larger:1.5m', { kind: 'size', relation: 'from', bytes: 1.5 * 1024 ** 2 }],
    ['smaller:many', { kind: 'text', value: 'many' }],
    ['before:2026/2', { kind: 'day', relation: 'before', day: { year: 2026, month: 2, day: 1 } }],
    ['after:tomorrow', { kind: 'text', value: 'tomorrow' }],
    ['older_than:2w', { kind: 'age', relation: 'older', days: 14 }],
    ['newer_than:2', { kind: 'text', value: '2' }],
  ] as const)
    test(text, () => assert.deepEqual(parseSearch(text).map(meaningOf), meanings));

  test('mailboxes are known by their names, and as Gmail writes them', () => {
    assert.ok(isNamed('My/Work', 'my/work') && isNamed('My Work', 'my-work') && !isNamed('My', 'mine'));
  });

  test('everything means something', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => {
        for (const term of parseSearch(text)) assert.ok(meaningOf(term).kind.length > 0);
      }),
    );
  });
});
