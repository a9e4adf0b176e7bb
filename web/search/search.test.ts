import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseSearch } from '../../src/mail/search-language.ts';
import type { Mailbox } from '../sync/model.ts';
import { filterOf, isText } from './filter.ts';
import { has, toggled, writeSearch } from './query.ts';

const mailbox = (id: string, name: string, role: string | null) =>
  [id, { id, name, role } as Mailbox] as const;
const CONTEXT = {
  mailboxes: new Map([
    mailbox('f1', 'INBOX', 'inbox'),
    mailbox('f5', 'Trash', 'trash'),
    mailbox('f9', 'Räkningar', null),
  ]),
  unwanted: ['f5'],
  now: new Date('2026-03-05T12:00:00Z'),
};

describe('what is typed', () => {
  for (const [text, expected] of [
    ['', []],
    ['  anna ', [['', 'anna']]],
    [
      'from:anna "two words"',
      [
        ['from', 'anna'],
        ['', 'two words'],
      ],
    ],
    [
      'subject:"a b" -invoice',
      [
        ['subject', 'a b'],
        ['-', 'invoice'],
      ],
    ],
    ['FROM:Anna', [['from', 'Anna']]],
    ['http://example.org', [['', 'http://example.org']]],
    [
      'from: anna',
      [
        ['', 'from:'],
        ['', 'anna'],
      ],
    ],
    ['"never closed', [['', 'never closed']]],
    ['-is:unread', [['-is', 'unread']]],
  ] as const)
    test(JSON.stringify(text), () => {
      const read = parseSearch(text).map(({ operator, value, isNot }) => [
        `${isNot ? '-' : ''}${operator ?? ''}`,
        value,
      ]);
      assert.deepEqual(read, expected);
    });

  test('what is read can be written and read again', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (text) => {
        const terms = parseSearch(text);
        assert.deepEqual(parseSearch(writeSearch(terms)), terms);
      }),
    );
  });

  test('a chip puts its term in, in the place of another that excludes it, and out again', () => {
    const unread = { operator: 'is', value: 'unread', isNot: false } as const;
    const on = toggled(parseSearch('anna'), unread);
    assert.equal(writeSearch(on), 'anna is:unread');
    assert.ok(has(on, unread));
    assert.equal(writeSearch(toggled(on, unread)), 'anna');
    const inSent = { operator: 'in', value: 'sent', isNot: false } as const;
    assert.equal(writeSearch(toggled(parseSearch('in:inbox a'), inSent)), 'a in:sent');
  });
});

describe('as a filter', () => {
  const wanted = { inMailboxOtherThan: ['f5'] };
  for (const [text, conditions] of [
    ['anna', [{ text: 'anna' }, wanted]],
    ['from:anna has:attachment', [{ from: 'anna' }, { hasAttachment: true }, wanted]],
    ['is:unread in:inbox', [{ notKeyword: '$seen' }, { inMailbox: 'f1' }]],
    ['a in:räkningar', [{ text: 'a' }, { inMailbox: 'f9' }]],
    ['-is:read a', [{ operator: 'NOT', conditions: [{ hasKeyword: '$seen' }] }, { text: 'a' }, wanted]],
    ['larger:2m smaller:1gb', [{ minSize: 2 * 1024 ** 2 }, { maxSize: 1024 ** 3 }, wanted]],
    ['newer_than:2d x', [{ after: '2026-03-03T12:00:00Z' }, { text: 'x' }, wanted]],
    ['is:nonsense', [{ text: 'nonsense' }, wanted]],
    ['before:yesterday', [{ text: 'yesterday' }, wanted]],
    ['in:anywhere x', [{ inMailboxOtherThan: [] }, { text: 'x' }]],
  ] as const)
    test(text, () => {
      assert.deepEqual(filterOf(parseSearch(text), CONTEXT), { operator: 'AND', conditions });
    });

  test('days are the person’s own', () => {
    const filter = filterOf(parseSearch('in:inbox after:2026-03-01'), CONTEXT) as {
      readonly conditions: readonly { readonly after?: string }[];
    };
    assert.equal(new Date(filter.conditions[1]?.after ?? '').getTime(), new Date(2026, 2, 1).getTime());
  });

  test('hits are marked where words are looked for', () => {
    assert.ok(isText(filterOf(parseSearch('anna is:unread'), CONTEXT)));
    assert.ok(!isText(filterOf(parseSearch('is:unread'), CONTEXT)));
  });
});
