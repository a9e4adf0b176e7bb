import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { FLAG } from '../../mail/flags.ts';
import type { Cursor } from './cursor.ts';
import { date } from './date.ts';
import { astring, sp } from './grammar.ts';
import { keywordTable } from './keyword-table.ts';
import { NumSet } from './numset.ts';
import { maybeSearchReturn, searchProgram } from './search-keys.ts';
import { MAX_SEARCH_DEPTH, type SearchKey, type SearchKeySyntax } from './search-tree.ts';
import { faultOf, parseAll } from './testing.ts';

const SAVED_BEFORE: SearchKeySyntax = {
  name: 'SAVEDBEFORE',
  parse: (c) => {
    sp(c);
    return date(c);
  },
};
const EMAIL_ID: SearchKeySyntax = {
  name: 'EMAILID',
  parse: (c) => {
    sp(c);
    return astring(c).toString('latin1');
  },
};
const FUZZY: SearchKeySyntax = { name: 'FUZZY', takesKey: true };
const table = new Map([SAVED_BEFORE, EMAIL_ID, FUZZY].map((row) => [row.name, row]));
const program = (c: Cursor) => searchProgram(c, table);
const keyOf = (input: string | Buffer) => parseAll(input, program).key;

const seen: SearchKey = { kind: 'flag', bit: FLAG.Seen, isSet: true };
const unseen: SearchKey = { kind: 'flag', bit: FLAG.Seen, isSet: false };
const undeleted: SearchKey = { kind: 'flag', bit: FLAG.Deleted, isSet: false };
const all: SearchKey = { kind: 'all' };
const day = { year: 2024, month: 2, day: 1 };
const from = (value: string): SearchKey => ({ kind: 'field', field: 'from', value });

const ACCEPTED: readonly (readonly [input: string, SearchKey])[] = [
  ['ALL', all],
  ['all ', all],
  ['UNSEEN', unseen],
  // Apple Mail's first question.
  [
    '1:* NOT DELETED',
    {
      kind: 'and',
      keys: [
        { kind: 'seq-set', set: NumSet.of('seq', [[1, 2 ** 32]]) },
        { kind: 'not', key: { kind: 'flag', bit: FLAG.Deleted, isSet: true } },
      ],
    },
  ],
  ['UID 10:*', { kind: 'uid-set', set: NumSet.of('uid', [[10, 2 ** 32]]) }],
  ['$', { kind: 'saved' }],
  ['UID $', { kind: 'saved' }],
  ['KEYWORD $forwarded', { kind: 'keyword', name: '$Forwarded', isSet: true }],
  ['UNKEYWORD x', { kind: 'keyword', name: 'x', isSet: false }],
  ['NEW', { kind: 'and', keys: [{ kind: 'recent', isSet: true }, unseen] }],
  ['OLD', { kind: 'recent', isSet: false }],
  ['SUBJECT "a b"', { kind: 'field', field: 'subject', value: 'a b' }],
  ['BODY {3+}\r\nabc', { kind: 'body', value: 'abc' }],
  ['TEXT NIL', { kind: 'text', value: 'NIL' }],
  ['HEADER Message-ID <a@b>', { kind: 'header', name: 'Message-ID', value: '<a@b>' }],
  ['HEADER X-Spam ""', { kind: 'header', name: 'X-Spam', value: '' }],
  ['BEFORE 1-Feb-2024', { kind: 'internal-date', relation: 'before', day }],
  ['SENTSINCE "1-Feb-2024"', { kind: 'sent-date', relation: 'since', day }],
  ['LARGER 5000000000', { kind: 'size', relation: 'larger', sizeBytes: 5_000_000_000 }],
  ['YOUNGER 259200', { kind: 'within', relation: 'younger', seconds: 259_200 }],
  ['MODSEQ 0', { kind: 'modseq', atLeast: 0 }],
  [
    'MODSEQ "/flags/\\\\draft" all 620162338',
    { kind: 'modseq', atLeast: 620162338, entry: { name: '/flags/\\draft', type: 'all' } },
  ],
  ['SAVEDBEFORE 1-Feb-2024', { kind: 'extension', item: SAVED_BEFORE, args: day }],
  [
    'FUZZY SUBJECT x SEEN',
    {
      kind: 'and',
      keys: [
        {
          kind: 'extension',
          item: FUZZY,
          args: undefined,
          key: { kind: 'field', field: 'subject', value: 'x' },
        },
        seen,
      ],
    },
  ],
  ['OR SEEN FROM a', { kind: 'or', keys: [seen, from('a')] }],
  ['OR FROM a OR FROM b OR FROM c FROM d', { kind: 'or', keys: ['a', 'b', 'c', 'd'].map(from) }],
  ['OR OR FROM a FROM b OR FROM c FROM d', { kind: 'or', keys: ['a', 'b', 'c', 'd'].map(from) }],
  ['OR (SEEN ALL) FROM b', { kind: 'or', keys: [{ kind: 'and', keys: [seen, all] }, from('b')] }],
  ['(((SEEN)))', seen],
  ['(SEEN (ALL UNDELETED))', { kind: 'and', keys: [seen, all, undeleted] }],
  ['NOT NOT SEEN', seen],
  ['NOT (SEEN ALL)', { kind: 'not', key: { kind: 'and', keys: [seen, all] } }],
  ['CHARSET utf-8 SUBJECT "grün"', { kind: 'field', field: 'subject', value: 'grün' }],
  ['CHARSET "UTF-8" ALL', all],
  // Thunderbird for Android sends UTF-8 without saying so.
  ['SUBJECT "日本"', { kind: 'field', field: 'subject', value: '日本' }],
];

const REFUSED: readonly (readonly [input: string, message: string])[] = [
  ['', 'BAD Expected a search key at the end of the command'],
  ['NONSENSE', 'BAD Unknown search key NONSENSE'],
  ['NOT', 'BAD Expected a space at the end of the command'],
  ['OR SEEN', 'BAD Expected a space at the end of the command'],
  ['()', 'BAD Expected a search key instead of ) at octet 6 of the command'],
  ['(SEEN', 'BAD Expected a space at the end of the command'],
  ['SEEN)', 'BAD Expected the end of the command instead of ) at octet 9 of the command'],
  ['SEEN  ALL', 'BAD Expected a search key instead of a space at octet 10 of the command'],
  ['SEEN(ALL)', 'BAD Expected the end of the command instead of ( at octet 9 of the command'],
  ['ON yesterday', 'BAD Expected a day of the month at octet 8 of the command'],
  ['LARGER -1', 'BAD Expected a number at octet 12 of the command'],
  ['OLDER 0', 'BAD Expected a number above zero at octet 11 of the command'],
  ['MODSEQ "/x/y" all 1', 'BAD A MODSEQ entry begins with /flags/'],
  ['MODSEQ "/flags/x" any 1', 'BAD Expected priv, shared or all at octet 23 of the command'],
  ['CHARSET klingon ALL', 'NO [BADCHARSET] Charset is not known here'],
  ['CHARSET UTF-8', 'BAD Expected a space at the end of the command'],
  ['('.repeat(10_000), 'BAD [LIMIT] Search is nested too deeply'],
  ['NOT '.repeat(10_000), 'BAD [LIMIT] Search is nested too deeply'],
  [`${'OR SEEN NOT ('.repeat(40)}ALL SEEN${')'.repeat(40)}`, 'BAD [LIMIT] Search is nested too deeply'],
  ['SEEN '.repeat(1001), 'BAD [LIMIT] Too many search keys'],
];

describe('search keys', () => {
  for (const [input, key] of ACCEPTED) {
    it(`takes ${JSON.stringify(input)}`, () => {
      assert.deepEqual(keyOf(input), key);
      assert.deepEqual(keyOf(print(key)), key, 'printed and parsed again');
    });
  }
  for (const [input, message] of REFUSED) {
    it(`refuses ${JSON.stringify(input.slice(0, 40))}`, () => assert.equal(faultOf(input, program), message));
  }

  it('takes hundreds of alternatives, as clients write them', () => {
    const ids = Array.from({ length: 500 }, (_, i) => `HEADER Message-ID "<${i}@example.com>"`);
    const key = keyOf(`${'OR '.repeat(499)}${ids.join(' ')}`);
    assert.ok(key.kind === 'or' && key.keys.length === 500);
    const chained = keyOf(ids.map((id, i) => (i < 499 ? `OR ${id}` : id)).join(' '));
    assert.deepEqual(chained, key);
  });

  it('keeps the charset it was given and decodes by it', () => {
    const input = Buffer.from('CHARSET iso-8859-1 SUBJECT "gr\xfcn"', 'latin1');
    assert.deepEqual(parseAll(input, program), {
      charset: 'ISO-8859-1',
      key: { kind: 'field', field: 'subject', value: 'grün' },
    });
    assert.equal(parseAll('ALL', program).charset, undefined);
  });

  it('reads octets that are not UTF-8 as Windows-1252 when nothing is said', () => {
    const input = Buffer.from('SUBJECT "gr\xfcn"', 'latin1');
    assert.deepEqual(keyOf(input), { kind: 'field', field: 'subject', value: 'grün' });
  });

  it('parses any tree that is printed, to the same tree', () => {
    fc.assert(
      fc.property(trees, (tree) => {
        assert.deepEqual(keyOf(print(tree)), normal(tree));
        assert.ok(depthOf(keyOf(print(tree))) <= MAX_SEARCH_DEPTH);
      }),
    );
  });

  it('reads RETURN by its table', () => {
    const returns = keywordTable([{ name: 'MIN' }, { name: 'COUNT' }, { name: 'ALL' }]);
    const names = (input: string) =>
      parseAll(`x${input}`, (c) => {
        c.skip();
        return maybeSearchReturn(c, returns)?.map(({ item }) => item.name);
      });
    assert.deepEqual(names(' RETURN (MIN count MIN)'), ['MIN', 'COUNT']);
    assert.deepEqual(names(' RETURN ()'), []);
    assert.equal(names(''), undefined);
    const fault = faultOf('x RETURN (MAX)', (c) => {
      c.skip();
      maybeSearchReturn(c, returns);
    });
    assert.equal(fault, 'BAD Unknown SEARCH return option MAX');
  });
});

const leaves: fc.Arbitrary<SearchKey> = fc.oneof(
  fc.constantFrom(all, seen, unseen, undeleted),
  fc.string({ maxLength: 5 }).map(from),
  fc.nat(99).map((seconds): SearchKey => ({ kind: 'within', relation: 'older', seconds: seconds + 1 })),
);
const trees = fc.letrec<{ tree: SearchKey }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 6 },
    leaves,
    fc.array(tie('tree'), { minLength: 2, maxLength: 3 }).map((keys): SearchKey => ({ kind: 'and', keys })),
    fc.array(tie('tree'), { minLength: 2, maxLength: 3 }).map((keys): SearchKey => ({ kind: 'or', keys })),
    tie('tree').map((key): SearchKey => ({ kind: 'not', key })),
  ),
})).tree;

/** What the parser promises: no node inside its own kind. */
function normal(key: SearchKey): SearchKey {
  if (key.kind === 'not') {
    const inner = normal(key.key);
    return inner.kind === 'not' ? inner.key : { kind: 'not', key: inner };
  }
  if (key.kind !== 'and' && key.kind !== 'or') return key;
  const keys = key.keys.map(normal).flatMap((each) => (each.kind === key.kind ? each.keys : [each]));
  return { kind: key.kind, keys };
}

function depthOf(key: SearchKey): number {
  if (key.kind === 'not') return 1 + depthOf(key.key);
  return key.kind === 'and' || key.kind === 'or' ? 1 + Math.max(...key.keys.map(depthOf)) : 0;
}

const FLAG_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(FLAG).map(([name, bit]) => [bit, name.toUpperCase()]),
);

/** The inverse of the parser, for the tests alone: a server never says a search key. */
function print(key: SearchKey): string {
  switch (key.kind) {
    case 'all':
      return 'ALL';
    case 'flag':
      return `${key.isSet ? '' : 'UN'}${FLAG_NAMES.get(key.bit)}`;
    case 'keyword':
      return `${key.isSet ? '' : 'UN'}KEYWORD ${key.name}`;
    case 'recent':
      return key.isSet ? 'RECENT' : 'OLD';
    case 'field':
      return `${key.field} ${quote(key.value)}`;
    case 'header':
      return `HEADER ${quote(key.name)} ${quote(key.value)}`;
    case 'body':
    case 'text':
      return `${key.kind} ${quote(key.value)}`;
    case 'internal-date':
    case 'sent-date':
      return `${key.kind === 'sent-date' ? 'SENT' : ''}${key.relation} ${key.day.day}-Feb-${key.day.year}`;
    case 'size':
      return `${key.relation} ${key.sizeBytes}`;
    case 'within':
      return `${key.relation} ${key.seconds}`;
    case 'modseq':
      return `MODSEQ ${key.entry ? `"${key.entry.name.replace('\\', '\\\\')}" ${key.entry.type} ` : ''}${key.atLeast}`;
    case 'seq-set':
      return String(key.set);
    case 'uid-set':
      return `UID ${key.set}`;
    case 'saved':
      return '$';
    case 'and':
      return `(${key.keys.map(print).join(' ')})`;
    case 'or':
      return key.keys
        .map((each, i) => (i < key.keys.length - 1 ? `OR ${print(each)}` : print(each)))
        .join(' ');
    case 'not':
      return `NOT ${print(key.key)}`;
    case 'extension':
      return `${key.item.name} ${key.key === undefined ? '1-Feb-2024' : print(key.key)}`;
  }
}

function quote(text: string): string {
  const bytes = Buffer.from(text);
  return `{${bytes.length}+}\r\n${text}`;
}
