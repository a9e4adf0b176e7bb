import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Section } from '../../mail/section.ts';
import { binaryRequest, formatSection, section, sectionBinary, sectionRequest } from './section.ts';
import { faultOf, parseAll } from './testing.ts';

const SECTIONS: readonly (readonly [input: string, Section, printed?: string])[] = [
  ['[]', { path: [], kind: 'all' }],
  ['[1]', { path: [1], kind: 'all' }],
  ['[1.2.33]', { path: [1, 2, 33], kind: 'all' }],
  ['[header]', { path: [], kind: 'header' }, '[HEADER]'],
  ['[TEXT]', { path: [], kind: 'text' }],
  ['[4.2.HEADER]', { path: [4, 2], kind: 'header' }],
  ['[1.MIME]', { path: [1], kind: 'mime' }],
  ['[3.TEXT]', { path: [3], kind: 'text' }],
  ['[HEADER.FIELDS (Date From)]', { path: [], kind: 'header.fields', fields: ['Date', 'From'] }],
  ['[1.HEADER.FIELDS.NOT (X)]', { path: [1], kind: 'header.fields.not', fields: ['X'] }],
  [
    '[HEADER.FIELDS ("a b" "c\\"d" "e]" "")]',
    { path: [], kind: 'header.fields', fields: ['a b', 'c"d', 'e]', ''] },
  ],
  [
    '[HEADER.FIELDS ({4+}\r\nDate)]',
    { path: [], kind: 'header.fields', fields: ['Date'] },
    '[HEADER.FIELDS (Date)]',
  ],
];

const REFUSED: readonly (readonly [string, string])[] = [
  ['[', 'BAD Expected ] at the end of the command'],
  ['[0]', 'BAD Expected a number above zero at octet 6 of the command'],
  ['[1.]', 'BAD Expected HEADER, TEXT, MIME or a part number instead of ] at octet 8 of the command'],
  ['[1..2]', 'BAD Expected HEADER, TEXT, MIME or a part number at octet 8 of the command'],
  ['[MIME]', 'BAD Expected ] at octet 6 of the command'],
  ['[HEADERS]', 'BAD Expected ] at octet 6 of the command'],
  ['[HEADER.FIELDS ()]', 'BAD Expected a list that is not empty instead of ( at octet 20 of the command'],
  ['[HEADER.FIELDS (a\r\n', 'BAD Expected a space or ) at the end of the command'],
  ['[HEADER.FIELDS ({3+}\r\na\r\n)]', 'BAD A header field has a name of printable ASCII'],
  [`[${'1.'.repeat(200)}1]`, 'BAD Part number is too deep'],
];

describe('section', () => {
  for (const [input, expected, printed = input] of SECTIONS) {
    it(`${JSON.stringify(input)} is read and printed back`, () => {
      assert.deepEqual(parseAll(input, section), expected);
      assert.equal(formatSection(expected), printed);
      assert.deepEqual(parseAll(printed, section), expected);
    });
  }
  for (const [input, message] of REFUSED) {
    it(`refuses ${JSON.stringify(input.slice(0, 40))}`, () => assert.equal(faultOf(input, section), message));
  }

  it('reads partials', () => {
    assert.deepEqual(parseAll('[]<0.65536>', sectionRequest), {
      section: { path: [], kind: 'all' },
      partial: { offset: 0, length: 65536 },
    });
    assert.deepEqual(parseAll('[2]<9.1>', binaryRequest), { path: [2], partial: { offset: 9, length: 1 } });
    assert.deepEqual(parseAll('[]', binaryRequest), { path: [] });
    assert.equal(faultOf('[]<0.0>', sectionRequest), 'BAD A partial fetch asks for at least one octet');
    assert.equal(faultOf('[]<0>', sectionRequest), 'BAD Expected . instead of > at octet 9 of the command');
    assert.equal(faultOf('[TEXT]', sectionBinary), 'BAD Expected ] at octet 6 of the command');
    assert.equal(
      faultOf('[1.]', sectionBinary),
      'BAD Expected a part number instead of ] at octet 8 of the command',
    );
  });
});
