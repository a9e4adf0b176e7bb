import assert from 'node:assert/strict';
import { test } from 'node:test';
import { en } from './en.ts';
import { type Language, languageOf, saidIn, textsOf } from './language.ts';
import { pluralOf } from './plural.ts';

test('the first language that there are texts in', () => {
  for (const [preferred, expected] of [
    [['sv-SE', 'en'], 'sv'],
    [['de', 'sv', 'en'], 'sv'],
    [['en-GB', 'sv'], 'en'],
    [['svx'], 'en'],
    [[], 'en'],
  ] as const)
    assert.equal(languageOf(preferred), expected);
});

test('where the wanted language cannot be loaded it is said in another, and where none can, not at all', async () => {
  const only =
    (...there: readonly Language[]) =>
    async (language: Language) => {
      if (!there.includes(language)) throw new TypeError(`no network for ${language}`);
      return textsOf(language);
    };
  assert.equal((await saidIn('sv', only('en', 'sv'))).language, 'sv');
  assert.equal((await saidIn('sv', only('en'))).language, 'en');
  assert.equal((await saidIn('en', only('sv'))).language, 'sv');
  await assert.rejects(saidIn('en', only()), /no network for en/);
});

test('the same texts exist in both, and none is empty', async () => {
  const walk = (texts: object, path = ''): string[] =>
    Object.entries(texts).flatMap(([key, value]) => {
      if (typeof value === 'object') return walk(value as object, `${path}${key}.`);
      assert.notEqual(value, '', `${path}${key}`);
      return [`${path}${key} ${typeof value}`];
    });
  assert.deepEqual(walk(await textsOf('sv')).sort(), walk(en).sort());
});

test('numbers are written as the language writes them', () => {
  const forms = { one: '# mail', other: '# mails' };
  assert.equal(pluralOf('en')(1, forms), '1 mail');
  assert.equal(pluralOf('en')(12_345, forms), '12,345 mails');
  assert.equal(pluralOf('sv')(12_345, forms), '12\u00a0345 mails');
});
