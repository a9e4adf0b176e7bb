import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseAddressList } from '../address.ts';
import { decodeWords } from '../encoded-word.ts';
import { HeaderBlock } from '../header.ts';
import { decodedParameter } from '../parameter.ts';
import { type Part, scanParts } from '../part.ts';
import { decodeTransfer } from '../transfer-encoding.ts';
import type { Draft, DraftField, DraftPart, FieldValue } from './draft.ts';
import { fieldFault, fieldOctets } from './field.ts';
import { structureOf } from './structure.ts';
import { Base64Lines, CrlfLines, QuotedPrintable } from './transfer.ts';
import { writeDraft } from './writer.ts';

async function written(draft: Draft): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of writeDraft(draft)) pieces.push(piece);
  return Buffer.concat(pieces);
}

function blobOf(...pieces: readonly Buffer[]) {
  return {
    async *open() {
      yield* pieces;
    },
    sizeBytes: pieces.reduce((sum, one) => sum + one.length, 0),
  };
}

function text(value: string, more: Partial<DraftPart> = {}): DraftPart {
  return { type: 'text/plain', fields: [], content: { kind: 'text', text: value }, ...more };
}

const CONTROL = /[\0-\x1f\x7f\u2028\u2029]/u;
const anyText = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 120 }),
  fc.string({
    unit: fc.constantFrom('a', ' ', '=?', '?=', 'ö', '\t', '"', '\\', '✓', '<', '@', ','),
    maxLength: 80,
  }),
);
const name = anyText.filter((one) => !CONTROL.test(one));

/** What somebody reads who knows no more than RFC 5322 and RFC 2047. */
function readField(octets: Buffer): { readonly name: string; readonly value: string } {
  const block = new HeaderBlock(Buffer.concat([octets, Buffer.from('\r\n')]));
  assert.equal(block.count, 1, `one field: ${JSON.stringify(octets.toString())}`);
  const all = octets.toString('latin1').replace(/\r\n(?=[ \t])/g, '');
  const colon = all.indexOf(':');
  return { name: all.slice(0, colon), value: all.slice(colon + 1).replace(/\r\n$/, '') };
}

describe('a field', () => {
  test('of text is one field, in short lines of ASCII, and says what it was to say', () => {
    fc.assert(
      fc.property(name, (said) => {
        const octets = fieldOctets({ name: 'Subject', value: { form: 'text', text: said } });
        for (const line of octets.toString('latin1').split('\r\n')) assert.match(line, /^[\t -~]{0,76}$/);
        const normal = said.toWellFormed().normalize('NFC');
        assert.equal(
          Buffer.from(decodeWords(readField(octets).value.replace(/^ /, '')), 'utf8').toString(),
          normal,
        );
      }),
    );
  });

  test('of addresses has as many as it was given, with these names and addresses', () => {
    const email = fc.oneof(
      fc.emailAddress(),
      fc.constantFrom(
        'grün@example.com',
        '"odd one"@example.com',
        'a b@example.com',
        'ann@[192.0.2.1]',
        'bob',
      ),
    );
    fc.assert(
      fc.property(fc.array(fc.record({ name: fc.option(name), email }), { minLength: 1 }), (addresses) => {
        const octets = fieldOctets({ name: 'To', value: { form: 'addresses', addresses } });
        const read = parseAddressList(readField(octets).value);
        assert.equal(read.length, addresses.length);
        read.forEach((one, i) => {
          const wanted = addresses[i] as (typeof addresses)[number];
          const shown = Buffer.from(decodeWords(one.name ?? ''), 'utf8').toString();
          assert.equal(shown, (wanted.name ?? '').trim().toWellFormed().normalize('NFC').trim());
          const mailbox = Buffer.from(`${one.mailbox}${one.host ? `@${one.host}` : ''}`, 'latin1').toString();
          assert.equal(mailbox, wanted.email.replaceAll('"', ''));
        });
      }),
    );
  });

  test('an address that is none yet is the name of nobody, however it looks', () => {
    fc.assert(
      fc.property(
        name.filter((one) => one.trim() !== ''),
        (email) => {
          const octets = fieldOctets({
            name: 'To',
            value: { form: 'addresses', addresses: [{ name: null, email }] },
          });
          assert.equal(parseAddressList(readField(octets).value).length, 1, octets.toString());
        },
      ),
    );
  });

  const rows: readonly (readonly [value: FieldValue, expected: string])[] = [
    [{ form: 'text', text: 'Hej' }, 'X: Hej'],
    [{ form: 'text', text: 'Räkning' }, 'X: =?utf-8?Q?R=C3=A4kning?='],
    [{ form: 'text', text: '件名' }, 'X: =?utf-8?B?5Lu25ZCN?='],
    [{ form: 'text', text: 'a =?utf-8?Q?b?=' }, 'X: =?utf-8?Q?a_=3D=3Futf-8=3FQ=3Fb=3F=3D?='],
    [
      { form: 'addresses', addresses: [{ name: 'Ann B', email: 'a@example.com' }] },
      'X: Ann B <a@example.com>',
    ],
    [
      { form: 'addresses', addresses: [{ name: 'B, Ann', email: 'a@example.com' }] },
      'X: "B, Ann" <a@example.com>',
    ],
    [
      { form: 'addresses', addresses: [{ name: 'Björk, "A"', email: 'a@example.com' }] },
      'X: =?utf-8?B?QmrDtnJrLCAiQSI=?= <a@example.com>',
    ],
    [{ form: 'addresses', addresses: [{ name: null, email: 'a@example.com' }] }, 'X: <a@example.com>'],
    [{ form: 'addresses', addresses: [{ name: null, email: 'ann, bob' }] }, 'X: "ann, bob" <>'],
    [
      {
        form: 'groups',
        groups: [
          { name: null, addresses: [{ name: 'J', email: 'j@example.com' }] },
          { name: 'Friends', addresses: [{ name: null, email: 'k@example.com' }] },
          { name: 'Nobody', addresses: [] },
        ],
      },
      'X: J <j@example.com>, Friends: <k@example.com>;, Nobody: ;',
    ],
    [{ form: 'ids', ids: ['a@b', 'c@d'] }, 'X: <a@b> <c@d>'],
    [
      { form: 'urls', urls: ['https://example.com/', 'mailto:a@example.com'] },
      'X: <https://example.com/>, <mailto:a@example.com>',
    ],
    [{ form: 'date', seconds: 880_127_706, zoneMinutes: -360 }, 'X: Fri, 21 Nov 1997 09:55:06 -0600'],
    [{ form: 'date', seconds: 0, zoneMinutes: 330 }, 'X: Thu, 1 Jan 1970 05:30:00 +0530'],
    [{ form: 'raw', text: ' a\n b' }, 'X: a\r\n b'],
  ];
  for (const [value, expected] of rows)
    test(expected, () => {
      assert.equal(fieldFault({ name: 'X', value }), undefined);
      assert.equal(fieldOctets({ name: 'X', value }).toString(), `${expected}\r\n`);
    });

  const refused: readonly DraftField[] = [
    { name: 'X', value: { form: 'text', text: 'a\r\nBcc: eve@example.org' } },
    { name: 'X', value: { form: 'text', text: 'a\n' } },
    { name: 'X', value: { form: 'text', text: 'a\0' } },
    { name: 'X', value: { form: 'raw', text: ' a\r\nBcc: eve@example.org' } },
    { name: 'X', value: { form: 'raw', text: ' a\r\n \r\n b' } },
    { name: 'X', value: { form: 'raw', text: ' a\rb' } },
    { name: 'X', value: { form: 'raw', text: ` ${'a'.repeat(998)}` } },
    { name: 'X', value: { form: 'raw', text: ' a\r\n' } },
    { name: 'X\r\nBcc', value: { form: 'raw', text: ' a' } },
    { name: 'X:', value: { form: 'raw', text: ' a' } },
    { name: '', value: { form: 'raw', text: ' a' } },
    { name: 'X', value: { form: 'addresses', addresses: [{ name: 'a\r\n', email: 'a@example.com' }] } },
    {
      name: 'X',
      value: {
        form: 'addresses',
        addresses: [{ name: null, email: 'a@example.com>\r\nBcc: <e@example.org' }],
      },
    },
    { name: 'X', value: { form: 'groups', groups: [{ name: 'a\nb', addresses: [] }] } },
    { name: 'X', value: { form: 'ids', ids: ['a> <b'] } },
    { name: 'X', value: { form: 'ids', ids: [''] } },
    { name: 'X', value: { form: 'urls', urls: ['a b'] } },
    { name: 'X', value: { form: 'date', seconds: Number.NaN, zoneMinutes: 0 } },
    { name: 'X', value: { form: 'date', seconds: 1e12, zoneMinutes: 0 } },
  ];
  for (const field of refused)
    test(`is refused: ${JSON.stringify(field).slice(0, 70)}`, () => {
      assert.equal(typeof fieldFault(field), 'string');
    });
});

describe('transfer encodings', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 400 }),
    fc
      .array(fc.constantFrom('a', ' ', '\t', '=', '.', '\r\n', '\n', '\r', 'From ', 'F', 'ö', 'x'.repeat(75)))
      .map((all) => Buffer.from(all.join(''))),
  );
  const lines = (octets: Buffer): Buffer => {
    const ends = new CrlfLines();
    return ends.write(octets);
  };
  const through = (
    coder: { write(piece: Buffer): Buffer; end?(): Buffer },
    octets: Buffer,
    cut: number,
  ): Buffer => {
    const at = cut % (octets.length + 1);
    const pieces = [octets.subarray(0, at), octets.subarray(at)].map((one) => Buffer.from(coder.write(one)));
    return Buffer.concat([...pieces, ...(coder.end === undefined ? [] : [coder.end()])]);
  };

  test('come back to the octet, in short lines, however they are cut', () => {
    fc.assert(
      fc.property(bytes, fc.nat(), (raw, cut) => {
        const octets = Buffer.from(raw);
        const text = lines(octets);
        assert.deepEqual(through(new CrlfLines(), octets, cut), text);
        assert.doesNotMatch(text.toString('latin1'), /\r(?!\n)|(?<!\r)\n/);
        const quoted = through(new QuotedPrintable(), text, cut);
        for (const line of quoted.toString('latin1').split('\r\n')) {
          assert.match(line, /^[\t -~]{0,76}$/);
          assert.doesNotMatch(line, /[ \t]$|^From |^\./);
        }
        assert.deepEqual(decodeTransfer(quoted, 'quoted-printable'), text);
        const base64 = through(new Base64Lines(), octets, cut);
        for (const line of base64.toString('latin1').split('\r\n')) assert.match(line, /^[\w+/=]{0,76}$/);
        assert.deepEqual(decodeTransfer(base64, 'base64'), octets);
      }),
    );
  });
});

interface Wanted {
  readonly part: DraftPart;
  readonly octets?: Buffer;
}

const leaf: fc.Arbitrary<Wanted> = fc.oneof(
  fc
    .record({
      value: fc.oneof(
        anyText,
        fc.array(anyText).map((all) => all.join('\n')),
      ),
      html: fc.boolean(),
    })
    .map(({ value, html }) => ({
      part: text(value, { type: html ? 'text/html' : 'text/plain' }),
      octets: Buffer.from(value.toWellFormed().replace(/\r\n|\r|\n/g, '\r\n')),
    })),
  fc
    .record({
      pieces: fc.array(fc.uint8Array({ minLength: 1 }), { minLength: 1 }),
      file: name,
      type: fc.constantFrom('image/png', 'text/csv', 'message/rfc822'),
    })
    .map(({ pieces, file, type }) => {
      // What has no blank line is hardly a message.
      const start = type === 'message/rfc822' ? [Buffer.from('Subject: x\r\n\r\n')] : [];
      const all = [...start, ...pieces.map((one) => Buffer.from(one))];
      const content = { kind: 'blob' as const, blob: blobOf(...all) };
      const part = { type, name: file, disposition: 'attachment', fields: [], content };
      return { part, octets: Buffer.concat(all) };
    }),
);

const tree: fc.Arbitrary<Wanted> = fc.letrec<{ node: Wanted }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    fc.array(tie('node'), { minLength: 1, maxLength: 4 }).map((children) => ({
      part: {
        type: 'multipart/mixed',
        fields: [],
        content: { kind: 'parts' as const, parts: children.map(({ part }) => part) },
      },
      children,
    })),
  ),
})).node;

function compare(
  message: Buffer,
  read: Part,
  wanted: Wanted & { readonly children?: readonly Wanted[] },
): void {
  const { part, octets, children } = wanted;
  const isOdd = part.type === 'message/rfc822' && read.fields.mediaType === 'application/octet-stream';
  if (!isOdd) assert.ok([part.type, 'message/global'].includes(read.fields.mediaType), read.fields.mediaType);
  if (children !== undefined) {
    assert.equal(read.children.length, children.length);
    for (const [i, one] of children.entries()) compare(message, read.children[i] as Part, one);
    return;
  }
  const body = message.subarray(read.bodyStart, read.end);
  assert.deepEqual(decodeTransfer(body, read.encoding), octets);
  if (part.name === undefined || part.name === '') return;
  assert.equal(
    decodedParameter(read.fields.disposition?.parameters ?? [], 'filename'),
    part.name.toWellFormed().normalize('NFC'),
  );
}

describe('a message', () => {
  test('has the parts it was to have, with their content to the octet', async () => {
    await fc.assert(
      fc.asyncProperty(tree, async (wanted) => {
        const message = await written({
          fields: [{ name: 'Subject', value: { form: 'text', text: 'x' } }],
          body: wanted.part,
        });
        const root = scanParts(message);
        compare(message, root, wanted);
      }),
      { numRuns: 300 },
    );
  });

  test('text goes by what is shortest, and is flowed where that changes nothing (RFC 3676)', async () => {
    const header = async (value: string): Promise<string> => {
      const octets = await written({ fields: [], body: text(value) });
      return octets.toString('latin1').split('\r\n\r\n')[0] as string;
    };
    assert.equal(
      await header('Hello\n-- \nAnn'),
      'MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8; format=flowed',
    );
    assert.match(await header('Hej på dig'), /format=flowed\r\nContent-Transfer-Encoding: quoted-printable$/);
    assert.match(await header('あいうえお'), /base64$/);
    assert.match(await header('x'.repeat(77)), /quoted-printable$/);
    assert.doesNotMatch(await header('a \nb'), /flowed/);
    assert.doesNotMatch(await header(' a'), /flowed/);
    assert.doesNotMatch(await header('From here'), /flowed/);
    assert.doesNotMatch(await header('a '), /flowed/);
  });

  test('a structure is found for what is given', () => {
    const html = text('<p>', { type: 'text/html' });
    const shown: DraftPart = { ...text(''), type: 'image/png', cid: 'a', disposition: 'inline' };
    const file: DraftPart = { ...text(''), type: 'image/png', disposition: 'attachment' };
    const shape = (part: DraftPart): string =>
      part.content.kind === 'parts'
        ? `${part.type.slice(10)}(${part.content.parts.map(shape).join(' ')})`
        : part.type;
    const rows: readonly (readonly [DraftPart, string])[] = [
      [structureOf({ text: text('a'), html: undefined, attachments: [] }), 'text/plain'],
      [structureOf({ text: undefined, html: undefined, attachments: [] }), 'text/plain'],
      [structureOf({ text: text('a'), html, attachments: [] }), 'alternative(text/plain text/html)'],
      [structureOf({ text: undefined, html, attachments: [shown] }), 'related(text/html image/png)'],
      [
        structureOf({ text: text('a'), html, attachments: [file, shown] }),
        'mixed(alternative(text/plain related(text/html image/png)) image/png)',
      ],
      [
        structureOf({ text: text('a'), html: undefined, attachments: [shown] }),
        'mixed(text/plain image/png)',
      ],
      [structureOf({ text: undefined, html: undefined, attachments: [file] }), 'mixed(image/png)'],
    ];
    for (const [part, expected] of rows) assert.equal(shape(part), expected);
  });

  test('a charset that nobody named is found out, and what is given of Content-Type stays', async () => {
    const typeOf = async (part: DraftPart): Promise<string> => {
      const octets = await written({ fields: [], body: part });
      return /Content-Type: (.*)\r\n/.exec(octets.toString('latin1'))?.[1] ?? '';
    };
    const csv = (...pieces: readonly Buffer[]): DraftPart => ({
      type: 'text/csv',
      fields: [],
      content: { kind: 'blob', blob: blobOf(...pieces) },
    });
    const letter = Buffer.from('ö');
    assert.equal(await typeOf(csv(letter.subarray(0, 1), letter.subarray(1))), 'text/csv; charset=utf-8');
    assert.equal(await typeOf(csv(Buffer.from([0xe4]))), 'text/csv');
    assert.equal(await typeOf(csv(Buffer.from('a'))), 'text/csv; charset=us-ascii');
    assert.equal(await typeOf({ ...csv(letter), charset: 'iso-8859-1' }), 'text/csv; charset=iso-8859-1');
    assert.equal(
      await typeOf(text('a', { contentType: 'text/plain; format=fixed' })),
      'text/plain; format=fixed; charset=utf-8',
    );
  });

  test('a message inside stays as it is where lines of mail can carry it', async () => {
    const inside = async (octets: Buffer): Promise<string> => {
      const part: DraftPart = {
        type: 'message/rfc822',
        fields: [],
        content: { kind: 'blob', blob: blobOf(octets) },
      };
      return (await written({ fields: [], body: part })).toString('latin1');
    };
    const mail = 'From: ann@example.com\r\n\r\nhi\r\n';
    assert.ok((await inside(Buffer.from(mail))).endsWith(`Content-Type: message/rfc822\r\n\r\n${mail}`));
    assert.match(await inside(Buffer.from(`${mail}\xf6\r\n`, 'latin1')), /Encoding: 8bit/);
    assert.match(await inside(Buffer.from('a\nb')), /message\/global\r\nContent-Transfer-Encoding: base64/);
  });
});
