import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FLAG } from '../../mail/flags.ts';
import { enableList, idParams, quotaLimits, specialUse } from './account-args.ts';
import { type AppendData, appendArgs } from './append-args.ts';
import type { Cursor } from './cursor.ts';
import { sp } from './grammar.ts';
import { argsOf, hasItem, keywordTable, maybeSpOptionList } from './keyword-table.ts';
import { labelList } from './labels.ts';
import { type ListSelectionSyntax, listArgs, lsubArgs, statusItems } from './list-args.ts';
import { mailbox } from './mailbox.ts';
import { qresyncParams, spModSequence } from './modifiers.ts';
import { storeArgs } from './store-args.ts';
import { cursorOver, faultOf, parseAll } from './testing.ts';
import { wishesToEnd } from './wish-args.ts';

/** Productions that begin at the space behind the command's name. */
const afterSpace = <T>(production: (c: Cursor) => T) => {
  return (c: Cursor): T => {
    c.skip(-1);
    return production(c);
  };
};
const at = (octet: number) => `at octet ${octet} of the command`;

describe('wishes (RFC 5255)', () => {
  const accepted: readonly (readonly [string, readonly string[]])[] = [
    ['', []],
    [' ', []],
    [' DE', ['de']],
    [' "cz;*" i;basic', ['cz;*', 'i;basic']],
    [' fr-CA {5+}\r\nen-CA ', ['fr-ca', 'en-ca']],
  ];
  for (const [input, expected] of accepted)
    it(`takes ${input}`, () => assert.deepEqual(parseAll(input, wishesToEnd), expected));
  const refused: readonly (readonly [string, string])[] = [
    [' ""', 'BAD This is no choice'],
    [` ${'x'.repeat(255)}`, 'BAD This is no choice'],
    [' x'.repeat(51), 'BAD [LIMIT] Too many choices'],
    [' (x)', `BAD Expected a string instead of ( ${at(6)}`],
  ];
  for (const [input, message] of refused)
    it(`refuses ${input.slice(0, 20)}`, () => assert.equal(faultOf(input, wishesToEnd), message));
});

describe('SELECT parameters (RFC 7162)', () => {
  const CONDSTORE = { name: 'CONDSTORE' };
  const QRESYNC = { name: 'QRESYNC', parse: qresyncParams };
  const table = keywordTable([CONDSTORE, QRESYNC]);
  const select = (c: Cursor) => {
    const name = mailbox(c);
    const params = maybeSpOptionList(c, table, 'SELECT parameter');
    return { name, isCondstore: hasItem(params, CONDSTORE), qresync: argsOf(params, QRESYNC) };
  };
  const shown = (input: string) => {
    const { name, isCondstore, qresync } = parseAll(input, select);
    const match = qresync?.seqMatch === undefined ? '' : ` ${qresync.seqMatch.seqs}=${qresync.seqMatch.uids}`;
    const known =
      qresync === undefined ? '' : ` ${qresync.uidValidity} ${qresync.modSeq} ${qresync.knownUids}${match}`;
    return `${name}${isCondstore ? ' CONDSTORE' : ''}${known}`;
  };
  const accepted: readonly (readonly [string, string])[] = [
    ['INBOX', 'INBOX'],
    ['INBOX ', 'INBOX'],
    ['INBOX (CONDSTORE)', 'INBOX CONDSTORE'],
    ['INBOX (QRESYNC (67890007 20050715194045000))', 'INBOX 67890007 9007199254740991 undefined'],
    ['INBOX (QRESYNC (67890007 90 41,43:211) condstore)', 'INBOX CONDSTORE 67890007 90 41,43:211'],
    [
      'INBOX (QRESYNC (1 2 1:29997 (5000,7500,9000:9002 15000,22500,27000:27002)))',
      'INBOX 1 2 1:29997 5000,7500,9000:9002=15000,22500,27000:27002',
    ],
    ['INBOX (QRESYNC (1 2 (1 2)))', 'INBOX 1 2 undefined 1=2'],
  ];
  for (const [input, expected] of accepted) it(`takes ${input}`, () => assert.equal(shown(input), expected));
  const refused: readonly (readonly [string, string])[] = [
    ['INBOX (FOO)', 'BAD Unknown SELECT parameter FOO'],
    ['INBOX (QRESYNC)', `BAD Expected a space instead of ) ${at(19)}`],
    ['INBOX (QRESYNC (0 1))', `BAD Expected a number above zero ${at(21)}`],
    ['INBOX (QRESYNC (1 2 1:*))', 'BAD Neither * nor $ is allowed in this set'],
    ['INBOX (QRESYNC (1 2 (1:3 4:5)))', 'BAD Sequence numbers and UIDs do not match in number'],
    ['INBOX (QRESYNC (1 2) QRESYNC (1 2))', 'BAD QRESYNC is given twice'],
    ['INBOX(CONDSTORE)', `BAD Expected the end of the command instead of ( ${at(10)}`],
  ];
  for (const [input, message] of refused)
    it(`refuses ${input}`, () => assert.equal(faultOf(input, select), message));
});

describe('STORE', () => {
  const UNCHANGED = { name: 'UNCHANGEDSINCE', parse: spModSequence };
  const LABELS = {
    name: 'X-GM-LABELS',
    parse: (c: Cursor) => {
      sp(c);
      return labelList(c);
    },
  };
  const store = afterSpace((c) => storeArgs(c, keywordTable([UNCHANGED]), keywordTable([LABELS])));
  it('reads action, silence, flags and modifiers', () => {
    assert.deepEqual(parseAll('FLAGS ()', store), {
      modifiers: [],
      action: 'replace',
      isSilent: false,
      data: { bits: 0, keywords: [] },
    });
    const full = parseAll('(UNCHANGEDSINCE 12) +flags.silent (\\Seen x)', store);
    assert.deepEqual(full, {
      modifiers: [{ item: UNCHANGED, args: 12 }],
      action: 'add',
      isSilent: true,
      data: { bits: FLAG.Seen, keywords: ['x'] },
    });
    assert.equal(parseAll('-FLAGS \\Seen \\Draft', store).action, 'remove');
  });
  it('reads labels: names as those of mailboxes, and those of the system bare or in quotes', () => {
    const { action, isSilent, data } = parseAll(
      '-x-gm-labels.silent (\\inbox "\\\\Starred" &AOQ- Inbox)',
      store,
    );
    assert.deepEqual(
      { action, isSilent, data },
      {
        action: 'remove',
        isSilent: true,
        data: {
          item: LABELS,
          args: [
            { kind: 'system', label: 'inbox' },
            { kind: 'system', label: 'starred' },
            { kind: 'mailbox', name: 'ä' },
            { kind: 'mailbox', name: 'INBOX' },
          ],
        },
      },
    );
    assert.equal(faultOf('X-GM-LABELS (\\Boring)', store), 'NO [CANNOT] Unknown system label');
    assert.equal(faultOf(`X-GM-LABELS (${'a '.repeat(100)}a)`, store), 'BAD [LIMIT] Too many labels');
  });
  it('refuses what is none of it', () => {
    assert.equal(faultOf('+FLAG (x)', store), `BAD Expected FLAGS, +FLAGS or -FLAGS ${at(6)}`);
    assert.equal(faultOf('+X-GM-LABEL x', store), `BAD Expected FLAGS, +FLAGS or -FLAGS ${at(6)}`);
    assert.equal(faultOf('FLAGS', store), 'BAD Expected a space at the end of the command');
    assert.equal(faultOf('(FOO) FLAGS x', store), 'BAD Unknown STORE modifier FOO');
  });
});

describe('LIST (RFC 5258, RFC 5819)', () => {
  const items = keywordTable(['MESSAGES', 'UNSEEN', 'SIZE'].map((name) => ({ name })));
  const STATUS = { name: 'STATUS', parse: (c: Cursor) => statusItems(c, items).map(({ name }) => name) };
  const selection = keywordTable<ListSelectionSyntax>([
    { name: 'SUBSCRIBED', role: 'base' },
    { name: 'SPECIAL-USE', role: 'base' },
    { name: 'REMOTE', role: 'independent' },
    { name: 'RECURSIVEMATCH', role: 'modifier' },
  ]);
  const returns = keywordTable([
    { name: 'SUBSCRIBED' },
    { name: 'CHILDREN' },
    { name: 'SPECIAL-USE' },
    STATUS,
  ]);
  const list = afterSpace((c) => listArgs(c, { selection, returns }));
  const shown = (input: string) => {
    const args = parseAll(input, list);
    const names = (parsed: readonly { item: { name: string }; args: unknown }[]) =>
      parsed.map(({ item, args }) => (args === undefined ? item.name : `${item.name}=${args}`)).join('+');
    const how = args.isExtended ? 'extended' : 'plain';
    return `${how} [${names(args.selection)}] ${args.reference}|${args.patterns.join('|')} [${names(args.returns)}]`;
  };
  const accepted: readonly (readonly [string, string])[] = [
    ['"" "*"', 'plain [] |* []'],
    ['"" ""', 'plain [] | []'],
    ['() "" *', 'extended [] |* []'],
    ['"" (INBOX Sent/%)', 'extended [] |INBOX|Sent/% []'],
    // iOS Mail.
    ['"" "*" RETURN (SPECIAL-USE STATUS (UNSEEN))', 'extended [] |* [SPECIAL-USE+STATUS=UNSEEN]'],
    // Thunderbird.
    ['(SUBSCRIBED) "" "*" RETURN (SPECIAL-USE)', 'extended [SUBSCRIBED] |* [SPECIAL-USE]'],
    ['(SUBSCRIBED RECURSIVEMATCH SUBSCRIBED) a/ % RETURN ()', 'extended [SUBSCRIBED+RECURSIVEMATCH] a/|% []'],
    [
      '"" % return (children status (messages messages size))',
      'extended [] |% [CHILDREN+STATUS=MESSAGES,SIZE]',
    ],
  ];
  for (const [input, expected] of accepted) it(`takes ${input}`, () => assert.equal(shown(input), expected));
  const refused: readonly (readonly [string, string])[] = [
    ['', 'BAD Expected a reference name at the end of the command'],
    ['""', 'BAD Expected a space at the end of the command'],
    ['(RECURSIVEMATCH) "" *', 'BAD RECURSIVEMATCH needs another selection option'],
    ['(REMOTE RECURSIVEMATCH) "" *', 'BAD RECURSIVEMATCH needs another selection option'],
    ['(CHILDREN) "" *', 'BAD Unknown LIST selection option CHILDREN'],
    ['"" * RETURN (STATUS)', `BAD Expected a space instead of ) ${at(24)}`],
    ['"" * RETURN (STATUS ())', `BAD Expected a list that is not empty instead of ( ${at(25)}`],
    ['"" * (CHILDREN)', `BAD Expected RETURN instead of ( ${at(10)}`],
    [`"" (${'a '.repeat(100)}a)`, 'BAD [LIMIT] Too many patterns'],
  ];
  for (const [input, message] of refused) {
    it(`refuses ${input.slice(0, 40)}`, () => assert.equal(faultOf(input, list), message));
  }
  it('reads LSUB and STATUS', () => {
    assert.deepEqual(parseAll('"" %', afterSpace(lsubArgs)), { reference: '', pattern: '%' });
    const status = afterSpace((c) => statusItems(c, items).map(({ name }) => name));
    assert.deepEqual(parseAll('(UNSEEN SIZE)', status), ['UNSEEN', 'SIZE']);
    assert.equal(faultOf('(UIDNEXT)', status), 'BAD Unknown STATUS item UIDNEXT');
  });
});

describe('APPEND', () => {
  const append = afterSpace(appendArgs);
  const body = (data: AppendData): string => {
    if (data.kind === 'catenate') {
      return data.parts
        .map((part) => (part.kind === 'url' ? part.url : body({ kind: 'literal', literal: part.literal })))
        .join('+');
    }
    const { literal } = data;
    return `${data.kind}:${literal.kind === 'buffered' ? literal.bytes : literal.sizeBytes}${literal.isBinary ? ' binary' : ''}`;
  };
  const shown = (input: string) => {
    const args = parseAll(input, append);
    const each = args.messages.map(({ flags, dateTime, data }) => {
      return `${flags.bits}/${flags.keywords} ${dateTime?.seconds} ${body(data)}`;
    });
    return `${args.mailbox}: ${each.join('; ')}`;
  };
  const accepted: readonly (readonly [string, string])[] = [
    ['INBOX {2+}\r\nhi', 'INBOX: 0/ undefined literal:hi'],
    ['{5+}\r\nINBOX () {2+}\r\nhi', 'INBOX: 0/ undefined literal:hi'],
    ['Sent (\\Seen \\Recent work) {2+}\r\nhi', 'Sent: 1/work undefined literal:hi'],
    ['Sent " 1-Jan-1970 00:00:05 +0000" {2+}\r\nhi', 'Sent: 0/ 5 literal:hi'],
    ['Sent (\\Draft) "01-Jan-1970 01:00:05 +0100" ~{2+}\r\nh\0', 'Sent: 16/ 5 literal:h\0 binary'],
    [
      'a {1+}\r\nx (\\Seen) {1+}\r\ny {1+}\r\nz',
      'a: 0/ undefined literal:x; 1/ undefined literal:y; 0/ undefined literal:z',
    ],
    ['a UTF8 (~{2+}\r\nhi)', 'a: 0/ undefined utf8:hi binary'],
    ['a (\\Seen) CATENATE (URL "/b;UID=1" TEXT {2+}\r\nhi)', 'a: 1/ undefined /b;UID=1+literal:hi'],
  ];
  for (const [input, expected] of accepted) {
    it(`takes ${JSON.stringify(input)}`, () => assert.equal(shown(input), expected));
  }
  const refused: readonly (readonly [string, string])[] = [
    ['INBOX', 'BAD Expected a space at the end of the command'],
    ['INBOX "hi"', `BAD Expected a day of the month ${at(12)}`],
    ['INBOX hi', `BAD Expected a literal with the message ${at(11)}`],
    ['INBOX {2+}\r\nhi{2+}\r\nho', `BAD Expected a space instead of a literal ${at(11)}`],
    ['INBOX (\\Seen){2+}\r\nho', `BAD Expected a space instead of a literal ${at(18)}`],
    ['INBOX CATENATE ()', `BAD Expected a list that is not empty instead of ( ${at(20)}`],
    ['INBOX UTF8 {2+}\r\nhi', `BAD Expected ( instead of a literal ${at(16)}`],
  ];
  for (const [input, message] of refused) {
    it(`refuses ${JSON.stringify(input)}`, () => assert.equal(faultOf(input, append), message));
  }
});

describe('small commands', () => {
  it('CREATE ... USE (RFC 6154 §3)', () => {
    assert.deepEqual(parseAll('(\\Sent \\Junk)', afterSpace(specialUse)), ['\\Sent', '\\Junk']);
    assert.deepEqual(parseAll('()', afterSpace(specialUse)), []);
    assert.equal(faultOf('(Sent)', afterSpace(specialUse)), `BAD Expected a special-use attribute ${at(6)}`);
  });
  it('ID (RFC 2971)', () => {
    const id = afterSpace((c) => Object.fromEntries(idParams(c)));
    assert.deepEqual(parseAll('NIL', id), {});
    assert.deepEqual(parseAll('()', id), {});
    assert.deepEqual(parseAll('("Name" "iPhone Mail" "version" NIL)', id), { name: 'iPhone Mail' });
    assert.deepEqual(parseAll(`("name" {5+}\r\nMutt\0 "x" "${'v'.repeat(1025)}")`.replace('\0', '!'), id), {
      name: 'Mutt!',
    });
    const pairs = (n: number) => `(${Array.from({ length: n }, (_, i) => `"k${i}" "v"`).join(' ')})`;
    assert.equal(faultOf(pairs(30), id), 'accepted');
    assert.equal(faultOf(pairs(31), id), 'BAD ID takes at most 30 pairs');
    assert.equal(faultOf('("name")', id), `BAD Expected a space instead of ) ${at(12)}`);
    assert.equal(faultOf('(name "x")', id), `BAD Expected a quoted string or literal ${at(6)}`);
  });
  it('ENABLE (RFC 5161)', () => {
    const enable = afterSpace(enableList);
    assert.deepEqual(parseAll('utf8=accept QRESYNC', enable), ['UTF8=ACCEPT', 'QRESYNC']);
    assert.deepEqual(parseAll('CONDSTORE ', enable), ['CONDSTORE']);
    assert.equal(faultOf('', enable), 'BAD Expected an atom at the end of the command');
    assert.equal(faultOf('x '.repeat(101), enable), 'BAD Too many capabilities');
  });
  it('SETQUOTA (RFC 9208 §4.1.3)', () => {
    const quota = afterSpace(quotaLimits);
    assert.deepEqual(parseAll('(STORAGE 512 message 7)', quota), [
      { resource: 'STORAGE', limit: 512 },
      { resource: 'MESSAGE', limit: 7 },
    ]);
    assert.equal(faultOf('(STORAGE)', quota), `BAD Expected a space instead of ) ${at(13)}`);
  });
  it('a cursor shows no more of a password than its place', () => {
    const c = cursorOver('secret');
    assert.throws(() => c.fail('a quoted string'), { message: `Expected a quoted string ${at(5)}` });
  });
});
