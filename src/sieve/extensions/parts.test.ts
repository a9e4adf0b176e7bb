import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { done, holds, MESSAGE, run, type Situation } from '../../../test/kit/sieve.ts';
import { analyze } from '../../mail/message.ts';
import { compileScript } from '../sieve.ts';

/** RFC 5173 §5.2, with a part in base64 and one in another charset besides. */
const NESTED = [
  'From: Whomever <w@example.org>',
  'To: Someone <s@example.org>',
  'Subject: whatever',
  'MIME-Version: 1.0',
  'Content-Type: multipart/mixed; boundary=outer',
  '',
  'This is a multi-part message in MIME format.',
  '',
  '--outer',
  'Content-Type: multipart/alternative; boundary=inner',
  '',
  'This is a nested multi-part message in MIME format.',
  '',
  '--inner',
  'Content-Type: text/plain; charset="us-ascii"',
  '',
  'Hello',
  '',
  '--inner',
  'Content-Type: text/html; charset="us-ascii"',
  '',
  '<html><style>p{}</style><body><p>Good &amp; <b>day</b></p></body></html>',
  '',
  '--inner--',
  '',
  'This is the end of the inner MIME multipart.',
  '',
  '--outer',
  'Content-Type: message/rfc822',
  '',
  'From: Someone Else',
  'Subject: hello request',
  '',
  'Please say Hello',
  '',
  '--outer',
  'Content-Type: text/plain; charset=iso-8859-1',
  'Content-Transfer-Encoding: base64',
  'Content-From: tim@example.com',
  '',
  Buffer.from('Gr\u00fc\u00dfe aus M\u00fcnchen', 'latin1').toString('base64'),
  '--outer',
  'Content-Type: application/pdf; name="=?utf-8?q?Gr=C3=BC=C3=9Fe.pdf?="',
  "Content-Disposition: attachment; filename*0*=utf-8''very%20imp; filename*1=ortant.pdf",
  '',
  '%PDF',
  '--outer--',
  '',
  'This is the end of the outer MIME multipart.',
].join('\r\n');
const mail = NESTED;

describe('body (RFC 5173)', () => {
  const TESTS: readonly (readonly [test: string, isTrue: boolean])[] = [
    ['body :raw :contains "MIME format"', true],
    ['body :raw :contains "--outer"', true],
    ['body :raw :contains "whatever"', false],
    ['body :content "multipart" :contains "MIME"', true],
    ['body :content "multipart" :contains "--inner"', false],
    ['body :content "multipart" :contains "Hello"', false],
    ['body :content "multipart/alternative" :contains "end of the inner"', true],
    ['body :content "multipart/alternative" :contains "end of the outer"', false],
    ['body :content "text/plain" :contains "Hello"', true],
    ['body :content "text/html" :contains "<body>"', true],
    ['body :content "text" :contains "Gr\u00fc\u00dfe"', true],
    ['body :content "message/rfc822" :contains "hello request"', true],
    ['body :content "message/rfc822" :contains "Please say"', false],
    ['body :content "application/pdf" :contains ""', true],
    ['body :content "audio/mp3" :contains ""', false],
    ['body :content ["audio", ""] :contains "%PDF"', true],
    ['body :content "/plain" :contains ""', false],
    ['body :content "text/" :contains ""', false],
    ['body :content "text/plain/x" :contains ""', false],
    ['body :text :contains "Good & day"', true],
    ['body :contains "p{}"', false],
    ['body :contains "<p>"', false],
    ['body :contains "M\u00fcnchen"', true],
    ['body :contains "%PDF"', false],
    ['body :contains "aus M\u00fcnchen\r\n--outer"', false],
  ];
  for (const [text, isTrue] of TESTS) test(text, () => assert.equal(holds(text, { mail }, 'body'), isTrue));

  test('§4: a message of a header alone has no body; behind a blank line it is empty', () => {
    assert.equal(holds('body :raw :contains ""', { mail: 'Subject: x\r\n' }, 'body'), false);
    assert.equal(holds('body :raw :is ""', { mail: 'Subject: x\r\n\r\n' }, 'body'), true);
  });

  test('a label that is wrong, or none', () => {
    for (const type of ['text/plain; charset=us-ascii', 'text/plain', 'text/plain; charset=x-unknown'])
      assert.ok(
        holds(
          'body :contains "gr\u00fc\u00dfe"',
          { mail: `Content-Type: ${type}\r\n\r\ngr\u00fc\u00dfe\r\n` },
          'body',
        ),
        type,
      );
  });

  test('no more is decoded than may be', () => {
    const large = `Subject: x\r\n\r\n${'x'.repeat(11 * 1024 * 1024)}needle`;
    assert.equal(holds('body :contains "needle"', { mail: large }, 'body'), false);
  });
});

describe('parts (RFC 5703)', () => {
  const TESTS: readonly (readonly [test: string, isTrue: boolean])[] = [
    ['header :mime :type "Content-Type" "multipart"', true],
    ['header :mime :subtype "Content-Type" "mixed"', true],
    ['header :mime :contenttype "Content-Type" "multipart/mixed"', true],
    ['header :mime :contenttype "Content-Type" "text/html"', false],
    ['header :mime :anychild :contenttype "Content-Type" "text/html"', true],
    ['header :mime :anychild :subtype "Content-Type" "PDF"', true],
    ['header :mime :anychild :type "Content-Disposition" "attachment"', true],
    ['header :mime :anychild :param "filename" :contains "Content-Disposition" "important"', true],
    ['header :mime :anychild :param ["x", "name"] "Content-Type" "Gr\u00fc\u00dfe.pdf"', true],
    ['header :mime :param "boundary" "Content-Type" "outer"', true],
    ['header :mime :type "Subject" ""', true],
    ['header "Content-From" "tim@example.com"', false],
    ['address :mime :anychild :is :all "content-from" "tim@example.com"', true],
    ['address :mime :is :all "content-from" "tim@example.com"', false],
    ['exists :mime :anychild "content-transfer-encoding"', true],
    ['exists :mime "content-transfer-encoding"', false],
    [
      'header :mime :anychild :count "eq" :comparator "i;ascii-numeric" :contenttype "content-type" "7"',
      true,
    ],
  ];
  const REQUIRES = 'mime relational comparator-i;ascii-numeric';
  for (const [text, isTrue] of TESTS) test(text, () => assert.equal(holds(text, { mail }, REQUIRES), isTrue));

  test('§3: a loop goes through all parts, depth first', () => {
    const script = `require ["foreverypart", "mime", "variables", "fileinto", "mailbox", "editheader"];
      foreverypart { if header :mime :contenttype :matches "content-type" "*" { set "all" "\${all} \${1}"; } else { set "all" "\${all} -"; } }
      addheader "X-Parts" "\${all}"; keep;`;
    const expected =
      'multipart/mixed multipart/alternative text/plain text/html\r\n message/rfc822 - text/plain application/pdf';
    assert.match(editedHeader(script), new RegExp(`^X-Parts: ${expected}\r\n`));
  });

  test('§3: loops in loops, and how they are left', () => {
    const script = `require ["foreverypart", "mime", "variables", "editheader"];
      foreverypart :name "outer" {
        if header :mime :type "content-type" "multipart" {
          foreverypart { set "n" "\${n}i"; if header :mime :subtype "content-type" "html" { break; } }
          set "n" "\${n}o";
        } else { set "n" "\${n}x"; }
        if header :mime :contenttype "content-type" "message/rfc822" { break :name "outer"; }
      }
      addheader "X-N" "\${n}"; keep;`;
    assert.match(editedHeader(script), /^X-N: iiioiioxxx\r\n/);
  });

  test('§3: what a loop is for, and what it is not', () => {
    const script = `require ["mime", "foreverypart", "fileinto"];
      foreverypart { if allof (
         header :mime :param "filename" :contains "Content-Disposition" "important",
         header :mime :subtype "Content-Type" "pdf", size :over "1") { fileinto "M"; break; } }`;
    assert.equal(done(script.replace('"1"', '1'), { mail, mailboxes: ['M'] }), 'fileinto M');
    for (const [wrong, message] of [
      ['break;', /"break" outside of a "foreverypart"/],
      ['foreverypart { break :name "x"; }', /no "foreverypart" around it is named "x"/],
      ['if header :anychild "a" "b" {}', /":anychild" without ":mime"/],
      ['if header :type "a" "b" {}', /":type" without ":mime"/],
    ] as const)
      assert.throws(() => compileScript(`require ["foreverypart", "mime"]; ${wrong}`), message);
    assert.match(
      done(`require "foreverypart"; ${'foreverypart {'.repeat(5)} keep; ${'}'.repeat(5)}`, { mail: deep(6) }),
      /loops nest deeper than 4/,
    );
  });

  test('§7: text taken out, cut and changed', () => {
    const script = `require ["foreverypart", "mime", "variables", "extracttext", "editheader"];
      foreverypart { if header :mime :contenttype "content-type" "text/plain" { extracttext :upper :first 8 "t"; set "all" "\${all}|\${t}"; } }
      addheader "X-T" "\${all}"; keep;`;
    assert.match(editedHeader(script), /^X-T: =\?utf-8\?Q\?=7CHELLO_=7CGR=C3=BC=C3=9FE_AU\?=\r\n/);
    const { warnings } = compileScript('require ["variables", "extracttext"]; extracttext "t";');
    assert.match(warnings[0]?.reason ?? '', /outside of a "foreverypart"/);
  });

  test('RFC 6609 §3.5: an included script is executed at the part at hand', () => {
    const scripts = {
      'personal/look':
        'require ["mime", "include"]; if header :mime :subtype "content-type" "html" { discard; }',
    };
    const script = 'require ["include", "foreverypart"]; foreverypart { include "look"; }';
    assert.equal(done(script, { mail, scripts }), 'discard');
  });
});

describe('a message rewritten (RFC 5703 §5, §6)', () => {
  test('a part is replaced, the others stay octet for octet', () => {
    const script = `require ["foreverypart", "mime", "replace"];
      foreverypart { if header :mime :subtype "content-type" "pdf" { replace "Removed: \u00e5"; } }`;
    const text = rewritten(script);
    const at = NESTED.indexOf('Content-Type: application/pdf');
    assert.ok(text.startsWith(NESTED.slice(0, at)));
    assert.ok(text.endsWith(NESTED.slice(NESTED.indexOf('\r\n--outer--'))));
    const part = text.slice(at, text.length - (NESTED.length - NESTED.indexOf('\r\n--outer--')));
    assert.equal(
      part,
      `Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.from('Removed: \u00e5').toString('base64')}`,
    );
  });

  test('behind an edited header too, and the loop does not go into what is gone', () => {
    const script = `require ["foreverypart", "mime", "replace", "editheader", "variables"];
      addheader "X-A" "b";
      foreverypart { set "n" "\${n}x"; if header :mime :subtype "content-type" "alternative" { replace "one"; } }
      addheader "X-N" "\${n}";`;
    const text = rewritten(script);
    assert.match(text, /^X-N: xxxxxx\r\nX-A: b\r\nFrom: Whomever/);
    assert.match(
      text,
      /\r\n--outer\r\nContent-Type: text\/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\none\r\n--outer\r\nContent-Type: message/,
    );
    assert.equal(
      analyze(Buffer.from(text, 'latin1'))
        .bodyStructure.toString()
        .match(/"PLAIN"/gi)?.length,
      3,
    );
  });

  test('all of it: Subject and From are kept under other names', () => {
    const text = rewritten(
      'require "replace"; replace :subject "New \u00e5" :from "\u00c5sa <a@example.org>" "Gone";',
    );
    assert.match(
      text,
      /^Original-From: Whomever <w@example.org>\r\nTo: Someone <s@example.org>\r\nOriginal-Subject: whatever\r\n/,
    );
    assert.match(
      text,
      /\r\nSubject: =\?utf-8\?Q\?New_=C3=A5\?=\r\nFrom: =\?utf-8\?.*\?= <a@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: text\/plain/,
    );
    assert.match(text, /\r\n\r\nGone$/);
    assert.equal(text.match(/^Content-Type/gm)?.length, 1);
  });

  test('by an entity with its own header', () => {
    const text = rewritten('require "replace"; replace :mime "Content-Type: text/html\r\n\r\n<p>x</p>";');
    assert.match(text, /\r\nMIME-Version: 1.0\r\nContent-Type: text\/html\r\n\r\n<p>x<\/p>$/);
    assert.throws(
      () => compileScript('require "replace"; replace :mime :subject "x" "y";'),
      /":mime" says all of the header/,
    );
  });

  test('enclosed for the owner, not for others', () => {
    const script =
      'require ["enclose", "copy"]; enclose :subject "Attached" :headers ["From", "Date"] "See below"; redirect :copy "a@example.org";';
    const { effects } = run(script, { mail: MESSAGE });
    const [redirect, keep] = effects;
    assert.equal(redirect?.kind === 'redirect' && redirect.edition, undefined);
    assert.ok(keep?.kind === 'keep' && keep.edition?.body !== undefined);
    const text = Buffer.concat([keep.edition.header, keep.edition.body]).toString('latin1');
    assert.match(
      text,
      /^Date: Tue, 1 Apr 1997 09:06:31 -0800 \(PST\)\r\nFrom: coyote@desert.example.org\r\nSubject: Attached\r\nMIME-Version: 1.0\r\nContent-Type: multipart\/mixed/,
    );
    assert.ok(text.includes(`Content-Type: message/rfc822\r\n\r\n${MESSAGE}\r\n--`));
    assert.equal(analyze(Buffer.from(text, 'latin1')).subject, 'Attached');
  });

  test('tests see the message as it is now', () => {
    const script =
      'require ["enclose", "mime", "body"]; enclose "x"; if allof (header :mime :anychild :type "content-type" "message", header "subject" "I have a present for you", header "from" "roadrunner@acme.example.com", body :contains "x") { discard; }';
    assert.equal(done(script), 'discard');
  });
});

describe('fields added and deleted (RFC 5293)', () => {
  const hello = 'X-Hello: 1\r\nSubject: s\r\nX-Hello: 2\r\n folded\r\nx-hello: 3\r\nReceived: r\r\n\r\nbody';
  const header = (script: string): string =>
    editedHeader(`require ["editheader", "index"]; ${script}`, { mail: hello });
  const SCRIPTS: readonly (readonly [script: string, header: string])[] = [
    ['addheader "X-A" "b";', `X-A: b\r\n${hello.slice(0, -4)}`],
    ['addheader :last "X-A" "b";', `${hello.slice(0, -6)}X-A: b\r\n\r\n`],
    ['addheader "X-A" "b\r\nBcc: v@example.net";', `X-A: b Bcc: v@example.net\r\n${hello.slice(0, -4)}`],
    ['deleteheader "x-HELLO";', 'Subject: s\r\nReceived: r\r\n\r\n'],
    [
      'deleteheader :index 1 "X-Hello";',
      'Subject: s\r\nX-Hello: 2\r\n folded\r\nx-hello: 3\r\nReceived: r\r\n\r\n',
    ],
    [
      'deleteheader :index 1 :last "X-Hello";',
      'X-Hello: 1\r\nSubject: s\r\nX-Hello: 2\r\n folded\r\nReceived: r\r\n\r\n',
    ],
    [
      'deleteheader :index 1 "X-Hello"; deleteheader :index 2 "X-Hello";',
      'Subject: s\r\nX-Hello: 2\r\n folded\r\nReceived: r\r\n\r\n',
    ],
    [
      'deleteheader :contains "X-Hello" "FOLDED";',
      'X-Hello: 1\r\nSubject: s\r\nx-hello: 3\r\nReceived: r\r\n\r\n',
    ],
    [
      'deleteheader :index 1 :contains "X-Hello" "folded"; deleteheader "Subject";',
      'X-Hello: 1\r\nX-Hello: 2\r\n folded\r\nx-hello: 3\r\nReceived: r\r\n\r\n',
    ],
  ];
  for (const [script, expected] of SCRIPTS) test(script, () => assert.equal(header(script), expected));

  test('§7: what is added and deleted again changes nothing', () => {
    assert.equal(header('addheader "X-Hello" "World"; deleteheader :index 1 "X-Hello";'), hello.slice(0, -4));
  });

  test('§6: the trace stays, without an error', () => {
    const { effects, notes } = run(
      'require "editheader"; deleteheader "Received"; addheader "Auto-Submitted" "no";',
    );
    assert.equal(effects[0]?.kind === 'keep' && effects[0].edition, undefined);
    assert.equal(notes.length, 2);
  });

  test('§7: each action has the message of its moment, and tests see it', () => {
    const script = `require ["editheader", "fileinto"]; fileinto "A"; addheader "X-Hello" "World";
      if header :contains "X-Hello" "World" { fileinto "B"; }`;
    const { effects } = run(script, { mailboxes: ['A', 'B'] });
    const [a, b] = effects;
    assert.ok(a?.kind === 'fileinto' && a.edition === undefined);
    assert.ok(b?.kind === 'fileinto' && b.edition?.header.toString().startsWith('X-Hello: World\r\n'));
  });

  test('§7: a script that fails leaves the message as it came', () => {
    const { effects } = run('require ["editheader", "ihave"]; addheader "X-A" "b"; error "x";');
    assert.ok(effects[0]?.kind === 'keep' && effects[0].edition === undefined);
  });

  test('§4: long and foreign values are folded and encoded', () => {
    const text = header(
      `addheader "X-Long" "${'word '.repeat(60)}"; addheader "X-A" "${'\u00e5'.repeat(100)}";`,
    );
    for (const line of text.split('\r\n')) assert.ok(line.length <= 78, line);
    assert.ok(/^[\0-\x7f]*$/.test(text));
    assert.ok(holds(`header "x-a" "${'\u00e5'.repeat(100)}"`, { mail: text }));
    assert.ok(holds(`header "x-long" "${'word '.repeat(60).trim()}"`, { mail: text }));
  });

  test('names that no field can have, and more than may be', () => {
    assert.throws(
      () => compileScript('require "editheader"; addheader "a b" "x";'),
      /no field can be called "a b"/,
    );
    assert.throws(
      () => compileScript('require "editheader"; deleteheader "" "x";'),
      /no field can be called ""/,
    );
    assert.throws(
      () => compileScript('require "editheader"; deleteheader :last "x";'),
      /":last" without ":index"/,
    );
    assert.match(done(`require "editheader"; ${'addheader "a" "b";'.repeat(129)}`), /more than 128 fields/);
  });
});

/** The header of what is kept. */
function editedHeader(script: string, situation: Situation = { mail }): string {
  const { effects, failures } = run(script, situation);
  assert.deepEqual(failures, []);
  const [effect] = effects;
  assert.ok(effect?.kind === 'keep');
  return (effect.edition?.header ?? Buffer.from('')).toString('latin1');
}

/** All of what is kept. */
function rewritten(script: string): string {
  const { effects, failures } = run(script, { mail });
  assert.deepEqual(failures, []);
  const [effect] = effects;
  assert.ok(effect?.kind === 'keep' && effect.edition?.body !== undefined);
  return Buffer.concat([effect.edition.header, effect.edition.body]).toString('latin1');
}

/** Multiparts in multiparts. */
function deep(levels: number): string {
  let body = 'x';
  for (let i = 0; i < levels; i++)
    body = `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\n${i === 0 ? '\r\n' : ''}${body}\r\n--b${i}--\r\n`;
  return body;
}
