import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decodeModifiedUtf7, encodeModifiedUtf7 } from './modified-utf7.ts';

/** Wire form, name. */
const CANONICAL: readonly (readonly [string, string])[] = [
  ['', ''],
  ['INBOX', 'INBOX'],
  ['&-', '&'],
  ['R&-D', 'R&D'],
  ['&-&-', '&&'],
  // RFC 3501 §5.1.3
  ['~peter/mail/&U,BTFw-/&ZeVnLIqe-', '~peter/mail/台北/日本語'],
  ['Entw&APw-rfe', 'Entwürfe'],
  ['&2D3eAA-', '😀'],
  ['&AOQ-&-&APY-', 'ä&ö'],
  ['a&AAk-b', 'a\tb'],
];

const TOLERATED: readonly (readonly [string, string, string])[] = [
  ['printable ASCII in base64', '&AEE-', 'A'],
  ['two shifts in a row', '&AOQ-&APY-', 'äö'],
  ['an ampersand in base64', '&ACY-', '&'],
];

const INVALID: readonly (readonly [string, string])[] = [
  ['a stray ampersand', 'R&D'],
  ['a shift without end', '&AOQ'],
  ['not base64', '&A!Q-'],
  ['/ instead of ,', '&U/BTFw-'],
  ['padding', '&AOQ=-'],
  ['bits left over', '&AOR-'],
  ['a sextet left over', '&AOQA-'],
  ['half a unit', '&AA-'],
  ['a high surrogate alone', '&2D0-'],
  ['a low surrogate alone', '&3gA-'],
  ['8-bit', 'gr\u00fcn'],
  ['DEL', 'a\x7f'],
];

describe('modified UTF-7', () => {
  for (const [wire, name] of CANONICAL) {
    it(`${JSON.stringify(wire)} is ${JSON.stringify(name)}`, () => {
      assert.equal(decodeModifiedUtf7(wire), name);
      assert.equal(encodeModifiedUtf7(name), wire);
    });
  }
  for (const [what, wire, name] of TOLERATED) {
    it(`takes ${what}`, () => assert.equal(decodeModifiedUtf7(wire), name));
  }
  for (const [what, wire] of INVALID) {
    it(`refuses ${what}`, () => assert.equal(decodeModifiedUtf7(wire), undefined));
  }

  it('brings every well-formed name back, in printable ASCII', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (name) => {
        const wire = encodeModifiedUtf7(name);
        assert.match(wire, /^[\x20-\x7e]*$/);
        assert.equal(decodeModifiedUtf7(wire), name);
      }),
    );
  });

  it('decodes or refuses anything, and what it decodes has one canonical form', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[&A-Za-z,+/=-]{0,30}$/), (wire) => {
        const name = decodeModifiedUtf7(wire);
        if (name !== undefined) assert.equal(decodeModifiedUtf7(encodeModifiedUtf7(name)), name);
      }),
    );
  });
});
