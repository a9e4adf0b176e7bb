import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { foldText } from './fold.ts';

test('what a person reads as equal folds to the same', () => {
  const rows: [string, string][] = [
    ['GRÜSSE', 'grüsse'],
    ['gru\u0308sse', 'grüsse'],
    ['ΟΔΟΣ', 'οδοσ'],
    ['οδος', 'οδοσ'],
    ['a\u0323\u0301', 'a\u0301\u0323'],
  ];
  for (const [text, same] of rows) assert.equal(foldText(text), foldText(same), text);
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

test('property: few marks are put in order as Unicode has it', () => {
  const marks = fc.array(fc.constantFrom('\u0301', '\u0323', 'a', 'é', '한', '😀', '\u{1d165}'));
  fc.assert(
    fc.property(marks, (list) => {
      const text = list.join('');
      if (/\p{M}{31}/u.test(text)) return;
      assert.equal(foldText(text), text.normalize('NFC').toLowerCase());
    }),
  );
});
