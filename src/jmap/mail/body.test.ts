/** Bodies: which parts are shown, their texts and where these are cut, their sizes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { analyze } from '../../mail/message.ts';
import { decodeParts } from '../../mail/part-codec.ts';
import { bodyLists, type ListedPart } from './body-lists.ts';
import { readBodyTree } from './body-tree.ts';
import { bodyValue, cut, ValueBudget } from './body-values.ts';
import { decodedSize } from './decoded-size.ts';
import { heldOctets } from './message-octets.ts';
import { ViewBudget } from './view-budget.ts';

interface Part extends ListedPart<Part> {
  readonly label: string;
}

const leaf = (
  label: string,
  type: string,
  disposition: string | null = null,
  name: string | null = null,
): Part => ({
  ...{ label, type, disposition, name },
  subParts: undefined,
});
const multi = (type: string, ...subParts: Part[]): Part => ({
  ...{ label: type, type: `multipart/${type}`, disposition: null, name: null, subParts },
});
const inline = (label: string, type = 'text/plain'): Part => leaf(label, type, 'inline');
const listed = (root: Part): string => {
  const { textBody, htmlBody, attachments } = bodyLists(root);
  const labels = (parts: readonly Part[]): string => parts.map(({ label }) => label).join('');
  return `${labels(textBody)} ${labels(htmlBody)} ${labels(attachments)}`;
};

test('the parts of a body, with the example of RFC 8621 §4.1.4', () => {
  const example = multi(
    'mixed',
    inline('A'),
    multi(
      'mixed',
      multi(
        'alternative',
        multi('mixed', inline('B'), inline('C', 'image/jpeg'), inline('D')),
        multi('related', leaf('E', 'text/html'), leaf('F', 'image/jpeg')),
      ),
      leaf('G', 'image/jpeg', 'attachment'),
      leaf('H', 'application/x-excel'),
      leaf('J', 'message/rfc822'),
    ),
    inline('K'),
  );
  assert.equal(listed(example), 'ABCDK AEK CFGHJ');
  const cases: readonly (readonly [Part, string])[] = [
    [leaf('A', 'text/plain'), 'A A '],
    [leaf('A', 'text/html'), 'A A '],
    [leaf('A', 'application/pdf'), '  A'],
    [leaf('A', 'text/calendar'), '  A'],
    [multi('alternative', leaf('A', 'text/plain'), leaf('B', 'text/html')), 'A B '],
    [multi('alternative', leaf('B', 'text/html')), 'B B '],
    [multi('alternative', leaf('A', 'text/plain'), leaf('B', 'text/calendar')), 'A A B'],
    [multi('mixed', leaf('A', 'text/plain'), leaf('B', 'text/plain', null, 'b.txt')), 'A A B'],
    [multi('mixed', leaf('A', 'text/plain'), leaf('B', 'image/png')), 'AB AB '],
    [multi('related', leaf('A', 'text/html'), leaf('B', 'image/png')), 'A A B'],
    [multi('alternative', leaf('A', 'text/plain'), multi('alternative', leaf('B', 'text/html'))), 'AB B '],
    [multi('mixed'), '  '],
  ];
  for (const [part, expected] of cases) assert.equal(listed(part), expected);
});

test('property: every part is somewhere, and no part is attached that is shown in both', () => {
  const types = ['text/plain', 'text/html', 'image/png', 'application/pdf', 'message/rfc822', 'text/csv'];
  const { part } = fc.letrec<{ part: Part }>((tie) => ({
    part: fc.oneof(
      { maxDepth: 4 },
      fc
        .tuple(
          fc.constantFrom(...types),
          fc.constantFrom(null, 'inline', 'attachment'),
          fc.constantFrom(null, 'x'),
        )
        .map(([type, disposition, name]) => leaf('.', type, disposition, name)),
      fc
        .tuple(fc.constantFrom('mixed', 'alternative', 'related'), fc.array(tie('part'), { maxLength: 4 }))
        .map(([type, parts]) => multi(type, ...parts)),
    ),
  }));
  fc.assert(
    fc.property(part, (root) => {
      const { textBody, htmlBody, attachments } = bodyLists(root);
      const leaves = (one: Part): Part[] => one.subParts?.flatMap(leaves) ?? [one];
      for (const one of leaves(root)) {
        const isInBoth = textBody.includes(one) && htmlBody.includes(one);
        assert.ok(textBody.includes(one) || htmlBody.includes(one) || attachments.includes(one));
        assert.ok(!isInBoth || !attachments.includes(one));
      }
      for (const list of [textBody, htmlBody, attachments]) assert.equal(new Set(list).size, list.length);
    }),
  );
});

async function readValue(message: string | Buffer, mostBytes = 0) {
  const octets = Buffer.from(message as string);
  const held = heldOctets(octets);
  const root = await readBodyTree(held, decodeParts(analyze(octets).parts), new ViewBudget());
  const part = root.subParts?.[0] ?? root;
  const value = await bodyValue(held, part, { mostBytes, budget: new ValueBudget() });
  return { part, ...value };
}

test('texts are decoded, and what is wrong with them is said (RFC 8621 §4.1.4)', async () => {
  const text = (type: string, body: string | Buffer, more = ''): Buffer =>
    Buffer.concat([Buffer.from(`Content-Type: ${type}\r\n${more}\r\n`), Buffer.from(body as string)]);
  const latin = (body: string): Buffer => Buffer.from(body, 'latin1');
  const cases: readonly (readonly [Buffer | string, string, boolean])[] = [
    ['Subject: x\r\n\r\none\r\ntwo\r\n', 'one\ntwo\n', false],
    [text('text/plain; charset=utf-8', 'å\r\n'), 'å\n', false],
    [text('text/plain; charset=iso-8859-1', latin('\xe5')), 'å', false],
    [text('text/plain; charset=utf-8', latin('a\xe5b')), 'a\ufffdb', true],
    [text('text/plain; charset=utf-8', 'a\ufffdb'), 'a\ufffdb', false],
    [text('text/plain; charset=x-nobody', 'plain'), 'plain', true],
    [text('text/plain; charset=us-ascii', 'å'), 'å', true],
    ['Subject: x\r\n\r\nå', 'å', false],
    [latin('Subject: x\r\n\r\n\xe5'), 'å', true],
    [text('text/html', latin('<meta charset=iso-8859-1><p>\xe5')), '<meta charset=iso-8859-1><p>å', false],
    [
      text('text/plain; charset=utf-8', '=C3=A5=\r\nb', 'Content-Transfer-Encoding: quoted-printable\r\n'),
      'åb',
      false,
    ],
    [text('text/plain; charset=utf-8', 'w6U=', 'Content-Transfer-Encoding: base64\r\n'), 'å', false],
    [text('text/plain', 'as it is', 'Content-Transfer-Encoding: x-uuencode\r\n'), 'as it is', true],
    [text('text/plain', 'a\rb\n\r\n\r'), 'a\rb\n\n\r', false],
    ['Subject: nothing\r\n\r\n', '', false],
  ];
  for (const [message, expected, isProblem] of cases) {
    const { value, isEncodingProblem, isTruncated } = await readValue(message as string);
    assert.deepEqual([value, isEncodingProblem, isTruncated], [expected, isProblem, false], `${message}`);
  }
});

test('a text is cut at a character, and not in a tag of HTML', async () => {
  const cases: readonly (readonly [string, number, boolean, string])[] = [
    ['abc', 3, false, 'abc'],
    ['abcd', 3, false, 'abc'],
    ['aå', 2, false, 'a'],
    ['a😀', 4, false, 'a'],
    ['a😀b', 5, false, 'a😀'],
    ['<p>text <a href="x">', 15, true, '<p>text '],
    ['<p>text <a href="x">', 15, false, '<p>text <a href'],
    ['<p>1 > 0 &amp; more', 12, true, '<p>1 > 0 '],
    ['<b>', 2, true, ''],
  ];
  for (const [text, most, isHtml, expected] of cases) assert.equal(cut(text, most, isHtml), expected, text);
  const long = `Content-Type: text/plain; charset=utf-8\r\n\r\n${'å\r\n'.repeat(100_000)}`;
  const { value, isTruncated } = await readValue(long, 1000);
  assert.ok(isTruncated && Buffer.byteLength(value) <= 1000 && Buffer.byteLength(value) > 990);
  assert.equal((await readValue(long)).value, 'å\n'.repeat(100_000));
});

test('property: a cut text is a beginning of it, in so many octets', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.nat(50),
      fc.boolean(),
      (raw, most, isHtml) => {
        const text = raw.toWellFormed();
        const start = cut(text, most, isHtml);
        assert.ok(text.startsWith(start) && Buffer.byteLength(start) <= most && start.isWellFormed());
      },
    ),
  );
});

test('what a part decodes to is counted, or computed where its lines are all alike', async () => {
  const sizeOf = async (body: string, encoding: 'base64' | 'quoted-printable' | 'identity') => {
    const octets = Buffer.from(body, 'latin1');
    const read: number[] = [];
    const held = heldOctets(octets);
    const stream = (stretch: { start: number; end: number }) => {
      read.push(stretch.end - stretch.start);
      return held.stream(stretch);
    };
    const part = {
      kind: 'leaf',
      headerStart: 0,
      bodyStart: 0,
      end: octets.length,
      encoding,
      children: [],
    } as const;
    return { size: await decodedSize({ ...held, stream }, part), isReadThrough: read.length > 0 };
  };
  const lines = (octets: Buffer, width: number, eol: string): string =>
    (octets.toString('base64').match(new RegExp(`.{1,${width}}`, 'g')) ?? []).join(eol) + eol;
  assert.deepEqual(await sizeOf('a=20b=\r\n', 'quoted-printable'), { size: 3, isReadThrough: true });
  assert.deepEqual(await sizeOf('abc', 'identity'), { size: 3, isReadThrough: false });
  assert.deepEqual(await sizeOf('YWJj\r\nZA==\r\n', 'base64'), { size: 4, isReadThrough: true });
  for (const length of [700_000, 700_001, 700_002, 57 * 14_000, 57 * 14_000 + 1])
    for (const [width, eol] of [
      [76, '\r\n'],
      [72, '\n'],
      [60, '\r\n'],
    ] as const) {
      const body = lines(Buffer.alloc(length, 'x'), width, eol);
      assert.deepEqual(
        await sizeOf(body, 'base64'),
        { size: length, isReadThrough: false },
        `${length} ${width}`,
      );
      assert.equal((await sizeOf(body.trimEnd(), 'base64')).size, length);
      const broken = `${body.slice(0, 300_000)}\r\n${body.slice(300_000)}`;
      const { size, isReadThrough } = await sizeOf(broken, 'base64');
      assert.deepEqual({ size, isReadThrough }, { size: length, isReadThrough: true });
    }
});
