import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asModSeq } from '../model/model.ts';
import { isKnown, type Moment, momentOf } from './moment.ts';

const at = (modseq: number, nextEmail = 5, nextMailbox = 3): Moment => ({
  modseq: asModSeq(modseq),
  nextEmail,
  nextMailbox,
});
const account = {
  ...at(20, 9, 4),
  changesFloor: asModSeq(10),
  emailModseq: asModSeq(18),
  mailboxModseq: asModSeq(7),
};

test('a client may come from where the history reaches back to, and from nowhere else', () => {
  const cases: readonly (readonly [boolean, Moment, Moment?])[] = [
    [true, at(10)],
    [true, at(20, 9, 4)],
    [false, at(9)],
    [false, at(21)],
    [false, at(15, 10)],
    [false, at(15, 5, 5)],
    [true, at(10), at(15)],
    [false, at(15), at(14)],
    [false, at(10), at(21)],
    [false, at(10), at(15, 10)],
    [false, at(10, 7), at(15, 6)],
  ];
  for (const [expected, since, upTo] of cases) {
    const told = upTo && { upTo, reached: 1 };
    assert.equal(isKnown(account, 'emails', { since, told }), expected, JSON.stringify([since, upTo]));
  }
});

test('a moment is that of the last change that shows, and stays known however much is forgotten', () => {
  assert.deepEqual(momentOf(account, 'emails'), at(18, 9, 4));
  assert.deepEqual(momentOf(account, 'mailboxes'), at(18, 9, 4), 'with their counts of messages');
  const old = { ...account, emailModseq: asModSeq(6), mailboxModseq: asModSeq(9) };
  assert.deepEqual(
    (['emails', 'mailboxes'] as const).map((shown) => momentOf(old, shown).modseq),
    [6, 9],
  );
  for (const shown of ['emails', 'mailboxes'] as const)
    assert.ok(isKnown(old, shown, { since: momentOf(old, shown) }));
  assert.equal(isKnown(old, 'emails', { since: at(5) }), false);
});
