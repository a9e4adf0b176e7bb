import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/kit/runs.ts';
import { transferDecoder } from './transfer-decoder.ts';
import { decodeTransfer } from './transfer-encoding.ts';

const LETTERS = [
  'A',
  'b',
  '9',
  '+',
  '/',
  '=',
  '=\r\n',
  '= \t\r\n',
  '=4',
  '=41',
  ' ',
  '\t',
  '\r',
  '\n',
  '\r\n',
  '-',
  '=',
];

for (const encoding of ['base64', 'quoted-printable', 'identity'] as const) {
  test(`${encoding} in pieces is ${encoding} of the whole (RFC 2045 §6)`, () => {
    const body = fc
      .array(fc.constantFrom(...LETTERS), { maxLength: 60 })
      .map((all) => Buffer.from(all.join('')));
    fc.assert(
      fc.property(body, fc.array(fc.nat(12), { maxLength: 30 }), (bytes, sizes) => {
        const decoder = transferDecoder(encoding);
        assert.ok(decoder);
        const out: Buffer[] = [];
        let at = 0;
        for (const size of sizes) {
          out.push(decoder.write(bytes.subarray(at, at + size)));
          at += size;
        }
        out.push(decoder.write(bytes.subarray(at)), decoder.end());
        assert.deepEqual(Buffer.concat(out), decodeTransfer(bytes, encoding));
      }),
      { numRuns: runs(2000) },
    );
  });
}

test('nobody knows how to decode an unknown encoding', () => {
  assert.equal(transferDecoder('unknown'), undefined);
});
