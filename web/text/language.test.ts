import assert from 'node:assert/strict';
import { test } from 'node:test';
import { en } from './en.ts';
import { languageOf, textsOf } from './language.ts';
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
