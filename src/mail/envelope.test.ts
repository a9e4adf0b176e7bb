import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ImapSyntax } from '../../test/imap-syntax.ts';
import { envelope, MAX_ENVELOPE_BYTES, MAX_INNER_ENVELOPE_BYTES, WHOLE_HEADER_BYTES } from './envelope.ts';
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

test('local parts come without their quotes, in all six fields (RFC 9051 §9 addr-mailbox)', () => {
  const fields = ['From', 'Sender', 'Reply-To', 'To', 'Cc', 'Bcc'];
  const text = fields.map((name, i) => `${name}: "john \\"${i}\\" doe"@example.com\r\n`).join('');
  const lists = fields.map((_, i) => `((NIL NIL "john \\"${i}\\" doe" "example.com"))`).join(' ');
  assert.equal(of(text), `(NIL NIL ${lists} NIL NIL)`);
});

test('what cannot be read as an address is shown, and is none', () => {
  assert.equal(
    of('From: <shop:news@example.com>\r\nTo: a@b, Toni <toni _salazar@c>\r\n').split('((').slice(1).join('|'),
    '"<shop:news@example.com>" NIL "" "")) |"<shop:news@example.com>" NIL "" "")) |' +
      '"<shop:news@example.com>" NIL "" "")) |' +
      'NIL NIL "a" "b")("Toni <toni _salazar@c>" NIL "" "")) NIL NIL NIL NIL)',
  );
});

test('all of a header of a megabyte', () => {
  const list = (count: number) => Array.from({ length: count }, (_, i) => `p${i}@example.com`);
  for (const name of ['To', 'Cc', 'Bcc']) {
    const text = `Subject: ${'s'.repeat(100_000)}\r\nFrom: ${list(3000)}\r\n${name}: ${list(40_000).join(',\r\n ')}\r\n`;
    const [, subject, from, sender, replyTo, ...others] = ImapSyntax.envelope(
      envelope(new HeaderBlock(Buffer.from(text))),
    );
    assert.equal((subject as string).length, 100_000);
    for (const field of [from, sender, replyTo]) assert.equal((field as unknown[]).length, 3000);
    assert.equal((others.flat() as unknown[]).filter(Array.isArray).length, 40_000, name);
  }
});

test('nothing is left out of a header of WHOLE_HEADER_BYTES', () => {
  const half = WHOLE_HEADER_BYTES / 2 - 10;
  for (const name of ['To', 'From', 'Sender']) {
    const text = `${name}: ${'a,'.repeat(half / 2)}\r\nReply-To: ${'b,'.repeat(half / 2)}\r\n`;
    const fields = ImapSyntax.envelope(envelope(new HeaderBlock(Buffer.from(text))));
    assert.equal((fields[{ To: 5, From: 2, Sender: 3 }[name] as number] as unknown[]).length, half / 2);
    assert.equal((fields[4] as unknown[]).length, half / 2);
  }
  for (const name of ['Subject', 'Message-ID', 'In-Reply-To']) {
    const text = of(`${name}: ${'x'.repeat(WHOLE_HEADER_BYTES - 20)}\r\n`);
    assert.ok(text.length >= WHOLE_HEADER_BYTES - 20, name);
  }
});

test('longer lists end with a whole entry and a closed group', () => {
  const to = `To: Friends: ${'a,'.repeat(100_000)};\r\n`;
  const text = `Subject: ${'s'.repeat(600_000)}\r\nFrom: ${'f,'.repeat(40_000)}\r\n${to}C${to.slice(1)}`;
  for (const limit of [MAX_ENVELOPE_BYTES, MAX_INNER_ENVELOPE_BYTES]) {
    const bytes = envelope(new HeaderBlock(Buffer.from(text)), limit);
    assert.ok(bytes.length <= limit, `${bytes.length}`);
    const [, subject, from, sender, , list] = ImapSyntax.envelope(bytes);
    assert.equal((subject as string).length, limit / 4);
    assert.deepEqual(from, sender);
    assert.ok((list as unknown[]).length > limit / 100);
  }
});
