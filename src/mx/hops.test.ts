/** Received fields are counted the same however a message is cut. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HopCounter } from './hops.ts';

function counted(pieces: readonly Buffer[]): number {
  const counter = new HopCounter();
  for (const piece of pieces) counter.write(piece);
  return counter.count;
}

function cut(message: Buffer, lengths: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  let at = 0;
  for (let i = 0; at < message.length; i++) {
    const length = lengths[i % lengths.length] as number;
    pieces.push(message.subarray(at, at + length));
    at += length;
  }
  return pieces;
}

test('property: whole and in pieces', () => {
  const line = fc.constantFrom(
    ...[
      'Received: from a',
      'RECEIVED \t: b',
      'received:',
      'Received',
      'Receivedx: a',
      'X-Received: a',
      ' Received: a',
    ],
    ...['Subject: r', 'r', '\r', `${'r'.repeat(40)}:`],
  );
  const end = fc.constantFrom('\r\n', '\n');
  const header = fc.array(fc.tuple(line, end), { maxLength: 20 });
  const lengths = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(header, end, lengths, (lines, blank, pieces) => {
      const fields = lines.map(([text, ending]) => text + ending);
      const message = Buffer.from(`${fields.join('')}${blank}Received: in the body${blank}`);
      const first = lines.findIndex(([text, ending]) => text === '\r' && ending === '\n');
      const header = first < 0 ? lines : lines.slice(0, first);
      const expected = header.filter(([text]) => /^received[ \t]*:/i.test(text)).length;
      assert.equal(counted([message]), expected);
      assert.equal(counted(cut(message, pieces)), expected);
    }),
    { numRuns: 500 },
  );
});
