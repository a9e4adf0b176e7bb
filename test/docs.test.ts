/** The pages for people: what they point at is there, and a decision has one number. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { isTest, ROOT, readSources } from '../tools/sources.ts';

const PAGES = [
  ...readdirSync(ROOT)
    .filter((name) => name.endsWith('.md'))
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') })),
  ...readSources(['docs'], ROOT, ['.md']),
];
const CODE = readSources(['bin', 'src', 'tools', 'scripts', 'packaging'], ROOT, [
  '.ts',
  '.mjs',
  '.service',
]).filter(({ path }) => !isTest(path));

test('every link of a page leads to a file', () => {
  const broken = PAGES.flatMap(({ path, text }) =>
    [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
      .map(([, target]) => target as string)
      .filter((target) => !/^[a-z]+:/.test(target) && !existsSync(join(ROOT, dirname(path), target)))
      .map((target) => `${path}: ${target}`),
  );
  assert.deepEqual(broken, []);
});

test('every page that another page or the code names is there', () => {
  const missing = [...PAGES, ...CODE].flatMap(({ path, text }) =>
    [...text.matchAll(/\bdocs\/[\w/-]+\.(?:md|toml)\b/g)]
      .filter(([named]) => !existsSync(join(ROOT, named)))
      .map(([named]) => `${path}: ${named}`),
  );
  assert.deepEqual(missing, []);
});

test('decisions have a number each, the same in name and heading', () => {
  const decisions = PAGES.filter(({ path }) => path.startsWith('docs/decisions/'));
  const numbers = decisions.map(({ path }) => path.slice('docs/decisions/'.length, -3).slice(0, 4));
  const twice = numbers.filter((number, i) => numbers.indexOf(number) !== i);
  assert.deepEqual(twice, []);
  for (const [i, { path, text }] of decisions.entries())
    assert.ok(text.startsWith(`# ${Number(numbers[i])}. `), path);
});
