import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asModSeq } from '../model/model.ts';
import type { AccountState } from '../state/account.ts';
import { isKnown, type Moment } from './moment.ts';

const at = (modseq: number, nextEmail = 5, nextMailbox = 3): Moment => ({
  modseq: asModSeq(modseq),
  nextEmail,
  nextMailbox,
});
const account = { ...at(20, 9, 4), changesFloor: asModSeq(10) } as AccountState;

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
    assert.equal(isKnown(account, { since, told }), expected, JSON.stringify([since, upTo]));
  }
});
