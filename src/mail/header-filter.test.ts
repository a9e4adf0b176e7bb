import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/kit/runs.ts';
import { foldAscii, HeaderBlock } from './header.ts';
import { HeaderFilter } from './header-filter.ts';

function filtered(
  header: Buffer,
  names: readonly string[],
  isNot: boolean,
  sizes: readonly number[] = [],
): string {
  const filter = new HeaderFilter(names, isNot);
  const out: Buffer[] = [];
  let at = 0;
  for (const size of sizes) {
    // A copy that is overwritten afterwards: what is given must be used at once.
    out.push(...filter.write(Buffer.from(header.subarray(at, at + size))).map((piece) => Buffer.from(piece)));
    at += size;
  }
  out.push(...filter.write(header.subarray(at)), ...filter.end());
  return Buffer.concat(out).toString('latin1');
}

test('property: the wanted fields of a header block, however it is cut', () => {
  const pieces = fc.constantFrom(
    'A',
    'b',
    ': ',
    ':',
    'A:',
    'b \t:',
    '\r\n',
    '\n',
    '\r',
    '\r\n ',
    '\t',
    ' x',
    '\xe4',
    'A: x\r\n',
  );
  fc.assert(
    fc.property(
      fc.array(pieces, { maxLength: 30 }),
      fc.array(fc.nat(5)),
      fc.boolean(),
      (list, sizes, isNot) => {
        const header = Buffer.from(list.join(''), 'latin1');
        const whole = filtered(header, ['a'], isNot);
        assert.equal(filtered(header, ['a'], isNot, sizes), whole);
        const fields = [...new HeaderBlock(Buffer.from(whole, 'latin1')).fields()].map(({ name, value }) => [
          name,
          value.toString('latin1'),
        ]);
        const expected = [...new HeaderBlock(header).fields()]
          .map(({ name, value }) => [name, value.toString('latin1')])
          .filter(([name = '']) => (foldAscii(name) === 'a') !== isNot);
        assert.deepEqual(fields, expected);
      },
    ),
    { numRuns: runs(3000) },
  );
});

test('lines without end are not held', () => {
  for (const start of ['A: ', 'garbage ', 'x'.repeat(10)]) {
    for (const isNot of [false, true]) {
      const filter = new HeaderFilter(['A'], isNot);
      let size = 0;
      const write = (text: string): void => {
        for (const { length } of filter.write(Buffer.from(text))) size += length;
      };
      write(start);
      for (let i = 0; i < 50; i++) write('y'.repeat(65_536));
      // What is wanted has been given, but for what is needed to read a name.
      const isWanted = start === 'A: ' && !isNot;
      if (isWanted) assert.ok(size >= 50 * 65_536);
      write('\r\nB: c\r\nA: d\r\n\r\nbody');
      for (const { length } of filter.end()) size += length;
      const rest = (isNot ? 'B: c\r\n' : 'A: d\r\n').length + 2;
      assert.equal(size, rest + (isWanted ? 3 + 50 * 65_536 + 2 : 0), `${start.slice(0, 10)} ${isNot}`);
    }
  }
});
