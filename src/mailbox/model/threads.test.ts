import assert from 'node:assert/strict';
import { describe, it as test } from 'node:test';
import { HeaderBlock } from '../../mail/header.ts';
import { summary } from '../../mail/header-summary.ts';
import { ID_HASH_BYTES } from '../../mail/message-id.ts';
import { messageLinks } from '../../mail/message-links.ts';
import { sortKeys } from '../../mail/sort-keys.ts';
import { type EmailThread, type ThreadMatch, type ThreadNames, threadNames, threadOf } from './threads.ts';

interface Mail {
  readonly id?: string;
  readonly subject?: string;
  readonly inReplyTo?: string;
  readonly references?: string;
}

function namesOf({ id, subject, inReplyTo, references }: Mail): ThreadNames {
  const ids = (text: string): string => text.replaceAll(/\S+/g, '<$&@example.org>');
  const fields = [
    ...(id === undefined ? [] : [`Message-ID: ${ids(id)}`]),
    ...(inReplyTo === undefined ? [] : [`In-Reply-To: ${ids(inReplyTo)}`]),
    ...(references === undefined ? [] : [`References: ${ids(references)}`]),
    ...(subject === undefined ? [] : [`Subject: ${subject}`]),
  ];
  const header = new HeaderBlock(Buffer.from(`${fields.join('\r\n')}\r\n\r\n`));
  const facts = summary(header);
  return threadNames({ links: messageLinks(facts), sort: sortKeys(facts) });
}

/** The threads of mail that comes in this order, numbers from 1; `full` have no room. */
function threads(mails: readonly Mail[], full: readonly number[] = []): number[] {
  const known: { readonly email: number; readonly thread: EmailThread }[] = [];
  for (const [i, mail] of mails.entries()) {
    const names = namesOf(mail);
    const matchesOf = (id: string): ThreadMatch[] =>
      known
        .toReversed()
        .flatMap(({ email, thread: { own, named, thread, subject } }) => {
          const isOwn = own === id;
          return isOwn || named.includes(id) ? [{ email, thread, subject, isOwn }] : [];
        })
        .sort((a, b) => Number(b.isOwn) - Number(a.isOwn));
    const hasRoom = (thread: number): boolean => !full.includes(thread);
    known.push({ email: i + 1, thread: threadOf(i + 1, names, { matchesOf, hasRoom }) });
  }
  return known.map(({ thread }) => thread.thread);
}

describe('the thread of an email', () => {
  const CASES: readonly [what: string, mails: readonly Mail[], threads: readonly number[]][] = [
    [
      'an answer',
      [
        { id: 'a', subject: 'Eggs' },
        { id: 'b', subject: 'Re: Eggs', inReplyTo: 'a' },
      ],
      [1, 1],
    ],
    [
      'an answer with another subject, by In-Reply-To',
      [
        { id: 'a', subject: 'Eggs' },
        { id: 'b', subject: 'Bacon (was: Eggs)', inReplyTo: 'a', references: 'a' },
      ],
      [1, 1],
    ],
    [
      'an old message answered for its address alone: References and another subject',
      [
        { id: 'a', subject: 'Eggs' },
        { id: 'b', subject: 'Bacon', references: 'a' },
      ],
      [1, 2],
    ],
    [
      'References alone, with the marks of other languages',
      [
        { id: 'a', subject: 'Ägg' },
        { id: 'b', subject: 'SV: Ägg', references: 'a' },
        { id: 'c', subject: 'AW: Re[2]: SV: ägg', references: 'a b' },
        { id: 'd', subject: 'Re：ägg', references: 'c' },
      ],
      [1, 1, 1, 1],
    ],
    [
      'the answer comes before what it answers',
      [
        { id: 'b', subject: 'Re: Eggs', inReplyTo: 'a' },
        { id: 'a', subject: 'Eggs' },
      ],
      [1, 1],
    ],
    [
      'two answers to what is not here',
      [
        { id: 'b', subject: 'Re: Eggs', inReplyTo: 'a' },
        { id: 'c', subject: 'Re: Eggs', inReplyTo: 'a' },
        { id: 'd', subject: 'Re: Bacon', inReplyTo: 'a' },
      ],
      [1, 1, 3],
    ],
    [
      'the same message twice, and another with its id',
      [
        { id: 'a', subject: 'Eggs' },
        { id: 'a', subject: 'Eggs' },
        { id: 'a', subject: 'Bacon' },
      ],
      [1, 1, 3],
    ],
    [
      'two threads that turn out to be one stay two',
      [
        { id: 'a', subject: 'Eggs' },
        { id: 'c', subject: 'Eggs', references: 'b' },
        { id: 'b', subject: 'Eggs', inReplyTo: 'a' },
        { id: 'd', subject: 'Eggs', inReplyTo: 'c' },
      ],
      [1, 2, 1, 2],
    ],
    ['no ids', [{ subject: 'Eggs' }, { subject: 'Eggs' }, {}], [1, 2, 3]],
    ['itself', [{ id: 'a', inReplyTo: 'a', references: 'a' }], [1]],
  ];
  for (const [what, mails, wanted] of CASES) test(what, () => assert.deepEqual(threads(mails), wanted));

  test('a full thread is left alone: the next one goes on, also for those who answer it later', () => {
    const mails = [
      { id: 'a', subject: 'Eggs' },
      { id: 'b', subject: 'Re: Eggs', inReplyTo: 'a' },
      { id: 'c', subject: 'Re: Eggs', inReplyTo: 'a' },
      { id: 'd', subject: 'Re: Eggs', inReplyTo: 'b', references: 'a b' },
    ];
    assert.deepEqual(threads(mails, [1]), [1, 2, 2, 2]);
  });

  test('however many ids it names, few are looked up and fewer kept', () => {
    const references = Array.from({ length: 500 }, (_, i) => `r${i}`).join(' ');
    const names = namesOf({ id: 'a', subject: 'Eggs', inReplyTo: 'p', references });
    assert.equal(names.references.length, 24);
    const { own, named } = threadOf(1, names, { matchesOf: () => [], hasRoom: () => true });
    assert.equal(own?.length, ID_HASH_BYTES);
    assert.equal(named.length, 7);
    assert.deepEqual(named.slice(0, 6), namesOf({ references: 'r0 r1 r496 r497 r498 r499' }).references);
  });
});
