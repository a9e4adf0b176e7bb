import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Cursor } from './cursor.ts';
import { parseFetchAtts } from './fetch-items.ts';
import { keyword } from './grammar.ts';
import { type KeywordSyntax, keywordTable } from './keyword-table.ts';
import { binaryRequest, maybeSectionRequest, sectionBinary, sectionRequest } from './section.ts';
import { faultOf, parseAll } from './testing.ts';

const NAMES = ['UID', 'FLAGS', 'INTERNALDATE', 'RFC822.SIZE', 'ENVELOPE', 'BODYSTRUCTURE', 'MODSEQ'];
const ROWS: readonly KeywordSyntax[] = [
  ...NAMES.map((name) => ({ name })),
  { name: 'BODY', parse: maybeSectionRequest },
  { name: 'BODY.PEEK', parse: sectionRequest },
  { name: 'BINARY.PEEK', parse: binaryRequest },
  { name: 'BINARY.SIZE', parse: sectionBinary },
  {
    name: 'PREVIEW',
    parse: (c) => {
      if (c.peek() !== 0x20 || c.peekAt(1) !== 0x28) return undefined;
      c.skip(2);
      keyword(c, 'LAZY');
      c.expectByte(0x29, ')');
      return 'lazy';
    },
  },
];
const table = keywordTable(ROWS);
const atts = (c: Cursor) => parseFetchAtts(c, table);
const shown = (input: string) =>
  parseAll(input, atts)
    .map(({ item, args }) => (args === undefined ? item.name : `${item.name} ${JSON.stringify(args)}`))
    .join('; ');

const ACCEPTED: readonly (readonly [string, string])[] = [
  ['FLAGS', 'FLAGS'],
  ['(uid flags UID)', 'UID; FLAGS'],
  ['ALL', 'FLAGS; INTERNALDATE; RFC822.SIZE; ENVELOPE'],
  ['fast', 'FLAGS; INTERNALDATE; RFC822.SIZE'],
  ['FULL', 'FLAGS; INTERNALDATE; RFC822.SIZE; ENVELOPE; BODY'],
  ['BODY', 'BODY'],
  ['BODY[]', 'BODY {"section":{"path":[],"kind":"all"}}'],
  [
    '(BODY BODY.PEEK[1] PREVIEW (LAZY) UID)',
    'BODY; BODY.PEEK {"section":{"path":[1],"kind":"all"}}; PREVIEW "lazy"; UID',
  ],
  ['(PREVIEW UID)', 'PREVIEW; UID'],
  [
    '(BINARY.PEEK[2]<0.4> BINARY.SIZE[2])',
    'BINARY.PEEK {"path":[2],"partial":{"offset":0,"length":4}}; BINARY.SIZE [2]',
  ],
];

const REFUSED: readonly (readonly [string, string])[] = [
  ['', 'BAD Expected a FETCH attribute at the end of the command'],
  ['()', 'BAD Expected a list that is not empty instead of ( at octet 5 of the command'],
  ['(ALL)', 'BAD Unknown FETCH attribute ALL'],
  ['FLAGS UID', 'BAD Expected the end of the command instead of a space at octet 10 of the command'],
  ['NONSENSE', 'BAD Unknown FETCH attribute NONSENSE'],
  ['x'.repeat(1000), `BAD Unknown FETCH attribute ${'X'.repeat(40)}`],
  ['FLAGS[]', 'BAD Expected the end of the command instead of [ at octet 10 of the command'],
  ['BODY.PEEK', 'BAD Expected [ at the end of the command'],
  [`(${'BODY[] '.repeat(500)}UID)`, 'BAD [LIMIT] Too many FETCH attributes'],
];

describe('FETCH attributes', () => {
  for (const [input, expected] of ACCEPTED) it(`takes ${input}`, () => assert.equal(shown(input), expected));
  for (const [input, message] of REFUSED) {
    it(`refuses ${input.slice(0, 30)}`, () => assert.equal(faultOf(input, atts), message));
  }
  it('gives back the row itself, which carries the meaning', () => {
    assert.equal(parseAll('UID', atts)[0]?.item, ROWS[0]);
  });
  it('refuses a table with a name twice or not in capitals', () => {
    assert.throws(() => keywordTable([{ name: 'A' }, { name: 'A' }]), /registered twice/);
    assert.throws(() => keywordTable([{ name: 'a' }]), /capitals/);
  });
});
