import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../../test/kit/runs.ts';
import { type KeywordRow, MAX_KEYWORD_SETS } from '../model/keywords.ts';
import { WritableKeywords } from './keywords.ts';

const LIMITS = { keywordsPerMailbox: 8, keywordsPerMessage: 5 };

const sorted = (keywords: WritableKeywords): string => JSON.stringify(keywords.unused(() => false));

function add(keywords: WritableKeywords, names: readonly string[], limits = LIMITS): number {
  const known = keywords.find(names);
  if (known !== undefined) return known;
  const rows = keywords.rowsFor(names, limits);
  keywords.put(rows);
  return (rows.at(-1) as KeywordRow).number;
}

test('a set keeps its number, its names and their first spelling', () => {
  const keywords = new WritableKeywords([]);
  const set = add(keywords, ['$Junk', 'été']);
  assert.equal(add(keywords, ['ÉTÉ', '$JUNK', '$junk']), set);
  assert.deepEqual(keywords.namesOf(set), ['$Junk', 'été']);
  assert.equal(add(keywords, []), 0);
  assert.deepEqual(keywords.namesOf(0), []);
  assert.deepEqual(keywords.namesOf(77), []);
  assert.equal(keywords.setsWith('$JUNK')[set], 1);
  assert.equal(keywords.setsWith('other')[set], 0);
});

test('limits are said in words', () => {
  const keywords = new WritableKeywords([]);
  assert.throws(() => keywords.rowsFor(['a', 'b', 'c', 'd', 'e', 'f'], LIMITS), { code: 'limit' });
  add(keywords, ['a', 'b', 'c', 'd', 'e']);
  add(keywords, ['f', 'g', 'h']);
  assert.throws(() => keywords.rowsFor(['i'], LIMITS), { code: 'limit', message: /8 different keywords/ });
  const many = { keywordsPerMailbox: 20, keywordsPerMessage: 20 };
  for (let n = 0; n < MAX_KEYWORD_SETS - 2; n++) {
    const bits = Array.from({ length: 11 }, (_, i) => i).filter((i) => (n >> i) & 1);
    add(keywords, ['x', ...bits.map((i) => `k${i}`)], many);
  }
  assert.throws(() => keywords.rowsFor(['a', 'h', 'k1'], many), { code: 'limit', message: /combinations/ });
});

test('what is taken back leaves the rest as it was, and a number is not given again soon', () => {
  const keywords = new WritableKeywords([]);
  const [one, two] = [add(keywords, ['a', 'b']), add(keywords, ['b', 'c'])];
  const rows = keywords.unused((set) => set === two);
  assert.deepEqual(
    rows.map(({ kind, number }) => `${kind} ${number}`),
    [`set ${one}`, 'name 0'],
  );
  keywords.drop(rows);
  assert.deepEqual(keywords.names, ['b', 'c']);
  assert.deepEqual(keywords.namesOf(two), ['b', 'c']);
  assert.equal(keywords.isKnown(one), false);
  assert.ok(add(keywords, ['d']) > two);
});

test('rows made and taken back in any order are undone exactly, and are what is loaded', () => {
  const name = fc.constantFrom('a', 'B', 'c', 'D', 'e', 'F', 'g', 'h');
  const step = fc.oneof(
    fc.record({ names: fc.array(name, { maxLength: 5 }) }),
    fc.record({ kept: fc.integer({ min: 0, max: 255 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const keywords = new WritableKeywords([]);
      const undo: [before: string, () => void][] = [];
      for (const one of steps) {
        const before = sorted(keywords);
        if ('kept' in one) {
          const rows = keywords.unused((set) => ((one.kept >> (set % 8)) & 1) === 1);
          keywords.drop(rows);
          undo.push([before, () => keywords.put(rows)]);
        } else if (keywords.find(one.names) === undefined) {
          const rows = keywords.rowsFor(one.names, LIMITS);
          keywords.put(rows);
          undo.push([before, () => keywords.drop(rows)]);
          const set = (rows.at(-1) as KeywordRow).number;
          const folded = (names: readonly string[]) =>
            [...new Set(names.map((it) => it.toLowerCase()))].sort();
          assert.deepEqual(folded(keywords.namesOf(set)), folded(one.names));
        }
        const again = new WritableKeywords(keywords.unused(() => false));
        assert.deepEqual(again.names, keywords.names);
      }
      for (const [before, back] of undo.reverse()) {
        back();
        const byNumber = (text: string) =>
          (JSON.parse(text) as KeywordRow[]).map((row) => JSON.stringify(row)).sort();
        assert.deepEqual(byNumber(sorted(keywords)), byNumber(before));
      }
    }),
    { numRuns: runs(300) },
  );
});
