import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Email } from '../sync/model.ts';
import { bareSubject, firstToRead, layOut, subjectOf } from './conversation.ts';
import { bodyOf, type FullEmail } from './full-email.ts';

const email = (n: number, rest: Partial<Email> = {}): Email => ({
  ...{ id: `e${n}`, threadId: 't1', mailboxIds: { f1: true }, keywords: { $seen: true }, subject: 'Plan' },
  ...{ receivedAt: '2026-03-05T14:05:00Z', from: null, to: null, preview: '', hasAttachment: false, size: 1 },
  ...rest,
});
const emails = (count: number): Email[] => Array.from({ length: count }, (_, i) => email(i + 1));
const CONTEXT = {
  hidden: new Set<string>(),
  turned: new Map<string, boolean>(),
  fresh: new Set<string>(),
  showsAll: false,
};

const drawn = (all: readonly Email[], rest: Partial<typeof CONTEXT> = {}): string =>
  layOut(all, { ...CONTEXT, ...rest })
    .map((one) => (one.kind === 'more' ? `+${one.count}` : one.email.id.slice(1) + (one.isOpen ? '!' : '')))
    .join(' ');

describe('a conversation', () => {
  test('opens its newest mail, and what was unread; the read middle is one line', () => {
    assert.equal(drawn(emails(1)), '1!');
    assert.equal(drawn(emails(4)), '1 2 3 4!');
    assert.equal(drawn(emails(6)), '1 +3 5 6!');
    assert.equal(drawn(emails(40)), '1 +37 39 40!');
    assert.equal(drawn(emails(40), { fresh: new Set(['e20']) }), '1 +17 19 20! +18 39 40!');
    assert.equal(drawn(emails(6), { showsAll: true }), '1 2 3 4 5 6!');
    assert.equal(
      drawn(emails(3), {
        turned: new Map([
          ['e3', false],
          ['e1', true],
        ]),
      }),
      '1! 2 3',
    );
    assert.equal(drawn([]), '');
  });

  test('a draft at its end is not what is new', () => {
    assert.equal(drawn([...emails(2), email(3, { keywords: { $draft: true, $seen: true } })]), '1 2! 3');
    assert.equal(drawn([email(1, { keywords: { $draft: true } })]), '1!');
  });

  test('is without what was thrown away, unless all of it was', () => {
    const gone = email(2, { mailboxIds: { f9: true } });
    assert.equal(drawn([email(1), gone, email(3)], { hidden: new Set(['f9']) }), '1 3!');
    assert.equal(drawn([gone], { hidden: new Set(['f9']) }), '2!');
  });

  test('is read from the first that was unread, else from the newest', () => {
    assert.equal(firstToRead(emails(3), new Set(['e2', 'e3'])), 'e2');
    assert.equal(firstToRead(emails(3), new Set()), 'e3');
    assert.equal(firstToRead([], new Set()), undefined);
  });

  test('has one subject, without what replies put in front of it', () => {
    const rows: readonly (readonly [string, string])[] = [
      ['Re: Plan', 'Plan'],
      ['SV: Re[2]: VB:Plan', 'Plan'],
      ['[list] Re: [list] Fwd: Plan', '[list] Plan'],
      ['AW：Plan', 'Plan'],
      ['Really: this', 'Really: this'],
      ['re:', ''],
      ['', ''],
    ];
    for (const [subject, expected] of rows) assert.equal(bareSubject(subject), expected, subject);
    assert.equal(subjectOf([email(1, { subject: 'Re: Plan' }), email(2, { subject: 'Other' })]), 'Plan');
    assert.equal(subjectOf([email(1, { subject: null }), email(2, { subject: 'Other' })]), 'Other');
  });
});

test('a body is its parts, as texts, HTML and pictures', () => {
  const part = (partId: string, type: string, field?: string) => ({
    ...{ partId, blobId: 'b', size: 1, name: null, type, charset: null, cid: null, disposition: null },
    'header:Content-Type:asText': field ?? null,
  });
  const full = {
    htmlBody: [part('1', 'text/html'), part('2', 'image/png'), part('3', 'application/pdf')],
    textBody: [part('4', 'text/plain', 'text/plain; charset=utf-8; Format="Flowed"; delsp=yes')],
    bodyValues: {
      1: { value: '<p>x', isTruncated: true },
      4: { value: 'x', isTruncated: false },
    },
  } as unknown as FullEmail;
  assert.deepEqual(
    bodyOf(full).map(({ kind }) => kind),
    ['html', 'picture'],
  );
  assert.deepEqual(bodyOf(full, true), [
    { kind: 'text', text: 'x', format: 'flowed', delsp: 'yes', isCut: false },
  ]);
});
