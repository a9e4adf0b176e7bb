import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { scanParts } from './part.ts';
import { decodeParts, encodeParts } from './part-codec.ts';
import { filterHeader, partAt, type SectionKind, sectionRange } from './section.ts';

const corpus = (name: string) => readFileSync(new URL(`../../test/corpus/${name}.eml`, import.meta.url));

/** What BODY[...] of this section holds; undefined when the section does not exist. */
function fetched(message: Buffer, section: string): string | undefined {
  const words = section === '' ? [] : section.split('.');
  const path = words.filter((w) => /^[0-9]+$/.test(w)).map(Number);
  const kind = (words.find((w) => !/^[0-9]+$/.test(w)) ?? 'all').toLowerCase() as SectionKind;
  const root = decodeParts(encodeParts(scanParts(message)));
  const range = sectionRange(root, { path, kind });
  return range === undefined ? undefined : message.toString('latin1', range.start, range.end);
}

test('the part numbers of RFC 9051 §6.4.5.1', () => {
  const message = corpus('rfc9051-section-example');
  const text = message.toString('latin1');
  const rows: [string, string | undefined][] = [
    ['', text],
    ['HEADER', text.slice(0, text.indexOf('\r\n\r\n') + 4)],
    ['TEXT', text.slice(text.indexOf('\r\n\r\n') + 4)],
    ['1', 'one'],
    ['1.MIME', 'Content-Type: text/plain\r\n\r\n'],
    ['2', 'AAEC'],
    ['3.HEADER', 'Subject: three\r\nContent-Type: multipart/mixed; boundary=three\r\n\r\n'],
    ['3.MIME', 'Content-Type: message/rfc822\r\n\r\n'],
    ['3.1', 'three.one'],
    ['3.2', 'three.two'],
    ['4.1', 'R0lGODlh'],
    [
      '4.1.MIME',
      'Content-Type: image/gif\r\nContent-Transfer-Encoding: base64\r\nContent-ID: <gif@example.com>\r\n\r\n',
    ],
    ['4.2.HEADER', 'Subject: four.two\r\nContent-Type: multipart/mixed; boundary=fourtwo\r\n\r\n'],
    ['4.2.1', 'four.two.one'],
    ['4.2.2.1', 'plain'],
    ['4.2.2.2', 'rich'],
    // What does not exist
    ['MIME', undefined],
    ['5', undefined],
    ['0', undefined],
    ['1.1', undefined],
    ['1.HEADER', undefined],
    ['1.TEXT', undefined],
    ['4.HEADER', undefined],
    ['3.3', undefined],
    ['4.2.2.3', undefined],
  ];
  for (const [section, expected] of rows) assert.equal(fetched(message, section), expected, section);
  const three = fetched(message, '3') ?? '';
  assert.equal(fetched(message, '3.TEXT'), three.slice(three.indexOf('\r\n\r\n') + 4));
});

test('a message that is no multipart has part 1', () => {
  const message = corpus('plain');
  const rows: [string, string | undefined][] = [
    ['1', 'hello\r\nworld\r\n'],
    ['TEXT', 'hello\r\nworld\r\n'],
    ['1.MIME', fetched(message, 'HEADER')],
    ['1.1', undefined],
    ['2', undefined],
    ['1.HEADER', undefined],
  ];
  for (const [section, expected] of rows) assert.equal(fetched(message, section), expected, section);
});

test('a message that is a message/rfc822', () => {
  const message = corpus('message-at-top');
  const rows: [string, string | undefined][] = [
    ['1', 'Subject: inner\r\nContent-Type: text/plain\r\n\r\ninner body\r\n'],
    ['1.HEADER', 'Subject: inner\r\nContent-Type: text/plain\r\n\r\n'],
    ['1.TEXT', 'inner body\r\n'],
    ['1.1', 'inner body\r\n'],
    ['1.1.MIME', 'Subject: inner\r\nContent-Type: text/plain\r\n\r\n'],
    ['1.1.1', undefined],
  ];
  for (const [section, expected] of rows) assert.equal(fetched(message, section), expected, section);
});

test('parts of a multipart that has none', () => {
  assert.equal(fetched(corpus('multipart-empty'), '1'), '');
  assert.equal(fetched(corpus('multipart-no-body'), '1'), '');
  assert.equal(fetched(corpus('multipart-delimiter-never-occurs'), '1'), '--b\r\n\r\nfirst\r\n--b--\r\n');
  assert.equal(fetched(corpus('empty'), '1'), '');
  assert.equal(fetched(corpus('empty'), ''), '');
});

test('partAt gives the part with its fields', () => {
  const root = scanParts(corpus('rfc9051-section-example'));
  assert.equal(partAt(root, [4, 2, 2, 2])?.fields.mediaType, 'text/richtext');
  assert.equal(partAt(root, []), root);
  assert.equal(partAt(root, [4, 3]), undefined);
});

test('HEADER.FIELDS and HEADER.FIELDS.NOT (RFC 9051 §6.4.5.1)', () => {
  const header = Buffer.from('From: a\r\nX-One: 1\r\n\tfolded\r\nno field\r\nFROM : b\r\nTo: c\r\n\r\n');
  const rows: [string[], boolean, string][] = [
    [['from'], false, 'From: a\r\nFROM : b\r\n\r\n'],
    [['TO', 'X-one'], false, 'X-One: 1\r\n\tfolded\r\nTo: c\r\n\r\n'],
    [['Nothing'], false, '\r\n'],
    [['fro'], false, '\r\n'],
    [['from'], true, 'X-One: 1\r\n\tfolded\r\nTo: c\r\n\r\n'],
    [['from', 'to', 'x-one'], true, '\r\n'],
    [[], true, 'From: a\r\nX-One: 1\r\n\tfolded\r\nFROM : b\r\nTo: c\r\n\r\n'],
  ];
  for (const [names, not, expected] of rows)
    assert.equal(filterHeader(header, names, not).toString(), expected);
});

test('a filtered header has the blank line, and the last line end, only if the header has them', () => {
  const rows: [string, string][] = [
    ['', ''],
    ['\r\n', '\r\n'],
    ['A: b', 'A: b'],
    ['A: b\r\n', 'A: b\r\n'],
    ['A: b\r\nC: d', 'A: b\r\n'],
    ['C: d\r\nA: b', 'A: b'],
    ['C: d\r\n', ''],
    ['C: d\r\n\r\n', '\r\n'],
    ['A: b\n\n', 'A: b\n\n'],
    ['A: b\r\n\r\nbody: is not looked at', 'A: b\r\n\r\n'],
  ];
  for (const [header, expected] of rows) {
    const kept = filterHeader(Buffer.from(header), ['a'], false).toString();
    assert.equal(kept, expected, JSON.stringify(header));
    const dropped = filterHeader(Buffer.from(header), ['c'], true).toString();
    assert.equal(dropped, expected, JSON.stringify(header));
  }
});
