import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settingsOf } from './settings.ts';
import { findLanguage, textsIn } from './texts.ts';

const DEFAULTS = { enabled: true, delete: 'expunge', markSeen: false, days: 0, loginDelay: 0 } as const;

test('an account may have it different, and what cannot be read counts as absent', () => {
  const { loginDelay: _, ...defaults } = DEFAULTS;
  const cases: readonly (readonly [Record<string, string>, object])[] = [
    [{}, {}],
    [{ 'pop3.enabled': 'false' }, { enabled: false }],
    [
      { 'pop3.delete': 'trash', 'pop3.days': '30' },
      { delete: 'trash', days: 30 },
    ],
    [{ 'pop3.mark_seen': 'true' }, { markSeen: true }],
    [{ 'pop3.mark_seen': 'maybe', 'pop3.days': '-1', 'imap.days': '3' }, {}],
  ];
  for (const [own, expected] of cases) {
    assert.deepEqual(settingsOf(DEFAULTS, own), { ...defaults, ...expected }, JSON.stringify(own));
  }
});

test('languages are found by range, and English is ASCII (RFC 6856 §3, RFC 1939 §3)', () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['en', 'en'],
    ['EN-gb', 'en'],
    ['sv-FI', 'sv'],
    ['*', 'en'],
    ['mul', undefined],
    ['svx', undefined],
    ['', undefined],
  ];
  for (const [range, expected] of cases) assert.equal(findLanguage(range), expected, range);
  for (const [key, text] of Object.entries(textsIn('en'))) {
    const say = text as (...args: unknown[]) => string;
    assert.match(say(1, 2), /^[\x20-\x7e]+$/, key);
    assert.doesNotMatch((textsIn('sv')[key as 'bye'] as typeof say)(1, 2), /[\r\n]/, key);
  }
});
