import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/kit/runs.ts';
import { CrlfProbe, LineReader, LineWriter, type Quoting } from './line-form.ts';

function read(chunks: readonly Buffer[], quoting: Quoting, wantsCrlf = true): string {
  const reader = new LineReader({ quoting, wantsCrlf });
  return Buffer.concat([...chunks.map((chunk) => reader.push(chunk)), reader.end()]).toString('latin1');
}

function write(chunks: readonly Buffer[], options: { quotes: boolean; wantsLf: boolean }): Buffer {
  const writer = new LineWriter(options);
  return Buffer.concat([...chunks.map((chunk) => writer.push(chunk)), writer.end()]);
}

const octets = (text: string): Buffer => Buffer.from(text, 'latin1');

describe('file to message', () => {
  const rows: readonly (readonly [Quoting, string, string])[] = [
    ['none', 'a\nb\n', 'a\r\nb\r\n'],
    ['none', 'a\r\nb\n', 'a\r\nb\r\n'],
    ['none', 'a\rb\n\n', 'a\rb\r\n\r\n'],
    ['none', '>From x\n', '>From x\r\n'],
    ['mboxrd', '>From x\n>>From y\n', 'From x\r\n>From y\r\n'],
    ['mboxo', '>From x\n>>From y\n', 'From x\r\n>>From y\r\n'],
    ['mboxrd', '> From x\n>Fro\n>\n>from \n', '> From x\r\n>Fro\r\n>\r\n>from \r\n'],
    ['mboxrd', 'see >From x\n', 'see >From x\r\n'],
    ['mboxrd', '>From ', 'From '],
    ['mboxrd', '>>', '>>'],
    ['mboxrd', '', ''],
  ];
  for (const [quoting, input, expected] of rows) {
    test(`${quoting} ${JSON.stringify(input)}, at every cut`, () => {
      for (let cut = 0; cut <= input.length; cut++) {
        assert.equal(read([octets(input.slice(0, cut)), octets(input.slice(cut))], quoting), expected);
      }
      assert.equal(read([...input].map(octets), quoting), expected);
    });
  }
});

const text = fc
  .array(fc.constantFrom('From ', '>', '\n', '\r\n', '\r', 'a', 'b c', '\n\n'), { maxLength: 30 })
  .map((parts) => octets(parts.join('')));

test('what was written is read back, whatever the cuts', () => {
  fc.assert(
    fc.property(text, fc.nat(40), fc.nat(40), (message, cut, other) => {
      const probe = new CrlfProbe();
      probe.push(message.subarray(0, cut));
      probe.push(message.subarray(cut));
      const isRaw = !probe.isCanonical;
      const file = write([message.subarray(0, cut), message.subarray(cut)], {
        quotes: true,
        wantsLf: !isRaw,
      });
      assert.doesNotMatch(file.toString('latin1'), /(^|\n)From /);
      const back = read([file.subarray(0, other), file.subarray(other)], 'mboxrd', !isRaw);
      assert.equal(back, message.toString('latin1'));
    }),
    { numRuns: runs(2000) },
  );
});

test('a line of megabytes passes through', () => {
  const long = Buffer.alloc(300_000, 0x61);
  const message = Buffer.concat([long, octets('\r\nFrom x\r\n'), long, octets('\r\n')]);
  const file = write([message.subarray(0, 100_000), message.subarray(100_000)], {
    quotes: true,
    wantsLf: true,
  });
  assert.equal(read([file], 'mboxrd'), message.toString('latin1'));
});
