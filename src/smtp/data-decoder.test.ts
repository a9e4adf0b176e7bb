import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/kit/runs.ts';
import { DataDecoder } from './data-decoder.ts';

interface Whole {
  readonly message: string;
  readonly rest: string | undefined;
}

function decode(wire: string, cuts: readonly number[] = []): Whole {
  const decoder = new DataDecoder();
  const bytes = Buffer.from(wire, 'latin1');
  let message = '';
  let at = 0;
  for (const cut of [...cuts, bytes.length]) {
    const decoded = decoder.feed(Buffer.from(bytes.subarray(at, cut)));
    message += decoded.bytes.toString('latin1');
    at = cut;
    if (decoded.rest === undefined) continue;
    return { message, rest: decoded.rest.toString('latin1') + bytes.subarray(at).toString('latin1') };
  }
  return { message, rest: undefined };
}

// RFC 5321 §4.5.2
const ROWS: readonly (readonly [wire: string, message: string, rest: string | undefined])[] = [
  ['.\r\n', '', ''],
  ['.\r\nQUIT\r\n', '', 'QUIT\r\n'],
  ['a\r\n.\r\n', 'a\r\n', ''],
  ['a\r\n..\r\n.\r\n', 'a\r\n.\r\n', ''],
  ['..\r\n.\r\n', '.\r\n', ''],
  ['...\r\n.\r\n', '..\r\n', ''],
  ['.a\r\n.\r\n', '.a\r\n', ''],
  ['\r\n.\r\n.\r\n', '\r\n', '.\r\n'],
  ['a\n..b\r\n.\r\n', 'a\n.b\r\n', ''],
  ['\n..\r\n.\r\n', '\n.\r\n', ''],
  ['a\n.\nb', 'a\n.\nb', undefined],
  ['a\n.\r\nb', 'a\n.\r\nb', undefined],
  ['a\r\n.\nb', 'a\r\n.\nb', undefined],
  ['a\r.\rb', 'a\r.\rb', undefined],
  ['a\r\n.\r\r\nb', 'a\r\n.\r\r\nb', undefined],
  ['a\r\n.\rb', 'a\r\n.\rb', undefined],
  ['.\nb', '.\nb', undefined],
  ['a\r\r\n.\r\n', 'a\r\r\n', ''],
];

describe('the octets after DATA', () => {
  for (const [wire, message, rest] of ROWS) {
    test(`${JSON.stringify(wire)}, cut everywhere`, () => {
      assert.deepEqual(decode(wire), { message, rest: rest });
      for (let cut = 0; cut <= wire.length; cut++) {
        assert.deepEqual(decode(wire, [cut]), { message, rest }, `cut at ${cut}`);
      }
      const everywhere = Array.from({ length: wire.length }, (_, i) => i);
      assert.deepEqual(decode(wire, everywhere), { message, rest });
    });
  }

  test('whatever is stuffed comes back, however it is cut', () => {
    const unit = fc.constantFrom('.', '..', '\r\n', '\n', '\r', 'x', '\r\n.\r\n', '\n.\n', '\0');
    const units = fc.array(unit, { maxLength: 30 });
    fc.assert(
      fc.property(units, fc.array(fc.nat(100), { maxLength: 8 }), (parts, places) => {
        const message = `${parts.join('')}\r\n`;
        const wire = `${message.replace(/(^|\n)\./g, '$1..')}.\r\nNOOP\r\n`;
        const cuts = places.map((place) => Math.min(place, wire.length)).sort((a, b) => a - b);
        assert.deepEqual(decode(wire, cuts), { message, rest: 'NOOP\r\n' });
      }),
      { numRuns: runs(2000) },
    );
  });

  test('a megabyte of stuffed dots costs milliseconds', () => {
    const startMs = performance.now();
    const wire = `${'..\r\n'.repeat(250_000)}.\r\n`;
    assert.equal(decode(wire).message.length, 750_000);
    assert.ok(performance.now() - startMs < 5000);
  });
});
