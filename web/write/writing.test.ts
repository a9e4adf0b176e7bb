import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { FullEmail } from '../read/full-email.ts';
import { type AnswerParts, answerTo } from './answer.ts';
import { saysAttached } from './attachment-words.ts';
import { draftOf, emailOf, emptyDraft, isEmpty, splitHtml, wholeHtml } from './draft.ts';
import { isAddress, readPeople, withPeople } from './people.ts';

const ANNA = { name: 'Anna Berg', email: 'anna@example.org' };
const OLOF = { name: 'Olof', email: 'olof@example.org' };
const ME = { name: 'Me', email: 'me@example.com' };

describe('addresses', () => {
  test('are read as people write and paste them', () => {
    const { people, rest } = readPeople(
      'Anna Berg <anna@example.org>, olof@example.org; "Ek, Olof" <o@example.org>\nmailto:x@example.org, nobody',
    );
    assert.deepEqual(
      people.map(({ name, email }) => `${name ?? ''}|${email}`),
      ['Anna Berg|anna@example.org', '|olof@example.org', 'Ek, Olof|o@example.org', '|x@example.org'],
    );
    assert.equal(rest, 'nobody');
    assert.equal(readPeople('a@example.org b@example.org').people.length, 2);
    assert.deepEqual(readPeople(''), { people: [], rest: '' });
  });
  test('are such as mail can go to', () => {
    for (const good of [
      ...['a@example.org', 'a.b+c@sub.example.org', 'å@räksmörgås.se', '"a b"@example.org'],
      ...['demo@localhost', 'you@LOCALHOST'],
    ])
      assert.ok(isAddress(good), good);
    for (const bad of [
      'a',
      'a@b',
      'a@localhosts',
      '@example.org',
      'a@@example.org',
      'a b@example.org',
      'a@-x.org',
      `${'a'.repeat(65)}@example.org`,
    ])
      assert.ok(!isAddress(bad), bad);
  });
  test('stand there once', () => {
    assert.equal(withPeople([ANNA], [{ name: null, email: 'ANNA@example.org' }, OLOF]).length, 2);
  });
});

const EMAIL = {
  ...{ id: 'e7', blobId: 'b7', size: 10, subject: 'SV: Plan', messageId: ['m2@x'], references: ['m1@x'] },
  ...{
    from: [ANNA],
    to: [ME, OLOF],
    cc: [{ name: null, email: 'c@example.org' }, ME],
    replyTo: null,
    bcc: null,
  },
  attachments: [
    { blobId: 'b7.2', name: 'a.pdf', type: 'application/pdf', size: 5, cid: null, disposition: 'attachment' },
  ],
} as unknown as FullEmail;
const PARTS: AnswerParts = {
  ...{ key: 'k', messageId: 'new@x', from: ME, me: ['ME@example.com'], body: '<p>Hi</p>', when: 'then' },
  words: {
    wrote: (who, when) => `On ${when}, ${who} wrote:`,
    forwarded: 'Forwarded',
    fields: { from: 'From', date: 'Date', subject: 'Subject', to: 'To' },
  },
};
const emails = (people: readonly { email: string }[]): string[] => people.map(({ email }) => email);

describe('answers', () => {
  test('go to whom they should', () => {
    assert.deepEqual(emails(answerTo(EMAIL, 'reply', PARTS).to), ['anna@example.org']);
    const all = answerTo(EMAIL, 'replyAll', PARTS);
    assert.deepEqual(
      [emails(all.to), emails(all.cc)],
      [['anna@example.org', 'olof@example.org'], ['c@example.org']],
    );
    const listed = { ...EMAIL, replyTo: [{ name: null, email: 'list@example.org' }] };
    assert.deepEqual(emails(answerTo(listed, 'reply', PARTS).to), ['list@example.org']);
    const own = { ...EMAIL, from: [ME], to: [OLOF] };
    assert.deepEqual(emails(answerTo(own, 'reply', PARTS).to), ['olof@example.org']);
    const toMyself = { ...EMAIL, from: [ME], to: [ME], cc: null };
    assert.deepEqual(emails(answerTo(toMyself, 'replyAll', PARTS).to), ['me@example.com']);
    assert.deepEqual(answerTo(EMAIL, 'forward', PARTS).to, []);
  });
  test('stay in the conversation, quote what they answer, and are about the same', () => {
    const draft = answerTo({ ...EMAIL, from: [{ ...ANNA, name: '<b>A</b>' }] }, 'reply', PARTS);
    assert.equal(draft.subject, 'Re: Plan');
    assert.deepEqual([draft.inReplyTo, draft.references], [['m2@x'], ['m1@x', 'm2@x']]);
    assert.equal(
      draft.quote,
      '<div>On then, &lt;b&gt;A&lt;/b&gt; wrote:</div><blockquote type="cite"><p>Hi</p></blockquote>',
    );
    assert.deepEqual(draft.answers, { email: 'e7', keyword: '$answered' });
    const long = answerTo(
      { ...EMAIL, references: Array.from({ length: 100 }, (_, i) => `${i}@x`) },
      'reply',
      PARTS,
    );
    assert.deepEqual(
      [long.references.length, long.references[0], long.references.at(-1)],
      [40, '0@x', 'm2@x'],
    );
  });
  test('passed on, a mail has its files, or is one', () => {
    assert.deepEqual(
      answerTo(EMAIL, 'forward', PARTS).files.map(({ blobId }) => blobId),
      ['b7.2'],
    );
    const [file] = answerTo({ ...EMAIL, subject: 'a/b: c' }, 'forwardAsFile', PARTS).files;
    assert.deepEqual([file?.blobId, file?.name, file?.type], ['b7', 'a b c.eml', 'message/rfc822']);
  });
});

describe('a draft', () => {
  const draft = {
    ...emptyDraft('k', 'm@x', ME),
    to: [ANNA],
    subject: 'S',
    html: '<div>x</div>',
    quote: '<p>q</p>',
  };
  test('is the same after it was kept', () => {
    assert.deepEqual(splitHtml(wholeHtml(draft)), { html: draft.html, quote: draft.quote });
    assert.deepEqual(splitHtml('<div>x</div>'), { html: '<div>x</div>', quote: '' });
    const email = emailOf(
      { ...draft, files: [{ blobId: 'u1', name: 'a', type: 't/t', size: 1, cid: 'c' }] },
      'f3',
      'x',
    );
    assert.deepEqual(email.keywords, { $draft: true, $seen: true });
    assert.deepEqual(email.attachments, [
      { blobId: 'u1', name: 'a', type: 't/t', cid: 'c', disposition: 'inline' },
    ]);
    const { value } = (email.bodyValues as Record<string, { value: string }>).html ?? assert.fail();
    const again = draftOf(
      {
        ...EMAIL,
        ...{ from: [ME], to: [ANNA], cc: null, subject: 'S', messageId: ['m@x'], attachments: [] },
        htmlBody: [{ partId: '1', type: 'text/html' }],
        bodyValues: { 1: { value, isTruncated: false } },
      } as unknown as FullEmail,
      'k',
      'n@x',
    );
    assert.deepEqual(
      [again.html, again.quote, again.messageId, again.to],
      [draft.html, draft.quote, 'm@x', [ANNA]],
    );
  });
  test('as text alone has no HTML, and is one when it is gone on with', () => {
    const file = { blobId: 'u1', name: 'a', type: 't/t', size: 1, cid: 'c' };
    const email = emailOf({ ...draft, isPlain: true, files: [file] }, 'f3', 'x');
    assert.equal(email.htmlBody, undefined);
    assert.deepEqual(email.bodyValues, { text: { value: 'x' } });
    assert.deepEqual(email.attachments, [
      { blobId: 'u1', name: 'a', type: 't/t', disposition: 'attachment' },
    ]);
    const kept = {
      ...EMAIL,
      ...{ from: [ME], to: [ANNA], subject: 'S', messageId: ['m@x'], attachments: [] },
      ...{ htmlBody: [{ partId: '1', type: 'text/plain' }], textBody: [{ partId: '1', type: 'text/plain' }] },
      bodyValues: { 1: { value: 'x', isTruncated: false } },
    } as unknown as FullEmail;
    const again = draftOf(kept, 'k', 'n@x');
    assert.deepEqual([again.isPlain, again.html], [true, '<div>x</div>']);
  });
  test('with nothing in it is nothing', () => {
    assert.ok(isEmpty(emptyDraft('k', 'm', ME)));
    assert.ok(isEmpty({ ...emptyDraft('k', 'm', ME), html: '<div><br></div>' }));
    assert.ok(isEmpty(answerTo(EMAIL, 'reply', PARTS)));
    assert.ok(!isEmpty({ ...answerTo(EMAIL, 'reply', PARTS), html: 'x' }));
    assert.ok(!isEmpty(answerTo(EMAIL, 'forward', PARTS)));
    assert.ok(!isEmpty({ ...emptyDraft('k', 'm', ME), subject: 'x' }));
  });
});

test('who says that something is attached', () => {
  for (const text of ['See the attached file', 'Jag bifogar listan', 'bilagan säger allt', 'Enclosed: all'])
    assert.ok(saysAttached(text), text);
  for (const text of ['Hello', 'I am detached', 'no attachment', 'utan bilaga', 'Jag kan inte bifoga', ''])
    assert.ok(!saysAttached(text), text);
});
