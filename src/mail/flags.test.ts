import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ALL_SYSTEM_FLAGS,
  canonicalKeyword,
  FLAG,
  foldKeyword,
  isKeyword,
  parseSystemFlag,
  SYSTEM_FLAG_BITS,
  SYSTEM_FLAG_NAMES,
  systemFlagNames,
} from './flags.ts';

test('system flags in any letter case (RFC 9051 §2.3.2)', () => {
  const rows: [string, number | undefined][] = [
    ['\\Seen', FLAG.Seen],
    ['\\DELETED', FLAG.Deleted],
    ['\\answered', FLAG.Answered],
    ['\\fLaGgEd', FLAG.Flagged],
    ['\\Draft', FLAG.Draft],
    ['\\Recent', undefined],
    ['\\*', undefined],
    ['\\', undefined],
    ['', undefined],
    ['Seen', undefined],
    ['\\Seen ', undefined],
    // Unicode folding would turn the long s into an s.
    ['\\\u017feen', undefined],
  ];
  for (const [name, bit] of rows) assert.equal(parseSystemFlag(name), bit, name);
});

test('names and bits agree', () => {
  assert.deepEqual(systemFlagNames(0), []);
  assert.deepEqual(systemFlagNames(ALL_SYSTEM_FLAGS), [...SYSTEM_FLAG_NAMES]);
  SYSTEM_FLAG_NAMES.forEach((name, i) => {
    assert.equal(parseSystemFlag(name), SYSTEM_FLAG_BITS[i]);
  });
});

test('keywords are atoms (RFC 9051 §9 flag-keyword)', () => {
  for (const good of ['$Forwarded', 'a', 'NonJunk', "!#$&'+,-./:;<=>?@[^_`|}~", 'x'.repeat(128)]) {
    assert.ok(isKeyword(good), good);
  }
  const bad = [
    '',
    'a b',
    'a(b',
    'a)b',
    'a{b',
    'a%b',
    'a*b',
    'a"b',
    'a\\b',
    'a]b',
    'a\x00b',
    'a\x7f',
    'ä',
    '\\Seen',
  ];
  for (const name of [...bad, 'x'.repeat(129)]) assert.ok(!isKeyword(name), name);
});

test('keywords are compared without ASCII case and known ones spelled as registered', () => {
  assert.equal(foldKeyword('$FORWARDED'), '$forwarded');
  assert.equal(foldKeyword('Ä'), 'Ä');
  assert.equal(canonicalKeyword('$forwarded'), '$Forwarded');
  assert.equal(canonicalKeyword('$MDNSENT'), '$MDNSent');
  assert.equal(canonicalKeyword('$notjunk'), '$NotJunk');
  assert.equal(canonicalKeyword('MyLabel'), 'MyLabel');
});
