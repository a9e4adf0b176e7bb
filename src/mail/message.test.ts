import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { ImapSyntax } from '../../test/imap-syntax.ts';
import { runs } from '../../test/kit/runs.ts';
import { bodyFromStructure } from './body-structure.ts';
import { headerRanges } from './downgrade/surrogate.ts';
import { MAX_ENVELOPE_BYTES } from './envelope.ts';
import { analyze, MessageAnalyzer, type MessageFacts } from './message.ts';
import type { PartOffsets } from './part.ts';
import { decodeParts } from './part-codec.ts';
import { isPlainHeader, TRAIT } from './traits.ts';

const CORPUS = new URL('../../test/corpus/', import.meta.url);

const messages = readdirSync(CORPUS)
  .filter((name) => name.endsWith('.eml'))
  .map((name) => ({
    name,
    bytes: readFileSync(new URL(name, CORPUS)),
    expected: JSON.parse(readFileSync(new URL(name.replace('.eml', '.json'), CORPUS), 'utf8')) as Record<
      string,
      unknown
    >,
  }));

/** One line a part: path, kind, encoding, offsets, and the beginning of the body. */
function partLines(message: Buffer, part: PartOffsets, path = ''): string[] {
  const body = JSON.stringify(message.toString('latin1', part.bodyStart, part.end).slice(0, 60));
  const own = `${path || 'message'} ${part.kind} ${part.encoding} ${part.headerStart} ${part.bodyStart} ${part.end} ${body}`;
  return [own, ...part.children.flatMap((child, i) => partLines(message, child, `${path}/${i + 1}`))];
}

function shown(message: Buffer, facts: MessageFacts): Record<string, unknown> {
  return {
    subject: facts.subject,
    ...(facts.messageId !== undefined && { messageId: facts.messageId }),
    ...(facts.sentSeconds !== undefined && { sentSeconds: facts.sentSeconds }),
    headerBytes: facts.headerBytes,
    envelope: facts.envelope.toString('latin1'),
    bodyStructure: facts.bodyStructure.toString('latin1'),
    parts: partLines(message, decodeParts(facts.parts)),
  };
}

/** What is kept beside what is sent, in a form that can be compared. */
function derived(facts: MessageFacts): readonly (string | number | undefined)[] {
  const { storedHeader, searchText, preview, sortKeys, links, traits } = facts;
  return [storedHeader, searchText, preview, sortKeys, links]
    .map((it) => it?.toString('latin1') ?? '-')
    .concat(`${traits}`);
}

function analyzeInPieces(message: Buffer, sizes: readonly number[]): MessageFacts {
  const analyzer = new MessageAnalyzer();
  let at = 0;
  for (let i = 0; at < message.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    // A copy that is overwritten afterwards: the scanner must not rely on a piece it was given.
    const piece = Buffer.from(message.subarray(at, at + size));
    analyzer.write(piece);
    at += size;
  }
  return analyzer.end();
}

function assertValid(facts: MessageFacts): void {
  ImapSyntax.envelope(facts.envelope);
  const full = ImapSyntax.body(facts.bodyStructure, true);
  const bare = ImapSyntax.body(bodyFromStructure(facts.bodyStructure), false);
  assert.equal(String(bare[0]).length > 0, String(full[0]).length > 0);
  assert.ok(facts.envelope.length <= MAX_ENVELOPE_BYTES);
  assert.ok(facts.bodyStructure.length <= 1024 * 1024);
}

function assertNested(part: PartOffsets, start: number, end: number): void {
  assert.ok(start <= part.headerStart && part.headerStart <= part.bodyStart, 'header lies before body');
  assert.ok(part.bodyStart <= part.end && part.end <= end, 'part lies in its parent');
  let at = part.bodyStart;
  for (const child of part.children) {
    assertNested(child, at, part.end);
    at = child.end;
  }
}

for (const { name, bytes, expected } of messages) {
  test(`corpus: ${name}`, () => {
    const { about: _, ...rest } = expected;
    const facts = analyze(bytes);
    assert.deepEqual(shown(bytes, facts), rest);
    assertValid(facts);
  });

  test(`corpus, one octet at a time and at every cut: ${name}`, () => {
    const whole = shown(bytes, analyze(bytes));
    assert.deepEqual(shown(bytes, analyzeInPieces(bytes, [1])), whole);
    for (const sizes of [[1], [2, 3], [1000], [5, 4000]])
      assert.deepEqual(derived(analyzeInPieces(bytes, sizes)), derived(analyze(bytes)));
    for (let cut = 1; cut < bytes.length; cut++) {
      assert.deepEqual(shown(bytes, analyzeInPieces(bytes, [cut, bytes.length])), whole, `cut at ${cut}`);
    }
  });
}

/** Text made of what matters to the scanner, so that random messages reach its branches. */
const FRAGMENTS = [
  '\r\n',
  '\n',
  '\r',
  '-',
  '--',
  '--a',
  '--a--',
  '--ab',
  '\n--a\n',
  '\r\n--ab\r\n',
  '\n--a--\n',
  '\n\n',
  'Content-Type: multipart/mixed; boundary=a\r\n\r\n',
  'Content-Type: multipart/digest; boundary="ab"\n\n',
  'Content-Type: message/rfc822\r\n\r\n',
  'Content-Type: text/plain; charset=x\r\n',
  'Content-Transfer-Encoding: base64\r\n',
  'Content-Disposition: attachment; filename*0=a; filename*1*=%41; filename="\\"\r\n',
  'From: a <b@c>, d: "e\\" <f@g>;, (h (i) j) k@l\r\n',
  'To: :;,<@>@,"\r\n',
  'Subject: =?utf-8?q?=41?= =?b?\r\n',
  'Date: 1 Jan 24 10:00\r\n',
  ' folded',
  '\0',
  '\xff',
  'text',
] as const;

const hostile = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...FRAGMENTS) },
      fc.string({ unit: 'binary', maxLength: 6 }),
    ),
    {
      maxLength: 40,
    },
  )
  .map((pieces) => Buffer.from(pieces.join(''), 'latin1'));

test('property: any octets give valid responses and nested offsets', () => {
  fc.assert(
    fc.property(hostile, (message) => {
      const facts = analyze(message);
      assertValid(facts);
      assert.equal(facts.sizeBytes, message.length);
      const root = decodeParts(facts.parts);
      assert.equal(root.end, message.length);
      assertNested(root, 0, message.length);
    }),
    { numRuns: runs(3000) },
  );
});

test('property: the facts do not depend on how the message is cut', () => {
  fc.assert(
    fc.property(
      hostile,
      fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 8 }),
      (message, sizes) => {
        const [whole, pieces] = [analyze(message), analyzeInPieces(message, sizes)];
        assert.deepEqual(shown(message, pieces), shown(message, whole));
        assert.deepEqual(derived(pieces), derived(whole));
      },
    ),
    { numRuns: runs(2000) },
  );
});

const MEGABYTE = 1024 * 1024;
const hostileMessages: readonly [string, () => Buffer][] = [
  ['10 MB of parentheses in From', () => Buffer.from(`From: ${'('.repeat(10 * MEGABYTE)}\r\n\r\n`)],
  ['parentheses, quotes and brackets', () => Buffer.from(`From: ${'("[<'.repeat(MEGABYTE / 2)}\r\n\r\n`)],
  ['addresses without end', () => Buffer.from(`To: ${'a@b,'.repeat(MEGABYTE)}\r\n\r\n`)],
  [
    'routes without end',
    () => Buffer.from(`To: ${'<@a,'.repeat(MEGABYTE)}\r\nCc: <${'@a,'.repeat(MEGABYTE)}\r\n\r\n`),
  ],
  ['dots without end', () => Buffer.from(`To: x@${'a. '.repeat(MEGABYTE)}\r\n\r\n`)],
  ['one field of 10 MB', () => Buffer.from(`Subject: ${'a'.repeat(10 * MEGABYTE)}\r\n\r\nbody`)],
  ['encoded words that never end', () => Buffer.from(`Subject: ${'=?u?q?'.repeat(MEGABYTE)}\r\n\r\nbody`)],
  [
    '10 MB of blank continuation lines',
    () => Buffer.from(`Subject: x\r\n${' \r\n'.repeat(3 * MEGABYTE)}\r\nbody`),
  ],
  ['a million fields', () => Buffer.from(`${'A: b\r\n'.repeat(MEGABYTE)}\r\nbody`)],
  ['CR without end', () => Buffer.from(`Subject: ${'\r'.repeat(10 * MEGABYTE)}x\r\n\r\nbody`)],
  [
    'parameters without end',
    () => Buffer.from(`Content-Type: text/plain${'; a=b'.repeat(MEGABYTE)}\r\n\r\nbody`),
  ],
  [
    'continuations backwards',
    () => {
      const pieces = Array.from({ length: 100_000 }, (_, i) => `; a*${99_999 - i}*=x`);
      return Buffer.from(`Content-Type: text/plain${pieces.join('')}\r\n\r\nbody`);
    },
  ],
  [
    'comments in parameters',
    () => Buffer.from(`Content-Type: text/plain; a=${'('.repeat(10 * MEGABYTE)}\r\n\r\nbody`),
  ],
  [
    'dashes',
    () => Buffer.from(`Content-Type: multipart/mixed; boundary=-\r\n\r\n${'\n--'.repeat(3 * MEGABYTE)}`),
  ],
  ['100,000 nested messages', () => Buffer.from('Content-Type: message/rfc822\r\n\r\n'.repeat(100_000))],
  [
    '100,000 nested multiparts',
    () =>
      Buffer.from(
        Array.from(
          { length: 100_000 },
          (_, i) => `Content-Type: multipart/mixed; boundary=${i}\r\n\r\n--${i}\r\n`,
        ).join(''),
      ),
  ],
  [
    '200,000 parts',
    () =>
      Buffer.from(`Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n\r\nx\r\n'.repeat(200_000)}`),
  ],
  [
    'a digest of 100,000 messages',
    () =>
      Buffer.from(
        `Content-Type: multipart/digest; boundary=b\r\n\r\n${'--b\r\n\r\nA: b\r\n\r\n'.repeat(100_000)}`,
      ),
  ],
  [
    'parts with large headers',
    () => {
      const part = `--b\r\nContent-Type: text/plain; name="${'n'.repeat(8000)}"\r\n\r\nx\r\n`;
      return Buffer.from(`Content-Type: multipart/mixed; boundary=b\r\n\r\n${part.repeat(3000)}`);
    },
  ],
  [
    'boundaries with a long common beginning',
    () => {
      const stem = 's'.repeat(900);
      const open = Array.from(
        { length: 99 },
        (_, i) => `Content-Type: multipart/mixed; boundary=${stem}${i}\r\n\r\n--${stem}${i}\r\n`,
      );
      return Buffer.from(`${open.join('')}\r\n${`--${stem}\r\n`.repeat(10_000)}`);
    },
  ],
];

for (const [name, make] of hostileMessages) {
  test(`hostile: ${name}`, () => {
    const message = make();
    const facts = analyze(message);
    assertValid(facts);
    assertNested(decodeParts(facts.parts), 0, message.length);
  });
}

test('a message has plain headers when its own and those of its parts are (TRAIT.PlainHeaders)', () => {
  const isPlain = (bytes: Buffer): boolean => (analyze(bytes).traits & TRAIT.PlainHeaders) !== 0;
  for (const { name, bytes } of messages) {
    const headers = headerRanges(decodeParts(analyze(bytes).parts));
    const expected = headers.every(({ start, end }) => isPlainHeader(bytes.subarray(start, end)));
    assert.equal(isPlain(bytes), expected, name);
    assert.equal((analyzeInPieces(bytes, [1, 7]).traits & TRAIT.PlainHeaders) !== 0, expected, name);
  }
  const inPart = (field: string): Buffer =>
    Buffer.from(
      `Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n${field}\r\n\r\nb\u00f6dy\r\n--b--\r\n`,
    );
  assert.ok(isPlain(inPart('Content-Description: x')));
  assert.ok(!isPlain(inPart('Content-Description: \u00f6')));
  assert.ok(!isPlain(Buffer.from('Subject: a\0b\r\n\r\n')));
  // Of a header that is kept in part only nobody knows.
  assert.ok(!isPlain(Buffer.from(`X: ${'x'.repeat(2 * 1024 * 1024)}\r\n\r\n`)));
});

test('a boundary in any form of RFC 2231 makes parts', () => {
  const boundaries = [
    "boundary*0*=us-ascii''%3Dabc;\r\n boundary*1*=def",
    "boundary*=utf-8'en'%3Dabcdef",
    'boundary*0="=ab"; boundary*1*=c%64; boundary*2=ef',
    'Boundary*1=def; BOUNDARY*0="=abc"',
  ];
  for (const boundary of boundaries) {
    const message = `Content-Type: multipart/mixed; ${boundary}\r\n\r\n--=abcdef\r\n\r\none\r\n--=abcdef\r\n\r\ntwo\r\n--=abcdef--\r\n`;
    const { children } = decodeParts(analyze(Buffer.from(message)).parts);
    assert.deepEqual(
      children.map(({ bodyStart, end }) => message.slice(bodyStart, end)),
      ['one', 'two'],
      boundary,
    );
  }
});
