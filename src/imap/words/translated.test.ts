import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type SourceText, sourceTexts } from '../../../test/kit/source-texts.ts';
import { languageFor } from './language.ts';
import { inSwedish, SWEDISH } from './translated.ts';

/** Whoever reads these has no language. */
const NOT_SAID =
  /^(?:note|noteFor|warn|error|info|debug|Bug|invariant|StreamClosed|TakenBack|defineExtension)$/;
/** Where a grammar says what it expected. */
const EXPECTS = /^(?:fail|label|astring|string|expectByte|digits|below)$/;
/** Put together of several; how they come out is tested below. */
const COMPOSED = [
  'Expected … …',
  'at octet … of the command',
  'at the end of the command',
  'instead of a literal …',
  'instead of a space …',
  'instead of … …',
  'Unknown … …',
  'a …',
  '… parameter',
  '…: try again later',
  'X-GM-RAW has:attachment',
  'X-GM-LABELS of a mailbox',
  'X-GM-LABELS of nothing',
  'status',
];
const NOUNS = [
  'CREATE parameter',
  'EXAMINE parameter',
  'FETCH attribute',
  'FETCH modifier',
  'LIST return option',
  'LIST selection option',
  'SEARCH return option',
  'SELECT parameter',
  'STATUS item',
  'STORE modifier',
];

const keys = new Set(Object.keys(SWEDISH).map((key) => key.replaceAll('¤', '…')));

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function isKnown(text: string): boolean {
  if (/^[A-Z]+ completed$/.test(text)) return true;
  return keys.has(text) || keys.has(capitalized(text)) || COMPOSED.includes(text) || NOUNS.includes(text);
}

function isSentence({ text, call }: SourceText): boolean {
  if (EXPECTS.test(call)) return /[a-z]/.test(text);
  if (/^(?:said|ok|no|bad|writeStatus)$/.test(call) && /[a-z]{2}/.test(text)) return true;
  return / /.test(text) && /(?:^|[^A-Za-z])[a-z]{2}/.test(text) && !/^[*.]|^RFC |^draft-|^\(|^ \//.test(text);
}

/** Of mail that is written, of scripts and of what JMAP has, nothing is said here. */
const ELSEWHERE =
  /operations\/(?:scripts|snooze|cancel-outgoing|change-emails)|belonging-changes|index-thread|upkeep|recover|filing|deliver|query-emails/;

/** Of IMAP everything that looks like a sentence; of the rest what errors say that come here. */
const said = [
  ...sourceTexts('imap').filter((one) => !NOT_SAID.test(one.call) && isSentence(one)),
  ...['mailbox', 'sasl', 'mail/mailbox-name.ts'].flatMap(sourceTexts).filter(isRefusal),
  ...['authenticator', 'handing-over', 'presence', 'sharing', 'exchange', 'account-closed']
    .flatMap((name) => sourceTexts(`identity/${name}.ts`))
    .filter(isRefusal),
];

function isRefusal({ file, text, call }: SourceText): boolean {
  const isError = /Error$|^NotPermitted$|^OverQuota$|^failure$|^ExchangeFault$|^super$/.test(call);
  return isError && call !== 'StoreError' && call !== 'RangeError' && / /.test(text) && !ELSEWHERE.test(file);
}

test('everything that is said to people is there in Swedish', () => {
  const missing = said.filter(({ text }) => !isKnown(text)).map(({ file, text }) => `${file}: ${text}`);
  assert.ok(said.length > 300, `${said.length}`);
  assert.deepEqual(missing, []);
});

test('nothing is translated that nobody says', () => {
  const all = ['imap', 'mailbox', 'identity', 'sasl', 'mail/mailbox-name.ts'].flatMap(sourceTexts);
  const texts = new Set(all.flatMap(({ text }) => [text, capitalized(text)]));
  const isComposed = (key: string): boolean =>
    /^(?:Expected ¤|Unknown [A-Z]+ [a-z]|Unknown command$|The app password "…"|… of mail of)/.test(key) ||
    NOUNS.some((noun) => key === `a ${noun}`);
  const dead = Object.keys(SWEDISH).filter((key) => !texts.has(key.replaceAll('¤', '…')) && !isComposed(key));
  assert.deepEqual(dead, []);
});

test('a translation has a place for everything that changes', () => {
  for (const [key, translation] of Object.entries(SWEDISH)) {
    const count = key.match(/[…¤]/g)?.length ?? 0;
    const used = [...translation.matchAll(/\{(\d)\}/g)].map(([, n]) => Number(n)).sort();
    assert.deepEqual(
      used,
      Array.from({ length: count }, (_, i) => i + 1),
      key,
    );
    assert.doesNotMatch(translation, /^\[|\p{Cc}/u, key);
  }
});

test('what is put together', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['UID FETCH completed', 'UID FETCH är klart'],
    ['Unknown command FROB', 'Okänt kommando FROB'],
    ['There is no mailbox "Båtar "x""', 'Det finns ingen brevlåda "Båtar "x""'],
    [
      'Expected a string instead of ( at octet 12 of the command',
      'Väntade en sträng i stället för ( vid oktett 12 i kommandot',
    ],
    [
      'Expected the end of the command at octet 9 of the command',
      'Väntade slutet av kommandot vid oktett 9 i kommandot',
    ],
    [
      'A filter is a search: Expected a search key at the end of the command',
      'Ett filter är en sökning: Väntade ett sökvillkor i slutet av kommandot',
    ],
    [
      'The disk is full; nothing was stored, try again later',
      'Disken är full; inget sparades, försök igen senare',
    ],
    [
      'Nearly full: 9.5 MB of 10 MB are used; delete mail or ask for more room',
      'Nästan fullt: 9.5 MB av 10 MB är använt; radera brev eller be om mer utrymme',
    ],
    ['You have no right to put mail into it (i)', 'Du har inte rätt att lägga brev i den (i)'],
    ['What nobody has said before', 'What nobody has said before'],
    [
      `A filter is a search: ${'A filter is a search: '.repeat(1000)}x`,
      'Ett filter är en sökning: Ett filter',
    ],
  ];
  for (const [english, swedish] of rows)
    assert.ok(inSwedish(english).startsWith(swedish), inSwedish(english));
  for (const noun of NOUNS) {
    assert.doesNotMatch(inSwedish(`Expected a ${noun} at the end of the command`), /Expected| a /, noun);
    assert.match(inSwedish(`Unknown ${noun} X`), /^Okän.* X$/, noun);
  }
});

test('the first language that is here (RFC 4647 §3.4)', () => {
  const rows: readonly (readonly [ranges: string, found: string | undefined])[] = [
    ['sv', 'sv'],
    ['sv-se', 'sv'],
    ['sv-latn-fi', 'sv'],
    ['svx', undefined],
    ['fr-ca en-ca', 'en'],
    ['mul', undefined],
    ['i-default', 'i-default'],
    ['fr default', 'sv'],
    ['*', 'sv'],
    ['*-se', undefined],
  ];
  for (const [ranges, found] of rows) assert.equal(languageFor(ranges.split(' '), 'sv'), found, ranges);
});
