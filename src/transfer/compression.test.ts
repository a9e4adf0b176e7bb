import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { decodeLz4Block } from './lz4-block.ts';
import { openMaildirSource } from './maildir-source.ts';

const folder = mkdtempSync(join(tmpdir(), 'brevduva-compressed-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const PLAIN = Buffer.from(`Subject: compressed\n\n${'From the same words again and again\n'.repeat(40)}`);
const MESSAGE = PLAIN.toString('latin1').replaceAll('\n', '\r\n');
const octets = (text: string): Buffer => Buffer.from(text, 'base64');
const BZIP2 = octets(
  'QlpoOTFBWSZTWZCK40cAAKJfgAAQQAAAEAEACAA+896AMAC4CgAxGmmjQoAMRppo0CpRRk9EDamyS1PoiojkRURp5EcCKCMeIRYI+BFhFRGaathGRFxG4jm3fgI9CKBF8CKiKYCKiNBGOhG+ojrIjIi4j3fbsI6oI/i7kinChISEVxo4',
);
const XZ = octets(
  '/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4AW0AEFdACmdSEbKgO9YaFmU7oEfqrhKrjx6zZVJ2zz3Y+Jhsu70vlMZZ0m0IhBIDkMXA7fw8zP42zkvtYTahWI2SEAmKDoAAAAAAA1cNZdUjq0SAAFdtQsAAACRz2N8scRn+wIAAAAABFla',
);
/** The container of Dovecot around a block of the lz4 program. */
const LZ4 = octets(
  'RG92ZWNvdC1MWjQNKpvFAAEAAAAAAEXyI1N1YmplY3Q6IGNvbXByZXNzZWQKCkZyb20gdGhlIHNhbWUgd29yZHMgYWdhaW4gYW5kCgAPJAD//////2pQZ2Fpbgo=',
);

let count = 0;
function read(bytes: Buffer, name = '1500000000.M1P1.host,S=1462,W=1504:2,S'): string {
  const path = join(folder, `m${count++}`);
  mkdirSync(join(path, 'cur'), { recursive: true });
  writeFileSync(join(path, 'cur', name), bytes);
  const message = openMaildirSource(path).folders[0]?.open().messages[0];
  assert.ok(message);
  try {
    const { chunks } = message.load() ?? assert.fail('passed over');
    const text = Buffer.concat([...chunks()]).toString('latin1');
    assert.equal(Buffer.concat([...chunks()]).toString('latin1'), text, 'a second pass differs');
    return text;
  } catch (error) {
    return (error as Error).message;
  }
}

describe('what Dovecot compressed is decompressed', () => {
  const rows: readonly (readonly [string, Buffer])[] = [
    ['gzip', gzipSync(PLAIN)],
    ['zstd', zstdCompressSync(PLAIN)],
    ['bzip2', BZIP2],
    ['lz4', LZ4],
    ['nothing', PLAIN],
  ];
  for (const [name, bytes] of rows) {
    test(name, () => {
      assert.equal(read(bytes), MESSAGE);
      assert.equal(read(bytes, '1500000000.M1P1.host:2,'), MESSAGE, 'without sizes in its name');
    });
    if (name === 'nothing') continue;
    const isDamaged = new RegExp(`compressed by ${name} and damaged`);
    test(`${name}, cut off`, () => assert.match(read(bytes.subarray(0, bytes.length - 9)), isDamaged));
    if (name !== 'gzip' && name !== 'bzip2') continue;
    test(`${name}, broken inside`, () => {
      const broken = Buffer.from(bytes);
      broken.fill(0xff, 24, 40);
      assert.match(read(broken), isDamaged);
    });
  }
  test('a large one', () => {
    const large = Buffer.from(`Subject: x\r\n\r\n${'x'.repeat(998)}\r\n`.repeat(3000));
    assert.ok(read(gzipSync(large)) === large.toString('latin1'));
  });
});

describe('what is not read is refused by name', () => {
  const rows: readonly (readonly [string, Buffer, RegExp])[] = [
    ['xz', XZ, /compressed by xz, which is not read here; .*xz -dc/],
    [
      'lz4 frames',
      octets(
        'BCJNGGRAp0UAAADyI1N1YmplY3Q6IGNvbXByZXNzZWQKCkZyb20gdGhlIHNhbWUgd29yZHMgYWdhaW4gYW5kCgAPJAD//////2pQZ2FpbgoAAAAAzAMpYg==',
      ),
      /lz4 -dc/,
    ],
    ['compress', Buffer.from('1f9d90530000', 'hex'), /compress \(\.Z\)/],
    ['mail_crypt', Buffer.from('CRYPTED\x03\x07\x02\0', 'latin1'), /mail_crypt.*without encryption/],
    ['a bomb', gzipSync(Buffer.alloc(300 * 1024 * 1024), { level: 1 }), /gzip and holds more than 256 MiB/],
  ];
  for (const [name, bytes, pattern] of rows) test(name, () => assert.match(read(bytes), pattern));
});

test('a message that begins like a compressed file and is as large as its name says is none', () => {
  const bytes = gzipSync(PLAIN);
  const text = read(bytes, `1500000000.M1P1.host,S=${bytes.length}:2,`);
  assert.equal(text.slice(0, 2), '\u001f\u008b');
});

describe('blocks of LZ4', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['literals beyond its end', '50616263'],
    ['a length without end', 'f0ffff'],
    ['a copy from before its start', '10610500'],
    ['a copy from nowhere', '10610000'],
    ['longer than it may be', '1f610100ffffff00'],
    ['no distance', '1061'.concat('01')],
  ];
  for (const [name, hex] of rows) {
    test(name, () => assert.throws(() => decodeLz4Block(Buffer.from(hex, 'hex'), 64), /LZ4 block/));
  }
  test('a copy into itself', () => {
    assert.equal(decodeLz4Block(Buffer.from('136101001062', 'hex'), 64).toString(), 'aaaaaaaab');
  });
});
