import assert from 'node:assert/strict';
import { isAscii } from 'node:buffer';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../../test/kit/runs.ts';
import { decodeWords } from '../encoded-word.ts';
import { HeaderBlock } from '../header.ts';
import { type PartOffsets, scanParts } from '../part.ts';
import { MAX_FIELD_BYTES } from './header.ts';
import { downgradeHeader, headerRanges, Surrogate } from './surrogate.ts';

function surrogateOf(message: Buffer, cuts: readonly number[] = []): Buffer {
  const surrogate = new Surrogate(headerRanges(scanParts(message)));
  const out: Buffer[] = [];
  let at = 0;
  for (const length of cuts) {
    out.push(...surrogate.convert(message.subarray(at, at + length)));
    at = Math.min(message.length, at + length);
  }
  out.push(...surrogate.convert(message.subarray(at)), ...surrogate.end());
  return Buffer.concat(out);
}

const FIELD_NAMES = [
  ...[
    'From',
    'To',
    'cc',
    'Subject',
    'Received',
    'Date',
    'Message-ID',
    'References',
    'In-Reply-To',
    'Keywords',
  ],
  ...[
    'Content-Type',
    'Content-Disposition',
    'Content-Transfer-Encoding',
    'X-Any',
    'Resent-To',
    'Return-Path',
  ],
];
const SNIPPETS = [
  ...[
    '<',
    '>',
    '@',
    ',',
    ';',
    ':',
    '(',
    ')',
    '"',
    '\\',
    '=?',
    '?=',
    '=',
    '*',
    "''",
    '[',
    ']',
    '.',
    ' ',
    '  ',
    '\t',
  ],
  ...[
    'ü',
    '\xc3\xbc',
    '\xff',
    '\x80',
    '\0',
    '\r',
    '\r\n ',
    '\n\t',
    'a',
    'word',
    'multipart/mixed',
    'boundary=x',
    'name',
  ],
  ...[
    '=?utf-8?Q?=C3=BC?=',
    '=?x?B?\xfc?=',
    'for',
    'id',
    '*0*=',
    "filename*=utf-8''%C3%9C",
    '--x',
    '-',
    '\x07',
  ],
];
const value = fc.array(fc.constantFrom(...SNIPPETS), { maxLength: 25 }).map((parts) => parts.join(''));
const line = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(fc.constantFrom(...FIELD_NAMES), value).map(([n, v]) => `${n}: ${v}`) },
  { weight: 1, arbitrary: value },
);
/** No line end but folding in a line: what it makes is one field. */
const anyHeader = fc
  .array(fc.tuple(line, fc.constantFrom('\r\n', '\r\n', '\n')), { maxLength: 8 })
  .map((lines) => Buffer.from(lines.map(([text, end]) => text + end).join(''), 'latin1'));
const cuts = fc.array(fc.nat(40), { maxLength: 12 });

describe('a header in ASCII', () => {
  it('whatever it was: ASCII, the same fields in the same order, lines of at most 998 octets', () => {
    fc.assert(
      fc.property(anyHeader, (header) => {
        const out = downgradeHeader(header);
        const end = endOfHeader(out);
        assert.ok(isAscii(out.subarray(0, end)) && !out.subarray(0, end).includes(0), out.toString('latin1'));
        for (const text of out.toString('latin1', 0, end).split('\n')) assert.ok(text.length <= 999);
        const names = (bytes: Buffer): string[] =>
          [...new HeaderBlock(bytes.subarray(0, endOfHeader(bytes))).fields()].map((field) => field.name);
        assert.deepEqual(
          names(out).map((name) => name.replace(/^Downgraded-/, '')),
          names(header),
        );
        assert.deepEqual(downgradeHeader(out.subarray(0, end)), out.subarray(0, end), 'ASCII stays');
      }),
      { numRuns: runs(3000) },
    );
  });

  it('fields longer than anybody needs are text, in ASCII and in bounded time', () => {
    const long = {
      words: `To: ${'jörg <j@example.com>, '.repeat(20_000)}`,
      folded: `Subject: ${'wörter und wörter\r\n '.repeat(20_000)}end`,
      unbroken: `Subject: ${'ü'.repeat(200_000)}`,
      signs: `To: ${'<@'.repeat(15_000)}ü`,
      quotes: `To: ${'"a\\'.repeat(10_000)}ü`,
      parentheses: `From: ${'('.repeat(30_000)}ü`,
      parameters: `Content-Type: a/b${'; a="ü"'.repeat(8000)}`,
      sections: `Content-Type: a/b${Array.from({ length: 5000 }, (_, i) => `; a*${i}="ü"`).join('')}`,
      received: `Received: ${'for ü '.repeat(9000)}`,
      words2047: `Subject: ${'=?utf-8?Q?ü?= '.repeat(4000)}`,
      garbage: 'ü'.repeat(100_000),
    };
    for (const [what, text] of Object.entries(long)) {
      const header = Buffer.from(`A: b\r\n${text}\r\nZ: ö\r\n\r\nbödy`);
      const started = performance.now();
      const out = downgradeHeader(header);
      assert.ok(performance.now() - started < 5000, `${what} takes ${performance.now() - started} ms`);
      const end = endOfHeader(out);
      assert.ok(isAscii(out.subarray(0, end)), what);
      const lines = out.toString('latin1', 0, end).split('\r\n');
      assert.equal(lines[0], 'A: b');
      assert.equal(lines.at(-2), 'Z: =?utf-8?B?w7Y=?=', what);
      assert.ok(
        lines.every(({ length }) => length <= 998),
        what,
      );
      assert.equal(out.toString('utf8', end), '\r\nbödy');
      const fields = what === 'garbage' ? 2 : 3;
      assert.equal(new HeaderBlock(out).count, fields, what);
    }
    const folded = Buffer.from(long.folded);
    assert.ok(folded.length > 2 * MAX_FIELD_BYTES);
  });

  it('a long text reads the same when it is taken in stretches', () => {
    for (const text of [
      'wört '.repeat(40_000),
      'wört plain '.repeat(20_000),
      `${'plain '.repeat(12_000)}ü `,
    ]) {
      const out = downgradeHeader(Buffer.from(`Subject: ${text}end\r\n`)).toString('latin1');
      assert.equal(decodeWords(out.slice('Subject: '.length).replaceAll('\r\n', '')), `${text}end`);
    }
  });
});

describe('a surrogate (RFC 6856 §2.1)', () => {
  const corpus = join(import.meta.dirname, '../../../test/corpus');
  const messages = readdirSync(corpus)
    .filter((file) => file.endsWith('.eml'))
    .map((file) => [file, readFileSync(join(corpus, file))] as const);

  it('has the same parts with the same bodies, and headers in ASCII', () => {
    const inner = 'From: Jürgen <j@example.org>\r\nSubject: Grüße\r\n\r\nInnen, ö\r\n';
    const made = Buffer.from(
      'From: Åse <a@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; x="ä"; boundary=b\r\n\r\n' +
        'präambel\r\n--b\r\nContent-Type: text/plain; name="ü.txt"\r\n\r\nKörper\r\n--b\r\n' +
        `Content-Type: message/rfc822\r\nContent-Description: Brief ö\r\n\r\n${inner}--b--\r\nepilög\r\n`,
    );
    for (const [file, message] of [...messages, ['made', made] as const]) {
      const out = surrogateOf(message);
      const [was, is] = [scanParts(message), scanParts(out)];
      assert.deepEqual(bodies(is, out), bodies(was, message), file);
      for (const { start, end } of headerRanges(is)) assert.ok(isAscii(out.subarray(start, end)), file);
    }
    const text = surrogateOf(made).toString();
    for (const part of ['präambel', 'Körper', 'Innen, ö', 'epilög']) assert.ok(text.includes(part));
    assert.ok(text.includes('Subject: =?utf-8?B?R3LDvMOfZQ==?=\r\n\r\nInnen, ö'));
    assert.ok(text.includes("Content-Type: text/plain; name*=utf-8''%C3%BC.txt\r\n\r\nKörper"));
  });

  it('is the message itself when its headers are ASCII', () => {
    for (const [file, message] of messages) {
      const isPlain = headerRanges(scanParts(message)).every(
        ({ start, end }) =>
          isAscii(message.subarray(start, end)) && !message.subarray(start, end).includes(0),
      );
      if (isPlain) assert.deepEqual(surrogateOf(message), message, file);
    }
  });

  it('is the same however the message is cut', () => {
    const any = fc.oneof(
      fc.constantFrom(...messages.map(([, message]) => message)),
      fc
        .tuple(anyHeader, value)
        .map(([header, body]) =>
          Buffer.concat([
            header,
            Buffer.from(`\r\n${body}\r\n--x\r\nSubject: \xfc\r\n\r\n\xfc\r\n--x--`, 'latin1'),
          ]),
        ),
    );
    fc.assert(
      fc.property(any, cuts, (message, lengths) => {
        assert.equal(
          surrogateOf(message, lengths).toString('latin1'),
          surrogateOf(message).toString('latin1'),
        );
      }),
      { numRuns: runs(1000) },
    );
  });

  it('ends a header where the client sees it end', () => {
    const message = Buffer.from('Subject: ü\r\n\r\r\nbödy: ö\r\n\r\nmöre\r\n');
    assert.equal(
      surrogateOf(message).toString(),
      'Subject: =?utf-8?B?w7w=?=\r\n\r\r\nbödy: ö\r\n\r\nmöre\r\n',
    );
  });
});

/** Where the blank line begins, as POP3 sees one, or the end. */
function endOfHeader(bytes: Buffer): number {
  const found = /(?:^|\n)(\r*\n)/.exec(bytes.toString('latin1'));
  return found === null ? bytes.length : found.index + found[0].length - (found[1] as string).length;
}

function bodies({ kind, bodyStart, end, children }: PartOffsets, message: Buffer): unknown[] {
  if (kind === 'leaf') return [kind, message.toString('latin1', bodyStart, end)];
  return [kind, ...children.map((child) => bodies(child, message))];
}
