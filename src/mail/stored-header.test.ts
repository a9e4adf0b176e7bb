import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/kit/runs.ts';
import { HeaderBlock } from './header.ts';
import { HeaderFilter } from './header-filter.ts';
import { analyze } from './message.ts';
import { selectFields, storedHeader, wantedFields, withFieldsInFront } from './stored-header.ts';

/** As Thunderbird asks. */
const THUNDERBIRD =
  'From To Cc Bcc Subject Date Message-ID Priority X-Priority References Newsgroups In-Reply-To Content-Type Reply-To'.split(
    ' ',
  );

const blockOf = (text: string): HeaderBlock => new HeaderBlock(Buffer.from(text));

function select(stored: Buffer, names: readonly string[]): string {
  const wanted = wantedFields(names);
  assert.ok(wanted);
  const pieces = selectFields(stored, wanted);
  assert.ok(pieces);
  return Buffer.concat(pieces).toString('latin1');
}

function filter(header: Buffer, names: readonly string[]): string {
  return Buffer.concat(new HeaderFilter(names, false).whole(header)).toString('latin1');
}

test('fields as they stand, with folding, repeated, in the order of the message', () => {
  const header = Buffer.from(
    'Received: x\r\nSUBJECT : a\r\n\tb\r\nX-Own: y\r\n z\r\nfrom:c\r\nno field\r\n goes on\r\nSubject: d\nTo: e\r\n\r\nbody',
  );
  const stored = storedHeader(new HeaderBlock(header));
  assert.ok(stored);
  assert.equal(select(stored, ['Subject', 'To']), 'SUBJECT : a\r\n\tb\r\nSubject: d\nTo: e\r\n\r\n');
  assert.equal(select(stored, []), '\r\n');
  assert.ok(!stored.includes('X-Own') && !stored.includes('Received') && !stored.includes('goes on'));
});

test('names that are not stored, and headers that do not fit', () => {
  assert.equal(wantedFields(['From', 'X-Own']), undefined);
  assert.equal(wantedFields(['Received']), undefined);
  assert.equal(storedHeader(blockOf(`To: ${'a@b, '.repeat(4000)}\r\n\r\n`)), undefined);
  assert.equal(storedHeader(blockOf('To: a\r\n'.repeat(256))), undefined);
  assert.notEqual(storedHeader(blockOf('To: a\r\n'.repeat(255))), undefined);
});

test('damaged octets give nothing', () => {
  const stored = storedHeader(blockOf('From: a\r\nTo: b\r\n\r\n'));
  assert.ok(stored);
  const wanted = wantedFields(['From', 'To']);
  assert.ok(wanted);
  for (let length = 0; length < stored.length; length++)
    assert.equal(selectFields(stored.subarray(0, length), wanted), undefined);
});

const NAMES = ['From', 'To', 'SUBJECT', 'list-id', 'Return-Path', 'X-Other'];

test('property: octet for octet what the filter gives from the header', () => {
  const piece = fc.constantFrom(
    ...NAMES.map((name) => `${name}: `),
    'From :',
    'to\t :',
    ':',
    '\r\n',
    '\n',
    '\r',
    '\r\n ',
    '\n\t',
    ' ',
    'x',
    '\xe4',
    '\0',
    '\r\n\r\n',
  );
  const header = fc.array(piece, { maxLength: 40 }).map((pieces) => Buffer.from(pieces.join(''), 'latin1'));
  const names = fc.subarray(NAMES.slice(0, 5));
  fc.assert(
    fc.property(header, header, names, (bytes, second, wanted) => {
      const stored = storedHeader(new HeaderBlock(bytes));
      assert.ok(stored);
      assert.equal(select(stored, wanted), filter(bytes, wanted));
      const prefix = Buffer.from('Return-Path: <a>\r\nTo: first\r\n');
      const behind = withFieldsInFront(storedHeader(new HeaderBlock(second)), prefix);
      assert.ok(behind);
      // A line that begins with white space would go on with the prefix.
      if (!/^[ \t]/.test(second.toString('latin1')))
        assert.equal(select(behind, wanted), filter(Buffer.concat([prefix, second]), wanted));
    }),
    { numRuns: runs(500) },
  );
});

test('the headers of the corpus as Thunderbird asks for them', () => {
  const corpus = new URL('../../test/corpus/', import.meta.url);
  let stored = 0;
  for (const name of readdirSync(corpus).filter((file) => file.endsWith('.eml'))) {
    const bytes = readFileSync(new URL(name, corpus));
    const facts = analyze(bytes);
    if (facts.storedHeader === undefined) continue;
    stored++;
    for (const names of [THUNDERBIRD, ['Subject'], ['DATE', 'from', 'List-Post']])
      assert.equal(
        select(facts.storedHeader, names),
        filter(bytes.subarray(0, facts.headerBytes), names),
        name,
      );
  }
  assert.ok(stored > 20, `${stored}`);
});
