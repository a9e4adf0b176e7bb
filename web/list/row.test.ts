import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Email } from '../sync/model.ts';
import { hueOf, initialsOf, rowOf, shortName } from './row.ts';

let next = 1;
function anEmail(rest: Partial<Email> & { readonly by?: string } = {}): Email {
  const { by = 'anna@example.org', ...given } = rest;
  return {
    ...{ id: `e${next++}`, threadId: 't1', mailboxIds: { f1: true }, keywords: { $seen: true } },
    ...{ receivedAt: '2026-03-05T14:05:00Z', subject: 'Hello', from: [{ name: null, email: by }], to: [] },
    ...{ preview: 'First words', hasAttachment: false, size: 100 },
    ...given,
  };
}
const CONTEXT = { me: 'me@example.org', isOutgoing: false, hidden: new Set(['trash']) };

describe('a row', () => {
  test('counts mail to oneself once', () => {
    const messageId = ['<self@example.org>'];
    const sent = anEmail({ mailboxIds: { sent: true }, messageId });
    const came = anEmail({ keywords: {}, messageId });
    const { count, isUnread } = rowOf(came, [sent, came, anEmail()], CONTEXT);
    assert.deepEqual([count, isUnread], [2, true]);
  });

  test('speaks for its conversation', () => {
    const emails = [
      anEmail({ hasAttachment: true }),
      anEmail({ by: 'ME@example.org' }),
      anEmail({ keywords: {}, by: 'olof@example.org' }),
      anEmail({ keywords: { $seen: true, $flagged: true }, subject: 'Re: Hello', preview: 'Last' }),
    ];
    const row = rowOf(emails[3] as Email, emails, CONTEXT);
    assert.deepEqual(
      row.people.map(({ email, isMe, isUnread }) => [email, isMe, isUnread]),
      [
        ['ME@example.org', true, false],
        ['olof@example.org', false, true],
        ['anna@example.org', false, false],
      ],
    );
    assert.deepEqual(
      [row.count, row.isUnread, row.isStarred, row.hasAttachment, row.subject, row.preview],
      [4, true, true, true, 'Re: Hello', 'Last'],
    );
  });

  test('of many people the first and the newest are named', () => {
    const emails = ['a', 'b', 'c', 'd', 'e'].map((name) => anEmail({ by: `${name}@example.org` }));
    const row = rowOf(emails[4] as Email, emails, CONTEXT);
    assert.deepEqual(
      row.people.map(({ email }) => email[0]),
      ['a', 'd', 'e'],
    );
  });

  test('what lies in the Trash does not count elsewhere, but for itself', () => {
    const gone = anEmail({ mailboxIds: { trash: true }, keywords: {} });
    const kept = anEmail();
    assert.equal(rowOf(kept, [gone, kept], CONTEXT).count, 1);
    assert.equal(rowOf(kept, [gone, kept], CONTEXT).isUnread, false);
    assert.equal(rowOf(gone, [gone, kept], { ...CONTEXT, hidden: new Set() }).count, 2);
  });

  test('in Sent it says who it went to; a draft is not unread', () => {
    const draft = anEmail({ to: [{ name: 'Olof', email: 'olof@example.org' }], keywords: { $draft: true } });
    const row = rowOf(draft, [draft], { ...CONTEXT, isOutgoing: true });
    assert.deepEqual([row.people[0]?.name, row.isUnread, row.isDraft], ['Olof', false, true]);
  });

  test('an email without sender, subject or conversation is a row too', () => {
    const bare = anEmail({ from: null, subject: null });
    assert.deepEqual([rowOf(bare, [], CONTEXT).people, rowOf(bare, [], CONTEXT).subject], [[], '']);
  });
});

test('short names and letters', () => {
  for (const [name, email, short, letter] of [
    ['Anna Berg', 'a@example.org', 'Anna', 'A'],
    ['Berg, Anna', 'a@example.org', 'Anna', 'B'],
    ['anna.berg@example.org', 'anna.berg@example.org', 'anna.berg', 'A'],
    ['"Åke"', 'a@example.org', '"Åke"', 'Å'],
    ['🎉', 'a@example.org', '🎉', '?'],
    ['محمد علي', 'a@example.org', 'محمد', 'م'],
  ] as const) {
    assert.equal(shortName({ name, email }), short);
    assert.equal(initialsOf(name), letter);
  }
});

test('the hue of an address is the same wherever it stands', () => {
  assert.equal(hueOf('Anna@Example.org '), hueOf('anna@example.org'));
  const hues = new Set(Array.from({ length: 100 }, (_, n) => hueOf(`person${n}@example.org`)));
  assert.equal(hues.size, 8);
});
