import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/kit/runs.ts';
import { casemapped } from './collation.ts';
import { foldFieldText, foldText } from './fold.ts';

test('what the collation takes for the same folds to the same', () => {
  const rows: [string, string][] = [
    ['GRÜSSE', 'grüsse'],
    ['gru\u0308sse', 'grüsse'],
    ['ΟΔΟΣ', 'οδοσ'],
    ['οδος', 'οδοσ'],
    ['a\u0323\u0301', 'a\u0301\u0323'],
    ['\u212bngström', 'ÅNGSTRÖM'],
    ['ǆ', 'ǅ'],
    ['１２', '12'],
    ['a\u00a0b', 'a b'],
  ];
  for (const [text, same] of rows) assert.equal(foldText(text), foldText(same), text);
  const others: [string, string][] = [
    ['hål', 'hal'],
    ['öl', 'ol'],
    ['straße', 'strasse'],
    ['ß', 'ẞ'],
    ['ﬁ', 'fi'],
    ['ა', 'Ა'],
  ];
  for (const [text, other] of others) assert.notEqual(foldText(text), foldText(other), text);
});

test('accents count, but for what they are added to (RFC 5051 §2)', () => {
  const isIn = (needle: string, text: string) => foldText(text).includes(foldText(needle));
  for (const needle of ['hål', 'HÅ', 'ål', 'ha', 'h', 'l', '\u030a']) assert.ok(isIn(needle, 'Hål'), needle);
  for (const needle of ['hal', 'al', 'hö']) assert.ok(!isIn(needle, 'Hål'), needle);
  assert.ok(isIn('å', 'ǻ') && !isIn('á', 'ǻ'));
});

test('every character alone: the same as others where the collation has it so', () => {
  const keys = new Map<string, string>();
  // Above are ideographs alone, and nothing that is mapped.
  for (let code = 0; code <= 0x1ffff; code++) {
    if ((code >= 0xd800 && code <= 0xdfff) || (code >= 0x3400 && code <= 0x9fff)) continue;
    const character = String.fromCodePoint(code);
    // A mapping to several letters is none of the simple ones (RFC 5051 §2), but with some iotas there are both.
    if (character.toUpperCase().length !== character.length && (code < 0x1f80 || code > 0x1fff))
      assert.equal(casemapped(character), character.normalize('NFKD'), `U+${code.toString(16)}`);
    const folded = foldText(character);
    const key = casemapped(character);
    const known = keys.get(folded);
    assert.ok(known === undefined || known === key, `U+${code.toString(16)}`);
    keys.set(folded, key);
  }
  assert.equal(new Set(keys.values()).size, keys.size);
});

const letters = fc.constantFrom(
  ...'aAåÅäǻßẞςσΣİıſKﬁ½…１ ჰᲰǰΐǆǅ漢한가각がﾊﾞ😀\u0301\u0323\u0345\u1d165\u00a0\u{1d165}'.split(/(?:)/u),
);
const texts = fc
  .oneof(
    { weight: 4, arbitrary: fc.array(letters, { maxLength: 12 }) },
    { weight: 1, arbitrary: fc.array(fc.string({ unit: 'binary', maxLength: 1 }), { maxLength: 8 }) },
  )
  .map((parts) => parts.join(''));

test('property: a text is in another if and only if it is by the collation', () => {
  fc.assert(
    fc.property(texts, texts, fc.nat(), fc.nat(), (text, other, from, length) => {
      const characters = [...text];
      const part = characters.slice(from % (characters.length + 1)).slice(0, length % 5);
      for (const needle of [other, part.join(''), part.join('').toUpperCase(), other.normalize('NFD')]) {
        const expected = casemapped(text).includes(casemapped(needle));
        assert.equal(foldText(text).includes(foldText(needle)), expected, JSON.stringify([text, needle]));
      }
    }),
    { numRuns: runs(3000) },
  );
});

test('other collations are of ASCII alone', () => {
  assert.equal(foldText('ÅsA', 'i;octet'), 'ÅsA');
  assert.equal(foldText('ÅsA', 'i;ascii-casemap'), 'Åsa');
  assert.equal(foldFieldText('Å  A', 'i;ascii-casemap'), 'Å a');
});

test('a letter with four hundred thousand marks costs no more than other text (UAX #15 §13)', () => {
  const marks = '\u0301\u0323'.repeat(200_000);
  const started = performance.now();
  const folded = foldText(`x${marks}y`);
  // The square of the marks would be minutes.
  assert.ok(performance.now() - started < 5000);
  assert.ok(folded.startsWith('x') && folded.endsWith('y'));
  assert.equal(foldText(`x${marks}y`), folded);
});
