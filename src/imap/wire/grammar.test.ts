import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Cursor } from './cursor.ts';
import * as g from './grammar.ts';
import { asClientLiterals, cursorOver, faultOf, parseAll, written } from './testing.ts';

type Production = (c: Cursor) => unknown;
const text = (production: (c: Cursor) => Buffer | undefined): Production => {
  return (c) => production(c)?.toString('latin1');
};
const AT5 = 'at octet 5 of the command';

const ACCEPTED: readonly (readonly [name: string, production: Production, input: string, value: unknown])[] =
  [
    ['atom', g.atom, 'INBOX.a-b+c', 'INBOX.a-b+c'],
    ['label', (c) => g.label(c, 'x'), 'Rfc822.Size', 'RFC822.SIZE'],
    ['astring', text(g.astring), 'a]b', 'a]b'],
    ['astring', text(g.astring), 'NIL', 'NIL'],
    ['astring', text(g.astring), '"a b"', 'a b'],
    ['astring', text(g.astring), '{3+}\r\na\r\n', 'a\r\n'],
    ['string', text(g.string), '""', ''],
    ['string', text(g.string), '{0+}\r\n', ''],
    ['quoted', text(g.quoted), '"a\\"b\\\\c"', 'a"b\\c'],
    ['quoted', text(g.quoted), '"\\\\\\""', '\\"'],
    ['quoted, raw UTF-8', text(g.quoted), '"gr\u00fc\u00df"', 'gr\u00c3\u00bc\u00c3\u009f'],
    ['nstring', text(g.nstring), 'nil', undefined],
    ['nstring', text(g.nstring), '"NIL"', 'NIL'],
    ['number', g.number, '0', 0],
    ['number', g.number, '4294967295', 4294967295],
    ['number', g.number, '007', 7],
    ['nzNumber', g.nzNumber, '1', 1],
    ['number64', g.number64, '9007199254740991', Number.MAX_SAFE_INTEGER],
    ['number64, held at the bound', g.number64, '9223372036854775807', Number.MAX_SAFE_INTEGER],
    ['modSequenceValue (iOS sends 0)', g.modSequenceValue, '0', 0],
    ['base64', g.base64, 'AGpvZQ==', 'AGpvZQ=='],
    ['list', (c) => g.list(c, g.atom), '()', []],
    ['list', (c) => g.list(c, g.atom), '(a b)', ['a', 'b']],
    ['nonEmptyList', (c) => g.nonEmptyList(c, g.atom), '(a)', ['a']],
    ['trailing space', g.atom, 'a ', 'a'],
  ];

const REFUSED: readonly (readonly [name: string, production: Production, input: string, message: string])[] =
  [
    ['atom', g.atom, '', 'BAD Expected an atom at the end of the command'],
    ['atom', g.atom, ']', `BAD Expected an atom instead of ] ${AT5}`],
    [
      'atom',
      g.atom,
      'a b',
      'BAD Expected the end of the command instead of a space at octet 6 of the command',
    ],
    [
      'atom',
      g.atom,
      'a  ',
      'BAD Expected the end of the command instead of a space at octet 6 of the command',
    ],
    ['astring', g.astring, '(', `BAD Expected a string instead of ( ${AT5}`],
    ['astring', g.astring, 'a\0b', 'BAD Expected the end of the command at octet 6 of the command'],
    ['astring', g.astring, '\u00fc', `BAD Expected a string ${AT5}`],
    ['astring, literal8', g.astring, '~{1+}\r\na', `BAD Expected a string instead of a literal ${AT5}`],
    ['string', g.string, 'abc', `BAD Expected a quoted string or literal ${AT5}`],
    ['quoted', g.quoted, '"abc', 'BAD Expected the closing quote of a string at the end of the command'],
    [
      'quoted',
      g.quoted,
      '"a\\bc"',
      'BAD Expected " or \\ behind a backslash in a quoted string at octet 8 of the command',
    ],
    [
      'quoted',
      g.quoted,
      '"a\rb"',
      'BAD Expected no control character in a quoted string at octet 7 of the command',
    ],
    [
      'quoted',
      g.quoted,
      '"a\0b"',
      'BAD Expected no control character in a quoted string at octet 7 of the command',
    ],
    [
      'quoted across a literal',
      g.quoted,
      '"a{1+}\r\nb"',
      'BAD Expected the closing quote of a string instead of a literal at octet 7 of the command',
    ],
    ['literal', g.literal, '{3+}\r\na\0b', 'BAD A literal must not hold NUL unless announced as ~{}'],
    ['nstring', g.nstring, 'NILS', `BAD Expected a string or NIL ${AT5}`],
    ['number', g.number, '-1', `BAD Expected a number ${AT5}`],
    ['number', g.number, '4294967296', 'BAD Number is beyond 32 bits'],
    ['number', g.number, '9'.repeat(1000), 'BAD Number has too many digits'],
    ['nzNumber', g.nzNumber, '0', `BAD Expected a number above zero ${AT5}`],
    ['number64', g.number64, '9223372036854775808', 'BAD Number is beyond 63 bits'],
    ['base64', g.base64, '*', `BAD Expected base64 instead of * ${AT5}`],
    ['list', (c) => g.list(c, g.atom), '(a', 'BAD Expected a space or ) at the end of the command'],
    ['list', (c) => g.list(c, g.atom), '(a )', 'BAD Expected an atom instead of ) at octet 8 of the command'],
    [
      'nonEmptyList',
      (c) => g.nonEmptyList(c, g.atom),
      '()',
      `BAD Expected a list that is not empty instead of ( ${AT5}`,
    ],
  ];

describe('grammar', () => {
  for (const [name, production, input, value] of ACCEPTED) {
    it(`${name} takes ${JSON.stringify(input)}`, () => assert.deepEqual(parseAll(input, production), value));
  }
  for (const [name, production, input, message] of REFUSED) {
    it(`${name} refuses ${JSON.stringify(input.slice(0, 40))}`, () => {
      assert.equal(faultOf(input, production), message);
    });
  }

  it('maybe-productions leave the cursor where it was', () => {
    const maybes: Production[] = [g.maybeAtom, g.maybeAstring, g.maybeString, g.maybeQuoted, g.maybeLiteral];
    for (const production of [...maybes, g.maybeNumber, g.maybeNzNumber, g.maybeNumber64]) {
      const c = cursorOver(')');
      const mark = c.mark();
      assert.equal(production(c), undefined);
      assert.equal(c.mark(), mark);
    }
  });

  it('stops deep nesting before the stack does', () => {
    const deep = (c: Cursor): unknown => g.maybeList(c, deep) ?? g.atom(c);
    assert.equal(faultOf('('.repeat(10_000), deep), 'BAD Parentheses are nested too deeply');
    assert.equal(faultOf(`${'('.repeat(50)}a${')'.repeat(50)}`, deep), 'accepted');
  });

  it('reads back every string the writer writes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.boolean(), (octets, isUtf8) => {
        const bytes = Buffer.from(octets.filter((octet) => octet !== 0));
        const wire = asClientLiterals(written((w) => w.string(bytes), isUtf8));
        assert.deepEqual(parseAll(wire, g.string), bytes);
        const name = bytes.toString('utf8');
        const again = parseAll(asClientLiterals(written((w) => w.astring(name), isUtf8)), g.astring);
        assert.equal(again.toString('utf8'), name);
      }),
    );
  });
});
