import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../../test/kit/runs.ts';
import { parseAddressList } from '../address.ts';
import { decodeWords } from '../encoded-word.ts';
import { envelope } from '../envelope.ts';
import { EnvelopeReader } from '../envelope-reader.ts';
import { HeaderBlock } from '../header.ts';
import { decodedParameter, findParameter, parseParameterized } from '../parameter.ts';
import { downgradeField } from './field.ts';

const UTF8 = (text: string): Buffer => Buffer.from(text);
const LATIN1 = (text: string): Buffer => Buffer.from(text, 'latin1');
const sent = (field: Buffer): string => downgradeField(field).toString('latin1');
const INVALID = '<invalid@internationalized-address.invalid>';

describe('a field in ASCII', () => {
  const rows = (cases: readonly (readonly [field: Buffer, expected: string])[]): void => {
    for (const [field, expected] of cases) assert.equal(sent(field), expected);
  };

  it('stays as it is when it is that already, however odd', () => {
    for (const text of [
      'Subject:  two  blanks \r\n',
      'To: "broken <alice@\n',
      'garbage\r\r\n',
      `X: ${'x'.repeat(2000)}\r\n`,
    ]) {
      const field = LATIN1(text);
      assert.equal(downgradeField(field), field);
    }
  });

  it('text: encoded words for the words that need them (RFC 6857 §3.1.1, RFC 1428)', () => {
    rows([
      [UTF8('Subject: Grüße aus Malmö\r\n'), 'Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe_aus_Malm=C3=B6?=\r\n'],
      [UTF8('subject :Re: ü\n'), 'subject: Re: =?utf-8?B?w7w=?=\n'],
      [LATIN1('Subject: Gr\xfc\xdfe an alle\r\n'), 'Subject: =?unknown-8bit?Q?Gr=FC=DFe?= an alle\r\n'],
      [LATIN1('Subject: a\0b\r\n'), 'Subject: =?unknown-8bit?Q?a=80b?=\r\n'],
      [UTF8('X-Any: =?utf-8?Q?=C3=BC?= ü\r\n'), 'X-Any: =?utf-8?Q?=C3=BC?= =?utf-8?B?IMO8?=\r\n'],
      [LATIN1('X-Any: =?iso-8859-1?Q?\xfc?=\r\n'), 'X-Any: =?iso-8859-1?B?/A==?=\r\n'],
      [UTF8('Subject: a\r\n ü\r\n'), 'Subject: a =?utf-8?B?w7w=?=\r\n'],
      [UTF8('Subject: ü'), 'Subject: =?utf-8?B?w7w=?='],
    ]);
  });

  it('names: whole phrases, without quotes (RFC 6857 §3.1.5)', () => {
    rows([
      [
        UTF8('From: "Müller, Jürgen" <j@example.com>, Bob <b@example.org>\r\n'),
        'From: =?utf-8?Q?M=C3=BCller=2C_J=C3=BCrgen?= <j@example.com>, Bob\r\n <b@example.org>\r\n',
      ],
      [
        LATIN1('From: J\xfcrgen <j@example.com>\r\n'),
        'From: =?unknown-8bit?Q?J=FCrgen?= <j@example.com>\r\n',
      ],
      [
        UTF8('To: j@example.com (Jürgen (Ö) x)\r\n'),
        'To: j@example.com (=?utf-8?Q?J=C3=BCrgen?= (=?utf-8?B?w5Y=?=) x)\r\n',
      ],
      [
        UTF8('Cc: Ö: a@example.com, "B" <b@example.com>;\r\n'),
        'Cc: =?utf-8?B?w5Y=?=: a@example.com, "B" <b@example.com>;\r\n',
      ],
      [
        UTF8('To: Ö <@a.example,@b.example:o@example.com>\r\n'),
        'To: =?utf-8?B?w5Y=?= <@a.example,@b.example:o@example.com>\r\n',
      ],
      [
        UTF8('To: Ö o@[IPv6:2001:db8::1], b@example.com\r\n'),
        'To: =?utf-8?B?w5Y=?= <o@[IPv6:2001:db8::1]>, b@example.com\r\n',
      ],
      [UTF8('To: <o@example.com> Öl\r\n'), 'To: =?utf-8?B?w5Zs?= <o@example.com>\r\n'],
      [UTF8('Keywords: a, "ö, x", b\r\n'), 'Keywords: a, =?utf-8?B?w7YsIHg=?=, b\r\n'],
    ]);
  });

  it('addresses: an invalid one whose name says what was there (RFC 6858 §2.1)', () => {
    rows([
      [UTF8('To: jö@example.com\r\n'), `To: =?utf-8?Q?j=C3=B6=40example=2Ecom?=\r\n ${INVALID}\r\n`],
      [UTF8('To: fred@exämple.com\r\n'), `To: =?utf-8?Q?fred=40ex=C3=A4mple=2Ecom?=\r\n ${INVALID}\r\n`],
      [
        UTF8('To: Fred Foo <fred@exämple.com>, b@example.com\r\n'),
        `To: =?utf-8?Q?Fred_Foo_=28fred=40ex=C3=A4mple=2Ecom=29?=\r\n ${INVALID}, b@example.com\r\n`,
      ],
      [
        UTF8('Return-Path: <ö@example.com>\r\n'),
        `Return-Path: =?utf-8?Q?=C3=B6=40example=2Ecom?=\r\n ${INVALID}\r\n`,
      ],
      [UTF8('To: ö\r\n'), `To: =?utf-8?B?w7Y=?= ${INVALID}\r\n`],
      [
        UTF8('To: g: ö@b.example;, c@example.com\r\n'),
        `To: g: =?utf-8?Q?=C3=B6=40b=2Eexample?=\r\n ${INVALID};, c@example.com\r\n`,
      ],
    ]);
  });

  it('parameters: RFC 2231, and none without a name', () => {
    rows([
      [
        UTF8('Content-Disposition: attachment; filename="Übung.pdf"; size=5\r\n'),
        "Content-Disposition: attachment; filename*=utf-8''%C3%9Cbung.pdf; size=5\r\n",
      ],
      [
        LATIN1('Content-Type: multipart/mixed (gr\xfcn); name="\xdc"; boundary="=_ x"\r\n'),
        `Content-Type: multipart/mixed (=?unknown-8bit?Q?gr=FCn?=);\r\n name*=unknown-8bit''%DC; boundary="=_ x"\r\n`,
      ],
      [UTF8('Content-Type: text/plain; nöme=x; a=b\r\n'), 'Content-Type: text/plain; a=b\r\n'],
      [UTF8('Content-Type: téxt/plain\r\n'), 'Content-Type: t--xt/plain\r\n'],
      [
        UTF8('Content-Type: a/b; name*0="ä"; name*1="b c"\r\n'),
        "Content-Type: a/b; name*=utf-8''%C3%A4b%20c\r\n",
      ],
      [UTF8("Content-Type: a/b; name*=utf-8''ä%20b\r\n"), "Content-Type: a/b; name*=utf-8''%C3%A4%20b\r\n"],
    ]);
    const name = 'Überlänge '.repeat(20).trim();
    const [, value] = sent(UTF8(`Content-Type: a/b; name="${name}"\r\n`)).split('Content-Type: ');
    const { parameters } = parseParameterized((value as string).replaceAll('\r\n', ''));
    assert.ok(parameters.length > 2);
    assert.equal(decodedParameter(parameters, 'name'), name);
  });

  it('trace, dates and identifiers (RFC 6857 §3.2.2 to §3.2.4)', () => {
    rows([
      [
        UTF8(
          'Received: from mäil.example.com (Köln) by b.example\r\n id 5 for <jö@example.com>; Mon, 1 Jan 2024 00:00:00 +0000\r\n',
        ),
        'Received: from xn--mil-qla.example.com (=?utf-8?Q?K=C3=B6ln?=) by b.example\r\n id 5 ' +
          '(=?utf-8?Q?for_=3Cj=C3=B6=40example=2Ecom=3E?=); Mon, 1 Jan 2024\r\n 00:00:00 +0000\r\n',
      ],
      [
        LATIN1('Received: by b.example (\xfc) id \xfc\r\n'),
        'Received: by b.example (=?unknown-8bit?B?/A==?=) (=?unknown-8bit?Q?id_=FC?=)\r\n',
      ],
      [
        UTF8('Date: Mon, 1 Jan 2024 00:00:00 +0100 (ü)\r\n'),
        'Date: Mon, 1 Jan 2024 00:00:00 +0100 (=?utf-8?B?w7w=?=)\r\n',
      ],
      [
        UTF8('Content-Transfer-Encoding: 8bit (ü)\r\n'),
        'Content-Transfer-Encoding: 8bit (=?utf-8?B?w7w=?=)\r\n',
      ],
      [
        UTF8('Message-ID: <ö@example.com>\r\n'),
        'Downgraded-Message-ID: =?utf-8?Q?=3C=C3=B6=40example=2Ecom=3E?=\r\n',
      ],
      [UTF8('References: <a@b> (ö)\r\n'), 'References: <a@b> (=?utf-8?B?w7Y=?=)\r\n'],
      [UTF8('In-Reply-To: Jörgs mail <a@b>\r\n'), 'In-Reply-To: =?utf-8?Q?J=C3=B6rgs_mail?= <a@b>\r\n'],
    ]);
  });

  it('no line that was none becomes a field', () => {
    for (const line of [
      'Sübject: x\r\n',
      ' Bcc: ü\r\n',
      'x ü : y\r\n',
      'ü : y\r\n',
      'From jörg Mon Jan  1\r\n',
    ]) {
      const out = downgradeField(UTF8(line));
      assert.equal(new HeaderBlock(out).count, 0, out.toString('latin1'));
      assert.equal(out[0] === 0x20, line.startsWith(' '));
    }
  });
});

/** Names in UTF-8, in an undeclared charset, and with what quotes are for. */
const word = fc.oneof(
  fc.constantFrom('Jürgen', 'Åse', 'Иван', '田中', 'Bob', 'x', 'O.', 'de la', '😀', 'Ø', 'naïve'),
  fc.string({ unit: fc.constantFrom(...'abcXYZ019 -äöüßéøñ日本'), minLength: 1, maxLength: 30 }),
);
const octets = word.map((text) => UTF8(text).toString('latin1'));
const legacy = fc.string({
  unit: fc.constantFrom('a', 'B', ' ', '\xe4', '\xf6', '\xfc', '\xdf', '\xa0'),
  minLength: 1,
  maxLength: 20,
});
const name = fc.oneof({ weight: 3, arbitrary: octets }, { weight: 1, arbitrary: legacy });
const quotable = fc
  .tuple(name, fc.constantFrom('', ',', '(x)', '<>', '\\"', ':;'))
  .map(([a, b]) => `"${a}${b}"`);
const address = fc.constantFrom('a@example.com', 'b.c@example.org', '"q q"@example.com', 'x+y@[192.0.2.1]');
const mailbox = fc.oneof(
  address,
  fc
    .tuple(
      fc.oneof(
        name.map((text) => text.replace(/^[ .]+|[ .]+$/g, '') || 'x'),
        quotable,
      ),
      address,
    )
    .map(([n, a]) => `${n} <${a}>`),
  fc.tuple(address, name).map(([a, n]) => `${a} (${n.trim()})`),
);
const list = fc.oneof(
  fc.array(mailbox, { minLength: 1, maxLength: 5 }).map((all) => all.join(', ')),
  fc.tuple(name, fc.array(mailbox, { maxLength: 3 })).map(([n, all]) => `"${n}": ${all.join(', ')};`),
);

describe('what a reader sees of a field in ASCII', () => {
  const header = (field: Buffer): string =>
    envelope(new HeaderBlock(downgradeField(field))).toString('latin1');

  it('names and addresses are those of the original, decoded', () => {
    fc.assert(
      fc.property(list, (value) => {
        const field = LATIN1(`From: ${value}\r\n`);
        const before = new EnvelopeReader(envelope(new HeaderBlock(field)).toString('latin1'));
        assert.equal(new EnvelopeReader(header(field)).text('from'), before.text('from'));
        const [was, is] = [field, downgradeField(field)].map((bytes) =>
          parseAddressList(new HeaderBlock(bytes).valueAt(0)).map((entry) => ({
            ...entry,
            ...(entry.name !== undefined && { name: decodeWords(entry.name).trim() }),
            ...(entry.host === undefined &&
              entry.mailbox !== undefined && { mailbox: decodeWords(entry.mailbox).trim() }),
          })),
        );
        assert.deepEqual(is, was);
      }),
      { numRuns: runs(1000) },
    );
  });

  it('a subject reads the same, encoded words in it or not', () => {
    const part = fc.oneof(
      name,
      fc.constantFrom('=?utf-8?Q?=C3=BC?=', '=?iso-8859-1?B?/A==?=', '=?broken', ' ', 'plain text'),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), fc.constantFrom('', ' '), (parts, joint) => {
        const field = LATIN1(`Subject: ${parts.join(joint)}\r\n`);
        const before = new EnvelopeReader(envelope(new HeaderBlock(field)).toString('latin1')).text(
          'subject',
        );
        assert.equal(new EnvelopeReader(header(field)).text('subject'), before);
      }),
      { numRuns: runs(2000) },
    );
  });

  it('a file name reads the same, and a boundary is untouched', () => {
    fc.assert(
      fc.property(name, fc.boolean(), (text, isFirst) => {
        const both = [`name="${text}"`, 'boundary="=_ (x)"'];
        const field = LATIN1(
          `Content-Type: multipart/mixed; ${(isFirst ? both : both.reverse()).join('; ')}\r\n`,
        );
        const parametersOf = (bytes: Buffer) =>
          parseParameterized(new HeaderBlock(bytes).text('content-type') ?? '').parameters;
        const [was, is] = [parametersOf(field), parametersOf(downgradeField(field))];
        assert.equal(decodedParameter(is, 'name'), decodedParameter(was, 'name'));
        assert.equal(findParameter(is, 'boundary'), '=_ (x)');
      }),
      { numRuns: runs(500) },
    );
  });
});
