import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FLAG } from '../../mail/flags.ts';
import { type FlagSet, flagList, storeFlags } from './flag.ts';
import { faultOf, parseAll, written } from './testing.ts';

const LISTS: readonly (readonly [input: string, FlagSet])[] = [
  ['()', { bits: 0, keywords: [] }],
  ['(\\seen \\DELETED)', { bits: FLAG.Seen | FLAG.Deleted, keywords: [] }],
  ['($forwarded foo FOO Foo)', { bits: 0, keywords: ['$Forwarded', 'foo'] }],
  ['(\\Recent \\Seen)', { bits: FLAG.Seen, keywords: [] }],
  ['(\\Answered \\Flagged \\Deleted \\Seen \\Draft $Junk)', { bits: 31, keywords: ['$Junk'] }],
];

const REFUSED: readonly (readonly [string, string])[] = [
  ['(\\Foo)', 'BAD Unknown system flag'],
  ['(\\*)', 'BAD Expected an atom instead of * at octet 7 of the command'],
  ['("a")', 'BAD Expected a flag instead of " at octet 6 of the command'],
  ['(\\Seen', 'BAD Expected a space or ) at the end of the command'],
  [`(${'k'.repeat(129)})`, 'NO [LIMIT] Keyword is too long'],
  [`(${Array.from({ length: 101 }, (_, i) => `k${i}`).join(' ')})`, 'BAD [LIMIT] Too many flags'],
];

describe('flags', () => {
  for (const [input, flags] of LISTS) {
    it(`${input} is read and written back`, () => {
      assert.deepEqual(parseAll(input, flagList), flags);
      assert.deepEqual(
        parseAll(
          written((w) => w.flagList(flags.bits, flags.keywords)),
          flagList,
        ),
        flags,
      );
    });
  }
  for (const [input, message] of REFUSED) {
    it(`${input.slice(0, 30)} is refused`, () => assert.equal(faultOf(input, flagList), message));
  }
  it('STORE takes flags without parentheses', () => {
    assert.deepEqual(parseAll('\\Seen work', storeFlags), { bits: FLAG.Seen, keywords: ['work'] });
    assert.equal(faultOf('', storeFlags), 'BAD Expected a flag at the end of the command');
  });
});
