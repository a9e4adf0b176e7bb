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
  ' '.repeat(999),
  '\t'.repeat(1000),
  ' '.repeat(1001),
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

test('white space at a line end goes, but not more than transport adds (RFC 2045 §6.7 rule 3)', () => {
  const of = (text: string) => decodeTransfer(Buffer.from(text), 'quoted-printable')?.toString();
  assert.equal(of(`a${' '.repeat(1000)}\r\nb`), 'a\r\nb');
  assert.equal(of(`a${' '.repeat(1001)}\r\nb`), `a${' '.repeat(1001)}\r\nb`);
  assert.equal(of(`a=${' '.repeat(1000)}\r\nb`), 'ab');
});

test('an endless line is decoded as it comes, whatever it is made of', () => {
  const cases = [
    ['quoted-printable', 'a=3D'],
    ['quoted-printable', ' '],
    ['quoted-printable', '='],
    ['quoted-printable', '= '],
    ['quoted-printable', '\r'],
    ['base64', 'QUJD'],
    ['base64', '!'],
  ] as const;
  for (const [encoding, unit] of cases) {
    const piece = Buffer.from(unit.repeat(65_536 / unit.length));
    const decoder = transferDecoder(encoding);
    assert.ok(decoder);
    // The first octet of a group, or of a line.
    const whole = [Buffer.from('Q')];
    let size = decoder.write(whole[0] as Buffer).length;
    for (let i = 0; i < 40; i++) {
      whole.push(piece);
      const out: Buffer = decoder.write(piece);
      if (unit !== '!') assert.ok(out.length > piece.length / 3 - 2000, `${encoding} ${unit}`);
      size += out.length;
    }
    size += decoder.end().length;
    assert.equal(size, decodeTransfer(Buffer.concat(whole), encoding)?.length, `${encoding} ${unit}`);
  }
});

test('nobody knows how to decode an unknown encoding', () => {
  assert.equal(transferDecoder('unknown'), undefined);
});
