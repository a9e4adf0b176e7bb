import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/kit/runs.ts';
import { EnvelopeReader } from './envelope-reader.ts';
import { foldFieldText, singleSpaced } from './fold.ts';
import { analyze } from './message.ts';
import { readLinks } from './message-links.ts';
import { asFoldedNow, isInField, isSearchField, SEARCH_FIELDS } from './search-text.ts';

function assertAgrees(message: Buffer, needles: readonly string[]): void {
  const facts = analyze(message);
  const stored = facts.searchText;
  assert.ok(stored);
  const envelope = facts.envelope.toString('latin1');
  for (const field of SEARCH_FIELDS) {
    const text = new EnvelopeReader(envelope).text(field);
    for (const needle of needles) {
      const folded = foldFieldText(needle);
      const expected = text !== undefined && foldFieldText(text).includes(folded);
      assert.equal(
        isInField(stored, field, Buffer.from(folded)),
        expected,
        `${field} ${JSON.stringify(needle)}`,
      );
    }
  }
}

test('the same answers as the envelope', () => {
  const message = [
    'From: =?utf-8?q?J=C3=96RG?= <jorg@example.org>',
    'To: "Quoted \\"Name\\"" <a.b@example.com>, Group: c@example.com, d@example.net;',
    'Subject: =?utf-8?q?two=0Alines?= and  more\r\n\tfolded',
    'Cc:',
    '',
    'body',
  ].join('\r\n');
  const needles = [
    '',
    'jörg',
    'JÖRG',
    'a.b@',
    'quoted "name"',
    'group:',
    'two lines and more folded',
    '+',
    '\n',
    'more',
    'example.org>',
    'x',
  ];
  assertAgrees(Buffer.from(message), needles);
  assertAgrees(Buffer.from('\r\n'), needles);
});

test('property: the same answers for any words', () => {
  const word = fc.constantFrom(
    'a',
    'B',
    'ä',
    'Ä',
    '+',
    ' ',
    '  ',
    '\t',
    '<',
    '>',
    '@',
    ',',
    '"',
    '=?utf-8?q?=C3=84?=',
    '\r\n ',
    'ς',
    'Σ',
    '😀',
  );
  const words = fc.array(word, { maxLength: 12 }).map((all) => all.join(''));
  fc.assert(
    fc.property(words, words, words, fc.array(words, { maxLength: 5 }), (from, to, subject, needles) => {
      assertAgrees(Buffer.from(`From: ${from}\r\nTo: ${to}\r\nSubject: ${subject}\r\n\r\n`), needles);
    }),
    { numRuns: runs(300) },
  );
});

test('of the corpus', () => {
  const corpus = new URL('../../test/corpus/', import.meta.url);
  for (const name of readdirSync(corpus).filter((file) => file.endsWith('.eml'))) {
    const message = readFileSync(new URL(name, corpus));
    if (analyze(message).searchText !== undefined)
      assertAgrees(message, ['', 'e', 'example', 're:', '@', 'ö', ' ']);
  }
});

/** As it was folded before letters were taken apart from their accents. */
function formerly(text: string): string {
  return singleSpaced(text).normalize('NFC').toLowerCase().replaceAll('ς', 'σ');
}

test('a text that was stored before is made anew, or nothing is said of it', () => {
  const now = (subject: string) =>
    `*${foldFieldText(subject)}\n*${foldFieldText('Åsa <asa@example.com>')}\n\n\n`;
  const stored = (subject: string) =>
    Buffer.from(`+${formerly(subject)}\n+${formerly('Åsa <asa@example.com>')}\n\n\n`);
  const message = Buffer.from('Subject: Blåbär\r\nFrom: =?utf-8?q?=C3=85sa?= <asa@example.com>\r\n\r\n');
  assert.equal(analyze(message).searchText?.toString(), now('Blåbär'));
  for (const subject of ['Blåbär', 'ПРИВЕТ', '½ １', 'ﬁ', '한글', 'ΟΔΟΣ', '\u212b', 'İ', '+', '*'])
    assert.equal(asFoldedNow(stored(subject))?.toString(), now(subject), subject);
  for (const subject of ['Straße', 'STRAẞE', 'Ა', 'j\u030c'])
    assert.equal(asFoldedNow(stored(subject)), undefined, subject);
  for (const text of ['+plain\n\n+a@b\n\n', '\n\n*å\n\n', now('x')])
    assert.equal(asFoldedNow(Buffer.from(text))?.toString(), text);
});

test('property: never otherwise than it would be made today', () => {
  const letters = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 4 }),
    fc.string({ unit: 'binary', maxLength: 4 }),
  );
  fc.assert(
    fc.property(fc.array(letters, { maxLength: 6 }), (parts) => {
      const text = parts
        .join('')
        .replace(/[\n\0]/g, '')
        .toWellFormed();
      const made = asFoldedNow(Buffer.from(`+${formerly(text)}\n\n\n\n`));
      const is = /[^\x00-\x7f]/.test(formerly(text)) ? '*' : '+';
      if (made !== undefined) assert.equal(made.toString(), `${is}${foldFieldText(text)}\n\n\n\n`);
    }),
    { numRuns: runs(2000) },
  );
});

test('long ones are not kept', () => {
  const list = 'somebody@example.com, '.repeat(2000);
  assert.equal(analyze(Buffer.from(`To: ${list}\r\n\r\n`)).searchText, undefined);
  assert.ok(isSearchField('cc') && !isSearchField('sender'));
});

test('links of a message', () => {
  const links = (text: string) => readLinks(analyze(Buffer.from(text.replaceAll('\n', '\r\n'))).links);
  const none = links('Subject: x\n\n');
  assert.deepEqual(none, { id: undefined, inReplyTo: undefined, references: [] });
  const first = links('Message-ID: <a@b>\n\n');
  const reply = links('Message-ID: <c@d>\nIn-Reply-To: <a@b>\nReferences: <x@y>\n <"a"@b>\n\n');
  assert.deepEqual(reply.inReplyTo, first.id);
  assert.deepEqual(reply.references[1], first.id);
  assert.notDeepEqual(reply.id, first.id);
  assert.equal(reply.references.length, 2);
  const many = links(`References: ${Array.from({ length: 500 }, (_, i) => `<${i}@b>`).join('\n ')}\n\n`);
  assert.equal(many.references.length, 100);
  assert.deepEqual(many.references[0], links('Message-ID: <0@b>\n\n').id);
  assert.deepEqual(many.references[99], links('Message-ID: <499@b>\n\n').id);
  for (let length = 0; length < 5; length++) readLinks(Buffer.alloc(length, 1));
});
