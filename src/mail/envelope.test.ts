import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ImapSyntax } from '../../test/imap-syntax.ts';
import { envelope, MAX_ENVELOPE_BYTES } from './envelope.ts';
import { HeaderBlock } from './header.ts';

const of = (text: string) => envelope(new HeaderBlock(Buffer.from(text, 'latin1'))).toString('latin1');

test('the example of RFC 9051 §8', () => {
  const header = [
    'Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)',
    'From: Terry Gray <gray@cac.washington.edu>',
    'Subject: IMAP4rev2 WG mtg summary and minutes',
    'To: imap@cac.washington.edu',
    'cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>',
    'Message-Id: <B27397-0100000@cac.washington.edu>',
    '',
    '',
  ];
  assert.equal(
    of(header.join('\r\n')),
    '("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)" "IMAP4rev2 WG mtg summary and minutes" ' +
      '(("Terry Gray" NIL "gray" "cac.washington.edu")) (("Terry Gray" NIL "gray" "cac.washington.edu")) ' +
      '(("Terry Gray" NIL "gray" "cac.washington.edu")) ((NIL NIL "imap" "cac.washington.edu")) ' +
      '((NIL NIL "minutes" "CNRI.Reston.VA.US")("John Klensin" NIL "KLENSIN" "MIT.EDU")) NIL NIL ' +
      '"<B27397-0100000@cac.washington.edu>")',
  );
});

test('defaults, absent and empty fields (RFC 9051 §7.5.2)', () => {
  const rows: [string, string][] = [
    ['', '(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)'],
    ['Subject:\r\nDate: \r\nMessage-ID:\r\nIn-Reply-To:\r\n', '("" "" NIL NIL NIL NIL NIL NIL "" "")'],
    [
      'From: a@b\r\nSender: c@d\r\n',
      '(NIL NIL ((NIL NIL "a" "b")) ((NIL NIL "c" "d")) ((NIL NIL "a" "b")) NIL NIL NIL NIL NIL)',
    ],
    ['Reply-To: a@b\r\n', '(NIL NIL NIL NIL ((NIL NIL "a" "b")) NIL NIL NIL NIL NIL)'],
    ['Sender: c@d\r\n', '(NIL NIL NIL ((NIL NIL "c" "d")) NIL NIL NIL NIL NIL NIL)'],
    ['To: a@b\r\nTo: c@d\r\n', '(NIL NIL NIL NIL NIL ((NIL NIL "a" "b")(NIL NIL "c" "d")) NIL NIL NIL NIL)'],
    ['To: ,\r\n', '(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)'],
    ['Message-ID: <"a\\"b"@c>\r\n', '(NIL NIL NIL NIL NIL NIL NIL NIL NIL "<\\"a\\\\\\"b\\"@c>")'],
    ['Subject: a\0\xe4\r\n', '(NIL {3}\r\na\x80\xe4 NIL NIL NIL NIL NIL NIL NIL NIL)'],
  ];
  for (const [text, expected] of rows) assert.equal(of(text), expected, text);
});

test('long lists end with a whole entry and a closed group', () => {
  const to = `To: Friends: ${Array.from({ length: 900 }, (_, i) => `"${'n'.repeat(100)}" <a${i}@example.com>`).join(', ')};\r\n`;
  const text = `Subject: ${'s'.repeat(20_000)}\r\nFrom: ${'f@example.com,'.repeat(900)}\r\n${to}C${to.slice(1)}Cc: ${'c@d,'.repeat(900)}\r\n`;
  const bytes = envelope(new HeaderBlock(Buffer.from(text)));
  assert.ok(bytes.length <= MAX_ENVELOPE_BYTES, `${bytes.length}`);
  const [, subject, from, sender, , list] = ImapSyntax.envelope(bytes);
  assert.equal((subject as string).length, 8192);
  assert.deepEqual(from, sender);
  assert.ok((list as unknown[]).length > 200);
});
