import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  definiteSet,
  formatNumSet,
  NumSet,
  SAVED_RESULT,
  type SeqSet,
  sequenceSet,
  uidSet,
} from './numset.ts';
import { faultOf, parseAll } from './testing.ts';

/** Set, its form after parsing, and resolved with 9 as the largest number. */
const ACCEPTED: readonly (readonly [input: string, printed: string, with9: string])[] = [
  ['1', '1', '1'],
  ['1:3', '1:3', '1:3'],
  ['3:1', '1:3', '1:3'],
  ['1,2,3', '1:3', '1:3'],
  ['5,1:2,2:3', '1:3,5', '1:3,5'],
  ['*', '*', '9'],
  ['1:*', '1:*', '1:9'],
  ['*:4', '*:4', '4:9'],
  // Apple Mail asks for what is new above UID 9 and must get 9 (RFC 9051 §9 seq-number).
  ['10:*', '10:*', '9:10'],
  ['10:*,5:12', '10:*,5:12', '5:12'],
  ['*:*', '*', '9'],
  ['2,4:7,9,12:*', '2,4:7,9,12:*', '2,4:7,9:12'],
  ['1:4294967295', '1:4294967295', '1:4294967295'],
];

const REFUSED: readonly (readonly [input: string, message: string])[] = [
  ['', 'BAD Expected a message set at the end of the command'],
  ['0', 'BAD Expected a number above zero at octet 5 of the command'],
  ['1:', 'BAD Expected a number above zero at the end of the command'],
  ['1,', 'BAD Expected a number above zero at the end of the command'],
  ['1:2:3', 'BAD Expected the end of the command at octet 8 of the command'],
  ['1,$', 'BAD Expected a number above zero at octet 7 of the command'],
  ['-1', 'BAD Expected a message set at octet 5 of the command'],
  ['4294967296', 'BAD Number is beyond 32 bits'],
  ['1, 2', 'BAD Expected a number above zero instead of a space at octet 7 of the command'],
  [Array.from({ length: 10_001 }, (_, i) => 2 * i + 1).join(','), 'BAD [LIMIT] Too many ranges in a set'],
];

const seqSet = (input: string) => parseAll(input, sequenceSet) as SeqSet;

describe('number sets', () => {
  for (const [input, printed, with9] of ACCEPTED) {
    it(`${input} is ${with9} of nine`, () => {
      const set = seqSet(input);
      assert.equal(String(set), printed);
      assert.equal(String(set.resolve(9)), with9);
      assert.deepEqual(seqSet(printed), set, 'written back and parsed again');
    });
  }
  for (const [input, message] of REFUSED) {
    it(`refuses ${JSON.stringify(input.slice(0, 30))}`, () =>
      assert.equal(faultOf(input, sequenceSet), message));
  }

  it('names the saved result', () => {
    assert.equal(parseAll('$', sequenceSet), SAVED_RESULT);
    assert.equal(parseAll('$', uidSet), SAVED_RESULT);
  });

  it('has sets without * and $', () => {
    assert.equal(String(parseAll('3,1:2', (c) => definiteSet(c, 'uid'))), '1:3');
    for (const input of ['1:*', '$']) {
      assert.equal(
        faultOf(input, (c) => definiteSet(c, 'uid')),
        'BAD Neither * nor $ is allowed in this set',
      );
    }
  });

  it('names nothing by * in an empty mailbox', () => {
    assert.equal(String(seqSet('*,3:*').resolve(0)), '');
    assert.equal(String(seqSet('*,3').resolve(0)), '3');
    assert.ok(seqSet('1:*').resolve(0).isEmpty);
  });

  it('counts, bounds and cuts without expanding', () => {
    const all = NumSet.of('uid', [[1, 0xffff_ffff]]);
    assert.equal(all.size, 0xffff_ffff);
    assert.equal(all.highest, 0xffff_ffff);
    assert.equal(String(all.upTo(7)), '1:7');
    assert.equal(
      String(
        NumSet.of('seq', [
          [1, 3],
          [8, 9],
        ]).upTo(5),
      ),
      '1:3',
    );
    const runs: [number, number][] = [];
    all.eachRun([4, 9, 4_000_000_000], (from, to) => runs.push([from, to]));
    assert.deepEqual(runs, [[0, 3]]);
  });

  it('agrees with plain sets of numbers', () => {
    const range = fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 60 }));
    const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 40 });
    fc.assert(
      fc.property(fc.array(range, { maxLength: 12 }), numbers, (ranges, listed) => {
        const plain = new Set<number>();
        for (const [a, b] of ranges) for (let n = Math.min(a, b); n <= Math.max(a, b); n++) plain.add(n);
        const ascending = Uint32Array.from(listed).sort();
        const set = NumSet.of('seq', ranges);
        const found: number[] = [];
        set.eachRun(ascending, (from, to) => found.push(...ascending.subarray(from, to)));
        assert.deepEqual(
          found,
          [...ascending].filter((n) => plain.has(n)),
        );
        for (let n = 0; n <= 61; n++) assert.equal(set.contains(n), plain.has(n));
        assert.equal(set.size, plain.size);
        const members = [...plain].sort((a, b) => a - b);
        assert.equal(formatNumSet(members), String(set));
      }),
    );
  });

  it('formats 100,000 numbers that are no ranges', () => {
    const scattered = Uint32Array.from({ length: 100_000 }, (_, i) => 2 * i + 1);
    assert.equal(formatNumSet(scattered).length, [...scattered].join(',').length);
  });
});
