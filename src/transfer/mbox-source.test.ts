import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { FLAG } from '../mail/flags.ts';
import type { Quoting } from './line-form.ts';
import { openMboxSource } from './mbox-source.ts';

const folder = mkdtempSync(join(tmpdir(), 'brevduva-mbox-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;

interface Read {
  readonly text: string;
  readonly flags: number;
  readonly keywords: readonly string[];
  readonly date: number | undefined;
}

function readMbox(
  content: string,
  quoting: Quoting = 'mboxrd',
): (Read | 'passed over' | { readonly error: string })[] {
  const path = join(folder, `m${count++}`);
  writeFileSync(path, content, 'latin1');
  const open = openMboxSource(path, { quoting }).folders[0]?.open();
  assert.ok(open);
  try {
    return open.messages.map((message) => {
      try {
        const loaded = message.load();
        if (loaded === undefined) return 'passed over';
        const text = Buffer.concat([...loaded.chunks()]).toString('latin1');
        assert.equal(Buffer.concat([...loaded.chunks()]).toString('latin1'), text, 'a second pass differs');
        return { text, flags: loaded.flags, keywords: loaded.keywords, date: loaded.internalDate };
      } catch (error) {
        return { error: (error as Error).message };
      }
    });
  } finally {
    open.close();
  }
}

const FROM = 'From alice@example.com Tue Nov  3 20:47:47 2020\n';
const SECONDS = Date.UTC(2020, 10, 3, 20, 47, 47) / 1000;
const texts = (content: string, quoting?: Quoting): unknown[] =>
  readMbox(content, quoting).map((one) => (typeof one === 'object' && 'text' in one ? one.text : one));

describe('where messages begin and end', () => {
  const rows: readonly (readonly [string, string, readonly string[]])[] = [
    ['nothing', '', []],
    ['one', `${FROM}A: b\n\nhello\n`, ['A: b\r\n\r\nhello\r\n']],
    [
      'the empty line before a separator belongs to it',
      `${FROM}A: b\n\nx\n\n${FROM}C: d\n\ny\n\n`,
      ['A: b\r\n\r\nx\r\n', 'C: d\r\n\r\ny\r\n'],
    ],
    [
      'CRLF',
      `${FROM}A: b\n\nx\n\n${FROM}C: d\n\ny\n`.replaceAll('\n', '\r\n'),
      ['A: b\r\n\r\nx\r\n', 'C: d\r\n\r\ny\r\n'],
    ],
    [
      'a sentence is no separator',
      `${FROM}A: b\n\nx\n\nFrom here on it is easy\n`,
      ['A: b\r\n\r\nx\r\n\r\nFrom here on it is easy\r\n'],
    ],
    ['no empty line before it', `${FROM}A: b\n\nx\n${FROM}y\n`, [`A: b\r\n\r\nx\r\n${FROM.trim()}\r\ny\r\n`]],
    [
      'a bare separator before a header',
      `From \nA: b\n\nx\n\nFrom \nC: d\n\ny\n`,
      ['A: b\r\n\r\nx\r\n', 'C: d\r\n\r\ny\r\n'],
    ],
    [
      'a bare separator before text is none',
      `${FROM}A: b\n\nx\n\nFrom \nno header\n`,
      ['A: b\r\n\r\nx\r\n\r\nFrom \r\nno header\r\n'],
    ],
    ['empty lines in front', `\n\n${FROM}A: b\n\nx\n`, ['A: b\r\n\r\nx\r\n']],
    ['no line end at the end', `${FROM}A: b\n\nx`, ['A: b\r\n\r\nx']],
    [
      'a zone in the separator',
      `From a@example.com Tue Nov 03 20:47:47 +0100 2020\nA: b\n\nx\n`,
      ['A: b\r\n\r\nx\r\n'],
    ],
    ['a quoted line', `${FROM}A: b\n\n>From x\n>>From y\n`, ['A: b\r\n\r\nFrom x\r\n>From y\r\n']],
    [
      'a proven length: nothing is unquoted, separators inside are text',
      `${FROM}A: b\nContent-Length: 58\n\n>From x\n\n${FROM}\n\n\n${FROM}C: d\n\ny\n`,
      [`A: b\r\n\r\n>From x\r\n\r\n${FROM.trim()}\r\n\r\n`, 'C: d\r\n\r\ny\r\n'],
    ],
    [
      'a length that is not true',
      `${FROM}A: b\nContent-Length: 3\n\nlong text\n\n${FROM}C: d\n\ny\n`,
      ['A: b\r\n\r\nlong text\r\n', 'C: d\r\n\r\ny\r\n'],
    ],
    ['a length beyond the end', `${FROM}A: b\nContent-Length: 9999999\n\nx\n`, ['A: b\r\n\r\nx\r\n']],
  ];
  for (const [name, content, expected] of rows) test(name, () => assert.deepEqual(texts(content), expected));

  const at = (separator: string, name: string): string => `${separator}\nSubject: ${name}\n\nx\n\n`;
  const heads: readonly (readonly [string, string, number | undefined])[] = [
    ['RFC 4155', 'From alice@example.com Tue Nov  3 20:47:47 2020', SECONDS],
    ['mutt, no sender', 'From Tue Nov  3 20:47:47 2020', SECONDS],
    ['procmail, two blanks', 'From alice@example.com  Tue Nov  3 20:47:47 2020', SECONDS],
    ['Google Takeout', 'From 1844567890123456789@xxx Tue Nov 03 20:47:47 +0000 2020', SECONDS],
    ['Google Takeout, another zone', 'From 1844@xxx Tue Nov 03 22:47:47 +0200 2020', SECONDS],
    ['Google Takeout without a date', 'From 1844567890123456789@xxx', undefined],
    ['Thunderbird', 'From - Tue Nov  3 20:47:47 2020', SECONDS],
    ['Thunderbird without a date', 'From - ', undefined],
    ['nothing behind it', 'From ', undefined],
    ['Evolution', 'From alice@example.com Tue Nov  3 20:47:47 2020', SECONDS],
    ['Pine, System V', 'From alice Tue Nov  3 20:47 2020', SECONDS - 47],
    ['rn', 'From alice Tue Nov  3 12:47:47 PST 2020', SECONDS],
    ['emacs', 'From alice Tue Nov  3 12:47:47 -0800 2020', SECONDS],
    ['Solaris, the zone behind the year', 'From alice Tue Nov  3 12:47:47 2020 -0800', SECONDS],
    ['a named zone behind the year', 'From alice Tue Nov  3 12:47:47 2020 PST', SECONDS],
    ['UUCP', 'From alice Tue Nov  3 20:47:47 2020 remote from example', SECONDS],
    ['Mailman', 'From alice at example.com  Tue Nov  3 20:47:47 2020', SECONDS],
    ['a name in full', 'From "Alice A. Example" <alice@example.com> Tue Nov  3 20:47:47 2020', SECONDS],
    ['a quoted local part', 'From "alice a"@example.com Tue Nov  3 20:47:47 2020', SECONDS],
    ['Eudora', 'From ???@??? Tue Nov 03 20:47:47 2020', SECONDS],
    ['Git', `From ${'0a'.repeat(20)} Tue Nov  3 20:47:47 2020`, SECONDS],
    ['RFC 5322', 'From alice@example.com Tue, 03 Nov 2020 21:47:47 +0100', SECONDS],
    ['ISO 8601', 'From alice@example.com 2020-11-03T20:47:47Z', SECONDS],
    ['a date that there is not', 'From alice@example.com Tue Nov 31 20:47:47 2020', undefined],
    ['two digits for the year', 'From alice@example.com Tue Nov  3 20:47:47 20', SECONDS],
  ];
  for (const [name, line, date] of heads) {
    test(`a separator as ${name} writes it, first and in the middle`, () => {
      const content = at(line, '1') + at(FROM.trim(), '2') + at(line, '3');
      for (const text of [content, content.replaceAll('\n', '\r\n')]) {
        const all = readMbox(text).map((one) => (typeof one === 'object' && 'text' in one ? one : undefined));
        const subjects = all.map((one) => one?.text.slice(9, 10)).sort();
        assert.deepEqual(subjects, ['1', '2', '3']);
        assert.deepEqual(all.find((one) => one?.text.startsWith('Subject: 1'))?.date, date);
      }
    });
  }
  test('one file of all of them', () => {
    const content = heads.map(([, line], i) => at(line, `${i}`)).join('');
    assert.equal(readMbox(content).length, heads.length);
  });
  test('a file that begins with a separator like no other', () => {
    assert.deepEqual(texts('From alice on some day\nSubject: x\n\nx\n'), ['Subject: x\r\n\r\nx\r\n']);
  });

  const sentences: readonly string[] = [
    'From here on it is easy',
    'From',
    'From Monday on: we are closed',
    'From Mon 3 Nov 2020 to Fri 7 Nov 2020',
    'From Tue Nov 3 20:47:47 2020 on, nothing came',
    'From what I saw it was Tue Nov  3 20:47:47 2020',
    'From alice@example.com',
    'From alice@example.com\nwith love',
    'From Alice\nPS: do not forget the keys',
    'From alice@example.com\nPS: do not forget the keys',
    'From Alice\nSubject: to change',
    'From - \nno field',
    'From 2020-11-03 on',
    'From: alice@example.com\nSubject: forwarded',
    '>From alice@example.com Tue Nov  3 20:47:47 2020\nSubject: quoted',
    ' From alice@example.com Tue Nov  3 20:47:47 2020\nSubject: indented',
    'from alice@example.com Tue Nov  3 20:47:47 2020\nSubject: small',
  ];
  for (const sentence of sentences) {
    test(`no separator: ${JSON.stringify(sentence)}`, () => {
      const content = `${FROM}Subject: s\n\nHello\n\n${sentence}\n\nBye\n\n${FROM}Subject: t\n\nx\n`;
      const text = `Subject: s\n\nHello\n\n${sentence.replace(/^>/, '')}\n\nBye\n`;
      assert.deepEqual(texts(content), [text.replaceAll('\n', '\r\n'), 'Subject: t\r\n\r\nx\r\n']);
    });
  }

  test('mboxo quotes once', () => {
    assert.deepEqual(texts(`${FROM}A: b\n\n>From x\n>>From y\n`, 'mboxo'), [
      'A: b\r\n\r\nFrom x\r\n>>From y\r\n',
    ]);
  });
  test('a file that is no mbox is refused', () => {
    assert.throws(() => readMbox('hello\n'), /does not begin with a "From " line/);
  });
  test('an empty message is reported, the others are read', () => {
    assert.deepEqual(texts(`${FROM}\n${FROM}A: b\n\nx\n`), [{ error: 'it is empty' }, 'A: b\r\n\r\nx\r\n']);
  });
  test('messages across the windows in which a file is read', () => {
    const bodies = [900_000, 1, 1_100_000, 70_000, 3_000_000].map(
      (size, i) => `N: ${i}\n\n${'x'.repeat(size)}\n`,
    );
    const read = texts(bodies.map((body) => `${FROM}${body}\n`).join(''));
    assert.equal(read.length, bodies.length);
    for (const [i, one] of read.entries()) {
      assert.ok(one === bodies[i]?.replaceAll('\n', '\r\n'), `message ${i}`);
    }
  });
});

describe('flags, keywords and dates', () => {
  const rows: readonly (readonly [string, string, number | 'passed over', readonly string[]])[] = [
    ['unread', 'Status: O\n', 0, []],
    [
      'mutt and Dovecot',
      'Status: RO\nX-Status: AFTD\nX-Keywords: $label1 Work  $forwarded\n',
      31,
      ['$label1', 'Work', '$Forwarded'],
    ],
    [
      'Thunderbird',
      'X-Mozilla-Status: 1007\nX-Mozilla-Status2: 00000000\nX-Mozilla-Keys: $label2 nonjunk   \n',
      FLAG.Seen | FLAG.Answered | FLAG.Flagged,
      ['$label2', 'nonjunk', '$Forwarded'],
    ],
    ['deleted in Thunderbird', 'X-Mozilla-Status: 0009\n', 'passed over', []],
    ['the note of an IMAP server', 'X-IMAP: 1234567890 0000000012\n', 'passed over', []],
    ['words that are no keywords', 'X-Keywords: ok bad(word \\Seen\n', 0, ['ok']],
  ];
  for (const [name, fields, flags, keywords] of rows) {
    test(name, () => {
      const [one] = readMbox(`${FROM}Subject: s\n${fields}To: t\n\nx\n`);
      if (flags === 'passed over') assert.equal(one, flags);
      else
        assert.deepEqual(one, { text: 'Subject: s\r\nTo: t\r\n\r\nx\r\n', flags, keywords, date: SECONDS });
    });
  }

  const dates: readonly (readonly [string, string, number | undefined])[] = [
    ['of the separator', `${FROM}Date: Mon, 1 Jan 2001 00:00:00 +0000\n\nx\n`, SECONDS],
    [
      'of Received, where the separator is when Thunderbird wrote it',
      `From - Tue Nov  3 20:47:47 2020\nReceived: from a by b;\n\tSun, 1 Nov 2020 10:00:00 +0100\nDate: Sat, 31 Oct 2020 00:00:00 +0000\n\nx\n`,
      Date.UTC(2020, 10, 1, 9) / 1000,
    ],
    [
      'of Date, with a bare separator',
      `From \nDate: Sat, 31 Oct 2020 00:00:00 +0000\n\nx\n`,
      Date.UTC(2020, 9, 31) / 1000,
    ],
    ['none', `From \nSubject: s\n\nx\n`, undefined],
  ];
  for (const [name, content, expected] of dates) {
    test(`date ${name}`, () => {
      const [one] = readMbox(content);
      assert.ok(typeof one === 'object' && 'date' in one);
      assert.equal(one.date, expected);
    });
  }

  test('oldest first, and a message without date behind the one before it', () => {
    const at = (year: number): string => `From a@example.com Tue Nov  3 20:47:47 ${year}\n`;
    const content = `${at(2020)}N: 3\n\n\n${at(2010)}N: 1\n\n\nFrom \nN: 2\n\n\n${at(2021)}N: 4\n\n`;
    const order = texts(content).map((text) => String(text).slice(3, 4));
    assert.deepEqual(order, ['1', '2', '3', '4']);
  });
});

test('a tree of mboxes: Thunderbird and mutt', () => {
  const root = join(folder, 'tree');
  const files: Record<string, string> = {
    Inbox: `${FROM}A: b\n\nx\n`,
    'Inbox.msf': 'index',
    'Work.sbd/2024': '',
    'Work.sbd/Deep.sbd/Er': '',
    'lists/linux.mbox': `${FROM}A: b\n\nx\n`,
    readme: 'this is no mail',
    '.hidden': 'x',
    '%2Edots%25': '',
  };
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
  const source = openMboxSource(root, { quoting: 'mboxrd' });
  const names = source.folders.map(({ name }) => name).sort();
  assert.deepEqual(names, ['.dots%', 'Inbox', 'Work/2024', 'Work/Deep/Er', 'lists/linux']);
  assert.deepEqual(source.skipped, [
    { where: join(root, 'readme'), why: 'it does not begin with a "From " line: not an mbox' },
  ]);
});

test('what is no file is named and passed over: links to nothing, in a circle, pipes, devices', () => {
  const root = join(folder, 'odd');
  mkdirSync(join(root, 'below'), { recursive: true });
  writeFileSync(join(root, 'Inbox'), `${FROM}A: b\n\nx\n`);
  writeFileSync(join(root, 'below', 'Work'), `${FROM}A: b\n\nx\n`);
  symlinkSync('nowhere', join(root, 'dangling'));
  symlinkSync('circle', join(root, 'circle'));
  symlinkSync('Inbox', join(root, 'linked'));
  symlinkSync('/dev/zero', join(root, 'endless'));
  execFileSync('mkfifo', [join(root, 'below', 'pipe')]);
  const source = openMboxSource(root, { quoting: 'mboxrd' });
  assert.deepEqual(source.folders.map(({ name }) => name).sort(), ['Inbox', 'below/Work', 'linked']);
  assert.deepEqual(
    source.skipped.map(({ where, why }) => [where.slice(root.length + 1), why]),
    [
      ['below/pipe', 'it is neither a file nor a folder'],
      ['circle', 'it is a link to nothing'],
      ['dangling', 'it is a link to nothing'],
      ['endless', 'it is neither a file nor a folder'],
    ],
  );
  const alone = openMboxSource(join(root, 'below', 'pipe'), { quoting: 'mboxrd' });
  assert.deepEqual(alone.folders, []);
  assert.equal(alone.skipped[0]?.why, 'it is neither a file nor a folder');
});

test('links are followed within what is imported, once, and not out of it', () => {
  const root = join(folder, 'linked');
  const at = (name: string) => join(root, name);
  for (const name of ['a', 'b', '.kept']) mkdirSync(at(name), { recursive: true });
  writeFileSync(join(folder, 'private'), `${FROM}A: b\n\nnot yours\n`);
  writeFileSync(at('a/work'), `${FROM}A: b\n\nx\n`);
  writeFileSync(at('.kept/old'), `${FROM}A: b\n\ny\n`);
  symlinkSync('../private', at('stolen'));
  symlinkSync('..', at('above'));
  symlinkSync('../a', at('a/self'));
  symlinkSync('../b', at('a/b'));
  symlinkSync('../a', at('b/a'));
  symlinkSync('.kept/old', at('old'));
  const { folders, skipped } = openMboxSource(root, { quoting: 'mboxrd' });
  assert.deepEqual(
    folders.map(({ name }) => name),
    ['a/work', 'b/a/work', 'old'],
  );
  const out = 'it is a link that leads out of what is imported; import what it leads to by itself';
  const nested = 'it is a link in a folder that a link led to';
  assert.deepEqual(skipped, [
    { where: at('a/b/a'), why: nested },
    { where: at('a/self'), why: 'it is a link to a folder that it stands in' },
    { where: at('above'), why: out },
    { where: at('b/a/b'), why: nested },
    { where: at('b/a/self'), why: 'it is a link to a folder that it stands in' },
    { where: at('stolen'), why: out },
  ]);
});
