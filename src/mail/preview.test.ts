import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { hasAttachment } from './attachment.ts';
import { PartScanner, scanParts } from './part.ts';
import { MAX_PREVIEW } from './preview/collected-text.ts';
import { MAX_TEXT_BYTES } from './text-collector.ts';

function preview(message: Buffer | string): string {
  const scanner = new PartScanner();
  scanner.write(Buffer.isBuffer(message) ? message : Buffer.from(message.replaceAll(/\r?\n/g, '\r\n')));
  scanner.end();
  return scanner.preview();
}

const plain = (body: string): string => preview(`Content-Type: text/plain; charset=utf-8\n\n${body}`);
const html = (body: string): string => preview(`Content-Type: text/html; charset=utf-8\n\n${body}`);

const PLAIN: readonly (readonly [what: string, body: string, preview: string])[] = [
  ['white space is one space', 'Hello,\n\n  how\tare you?\u00a0\u00a0Fine', 'Hello, how are you? Fine'],
  ['quoted text comes last', '> old\n> words\nnew words', 'new words old words'],
  [
    'what says whom is quoted is quoted',
    'Yes.\n\nOn Mon, 1 Jan 2024, Bob\n<bob@example.com> wrote:\n> Are you there?',
    'Yes. On Mon, 1 Jan 2024, Bob wrote: Are you there?'.replace('Bob wrote', 'Bob <bob@example.com> wrote'),
  ],
  ['signatures come last of all', 'Text\n-- \nAnna\n\n> quoted', 'Text quoted Anna'],
  ['a message below', 'See below\n\n-----Original Message-----\nFrom: x\nBody', 'See below From: x Body'],
  ['bars are no text', 'Title\n=====\nText\n-----\n* * *\nmore', 'Title Text more'],
  ['links of text made from HTML', 'Go here <https://example.com/long?x=1> now [image: logo]', 'Go here now'],
  ['only quoted', '> one\n>> two', 'one two'],
  ['nothing', ' \n\n ', ''],
  ['padding', 'Hi\u200c \u00ad\u034f \u200b\ufeffthere\u200d ', 'Hi there'],
  ['joiners inside stay', '👩\u200d💻 می\u200cخواهم', '👩\u200d💻 می\u200cخواهم'],
  ['controls and marks of direction go', 'a\u202egnp.exe\u0007b', 'agnp.exeb'],
  ['armoured text says nothing', '-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----', ''],
];

for (const [what, body, expected] of PLAIN) {
  test(`plain text: ${what}`, () => assert.equal(plain(body), expected));
}

const HTML: readonly (readonly [what: string, body: string, preview: string])[] = [
  ['tags', '<p>Hello</p><p>w<b>or</b>ld<br>again</p>', 'Hello world again'],
  [
    'entities',
    'a &amp; b &lt;c&gt; &#228;&#xe4;&auml; &unknown; &euro;&nbsp;5 &#146; R&D',
    'a & b <c> äää &unknown; € 5 ’ R&D',
  ],
  [
    'scripts and styles',
    '<style>p{}</style><script>if (a<b) alert("</p>")</script>text<SCRIPT >x</SCRIPT\n>',
    'text',
  ],
  ['comments', '<!-- <p>no</p> --><!--[if mso]>no<![endif]-->yes<!doctype html>', 'yes'],
  ['head', '<html><head><title>Title</title><meta name="x"></head><body>Body</body></html>', 'Body'],
  [
    'hidden by attribute',
    '<p hidden>no</p><p class="hidden-xs">yes</p><div hidden="">no <div>no</div> no</div>!',
    'yes !',
  ],
  [
    'hidden by style',
    '<div style="display: none; max-height:0">no<div>no</div></div><span style=\'DISPLAY:NONE\'>no</span><p style=visibility:hidden>no</p><i style="font-size:0px">no</i><i style="mso-hide:all">no</i><i style="opacity: 0">no</i>yes<b style="opacity:0.5">!</b>',
    'yes !'.replace(' ', ''),
  ],
  [
    'quotes come last',
    '<blockquote>old</blockquote>new<div class="gmail_signature">Sig</div> words',
    'new words old Sig',
  ],
  [
    'gmail',
    'Yes<div class="gmail_quote"><div class="gmail_attr">On x wrote:</div><blockquote>Q</blockquote></div>',
    'Yes On x wrote: Q',
  ],
  ['outlook', 'Yes<div id="divRplyFwdMsg">From: x</div><p>below</p>', 'Yes From: x below'],
  ['tables', '<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>', 'a b c'],
  ['a tag that is never closed', 'text <a href="http://example.com', 'text'],
  ['a sign that is no tag', '1 < 2 <3 & 4>3', '1 < 2 <3 & 4>3'],
  ['quotes in attributes', '<a title="a > b">x</a><img alt=\'>\'>y', 'xy'],
  ['a script that is never closed', 'yes<script>no', 'yes'],
  ['alternative text is none', '<img src="x" alt="logo">', ''],
  ['svg and templates', '<svg><text>no</text></svg><template><p>no</p></template>yes', 'yes'],
];

for (const [what, body, expected] of HTML) {
  test(`HTML: ${what}`, () => assert.equal(html(body), expected));
}

test('at most 256 characters, and never half of one', () => {
  assert.equal([...plain('😀'.repeat(1000))].length, MAX_PREVIEW);
  assert.equal(plain('x'.repeat(1000)), 'x'.repeat(MAX_PREVIEW));
  assert.equal(html('<p>word</p>'.repeat(10_000)), 'word '.repeat(52).slice(0, 256).trimEnd());
});

test('behind a long style sheet, but not behind any', () => {
  const style = (size: number): string => `<style>${'p { color: red }\n'.repeat(size / 17)}</style>`;
  assert.equal(html(`${style(60_000)}<p>text</p>`), 'text');
  assert.equal(html(`${style(2 * MAX_TEXT_BYTES)}<p>text</p>`), '');
});

test('charsets and transfer encodings', () => {
  const cases: readonly (readonly [string, Buffer, string])[] = [
    ['text/plain; charset=iso-8859-1', Buffer.from('gr\xfc\xdfe', 'latin1'), 'grüße'],
    ['text/plain', Buffer.from('grüße'), 'grüße'],
    ['text/plain; charset=iso-2022-jp', Buffer.from('\x1b$B8!:w\x1b(B', 'latin1'), '検索'],
    ['text/html', Buffer.from('<meta charset=koi8-r><p>\xd0\xd2\xc9', 'latin1'), 'при'],
    ['text/html; charset=nobody-knows', Buffer.from('<p>grüße'), 'grüße'],
    [
      'text/plain\r\nContent-Transfer-Encoding: base64',
      Buffer.from(Buffer.from('grüße').toString('base64')),
      'grüße',
    ],
    [
      'text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable',
      Buffer.from('gr=C3=BC=\r\n=C3=9Fe'),
      'grüße',
    ],
    ['text/plain\r\nContent-Transfer-Encoding: x-uuencode', Buffer.from('begin 644 x'), ''],
  ];
  for (const [type, body, expected] of cases)
    assert.equal(
      preview(Buffer.concat([Buffer.from(`Content-Type: ${type}\r\n\r\n`), body])),
      expected,
      type,
    );
});

test('a text that is cut inside a character is UTF-8 all the same', () => {
  for (let pad = 0; pad < 6; pad++) {
    const text = `${'x'.repeat(pad)}<!-- ${'ä€😀'.repeat(3000)} -->ende`;
    assert.equal(html(text), `${'x'.repeat(pad)}ende`);
  }
  for (let pad = 0; pad < 4; pad++) {
    const body = Buffer.from(`${'x'.repeat(pad)}${'ä€'.repeat(4000)}`);
    const message = Buffer.concat([Buffer.from('Content-Type: text/plain\r\n\r\n'), body]);
    assert.equal(preview(message), `${'x'.repeat(pad)}${'ä€'.repeat(200)}`.slice(0, MAX_PREVIEW));
  }
});

const multipart = (type: string, ...parts: string[]): string =>
  `Content-Type: multipart/${type}; boundary=b\n\n${parts.map((part) => `--b\n${part}\n`).join('')}--b--\n`;

test('the first text that says something', () => {
  const text = 'Content-Type: text/plain\n\nplain';
  const page = 'Content-Type: text/html\n\n<p>page</p>';
  const blank = 'Content-Type: text/plain\n\n \n';
  const file = 'Content-Type: text/plain\nContent-Disposition: attachment; filename=a.txt\n\nfile';
  const inner = 'Content-Type: message/rfc822\n\nSubject: x\n\ninner';
  assert.equal(preview(multipart('alternative', text, page)), 'plain');
  assert.equal(preview(multipart('alternative', blank, page)), 'page');
  assert.equal(preview(multipart('mixed', file, page)), 'page');
  assert.equal(preview(multipart('mixed', inner, text)), 'plain');
  assert.equal(preview(multipart('mixed', inner)), '');
  assert.equal(preview(multipart('mixed', 'Content-Type: image/png\n\nx')), '');
  assert.equal(preview('Subject: none'), '');
});

const ATTACHED: readonly (readonly [what: string, message: string, isAttached: boolean])[] = [
  ['text', 'Subject: x\n\ntext', false],
  ['HTML', 'Content-Type: text/html\n\ntext', false],
  ['a PDF alone', 'Content-Type: application/pdf\n\nx', true],
  ['a picture alone', 'Content-Type: image/png\n\nx', true],
  ['text sent as a file', 'Content-Disposition: attachment; filename=x\n\ntext', true],
  [
    'two forms',
    multipart('alternative', 'Content-Type: text/plain\n\na', 'Content-Type: text/html\n\nb'),
    false,
  ],
  [
    'an invitation',
    multipart('alternative', 'Content-Type: text/plain\n\na', 'Content-Type: text/calendar\n\nb'),
    false,
  ],
  [
    'a picture in the text',
    multipart('related', 'Content-Type: text/html\n\na', 'Content-Type: image/png\nContent-ID: <x>\n\nb'),
    false,
  ],
  [
    'a PDF in the text',
    multipart('related', 'Content-Type: text/html\n\na', 'Content-Type: application/pdf\n\nb'),
    true,
  ],
  [
    'a photo',
    multipart(
      'mixed',
      'Content-Type: text/plain\n\na',
      'Content-Type: image/jpeg\nContent-Disposition: inline; filename=a.jpg\n\nb',
    ),
    true,
  ],
  [
    'a footer',
    multipart(
      'mixed',
      'Content-Type: text/plain\n\na',
      'Content-Type: text/plain\nContent-Disposition: inline\n\nlist',
    ),
    false,
  ],
  [
    'a table',
    multipart('mixed', 'Content-Type: text/plain\n\na', 'Content-Type: text/csv; name=a.csv\n\nb'),
    true,
  ],
  [
    'a forwarded message',
    multipart('mixed', 'Content-Type: text/plain\n\na', 'Content-Type: message/rfc822\n\nSubject: x\n\ny'),
    true,
  ],
  [
    'a signature',
    multipart(
      'signed',
      'Content-Type: text/plain\n\na',
      'Content-Type: application/pgp-signature; name=s.asc\n\nb',
    ),
    false,
  ],
  [
    'encrypted',
    multipart(
      'encrypted',
      'Content-Type: application/pgp-encrypted\n\na',
      'Content-Type: application/octet-stream\n\nb',
    ),
    false,
  ],
  [
    'a bounce',
    multipart(
      'report',
      'Content-Type: text/plain\n\na',
      'Content-Type: message/delivery-status\n\nb',
      'Content-Type: message/rfc822\n\nc: d',
    ),
    false,
  ],
  [
    'winmail.dat',
    multipart(
      'mixed',
      'Content-Type: text/plain\n\na',
      'Content-Type: application/ms-tnef; name=winmail.dat\n\nb',
    ),
    true,
  ],
];

for (const [what, message, isAttached] of ATTACHED) {
  test(`a paper clip: ${what}`, () => {
    assert.equal(hasAttachment(scanParts(Buffer.from(message))), isAttached);
  });
}

test('property: whatever comes, a preview', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '<',
      '>',
      '<p',
      '<div style="',
      "'",
      '"',
      '</',
      '<!--',
      '-->',
      '&',
      '&#',
      ';',
      '<script',
      '<a b=',
      '\n> ',
      '-- \n',
      ':\n',
    ),
    fc.string({ maxLength: 20, unit: 'binary' }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), fc.constantFrom('plain', 'html'), (pieces, type) => {
      const found = preview(`Content-Type: text/${type}; charset=utf-8\n\n${pieces.join('')}`);
      assert.ok([...found].length <= MAX_PREVIEW);
      assert.equal(found, found.trim());
      assert.ok(found.isWellFormed() && !/[\r\n\0]/.test(found));
    }),
    { numRuns: 2000 },
  );
});

test('a text that is broken on purpose takes its length', () => {
  for (const piece of [
    '<',
    '<a ',
    '<a "',
    "<a='",
    '<!--',
    '&#',
    '<div hidden>',
    '<blockquote>',
    '</div>',
    '>',
    '> a\n',
    'a:\n> b\n',
    '<script',
    '<style>',
    ' ',
    '<p style=" ',
    '\u200c',
    '[cid:',
    '<http:',
  ])
    for (const type of ['plain', 'html']) {
      const message = `Content-Type: text/${type}\r\n\r\n${piece.repeat(200_000 / piece.length)}`;
      const begin = performance.now();
      preview(Buffer.from(message));
      assert.ok(
        performance.now() - begin < 5000,
        `${type} ${JSON.stringify(piece)} ${performance.now() - begin}`,
      );
    }
});

test('previews of the corpus', () => {
  const corpus = new URL('../../test/corpus/', import.meta.url);
  for (const name of readdirSync(corpus).filter((file) => file.endsWith('.eml')))
    assert.ok([...preview(readFileSync(new URL(name, corpus)))].length <= MAX_PREVIEW, name);
});
