import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/kit/runs.ts';
import { TraitScanner } from '../mail/traits.ts';
import { endingOf, OctetForm } from './octet-form.ts';

function converted(...pieces: readonly Buffer[]): string {
  const form = new OctetForm();
  return Buffer.concat([...pieces.map((piece) => form.convert(piece)), form.end()]).toString('latin1');
}

function traitsOf(message: Buffer): number {
  const scanner = new TraitScanner();
  scanner.write(message);
  return scanner.end();
}

/** Stored, sent. Every row is sent as it is when sent again. */
const CASES: readonly (readonly [what: string, stored: string, sent: string])[] = [
  ['clean', 'Subject: x\r\n\r\nbody\r\n', 'Subject: x\r\n\r\nbody\r\n'],
  ['bare LF', 'Subject: x\n\nbody\n', 'Subject: x\r\n\r\nbody\r\n'],
  ['mixed', 'Subject: x\r\n\nbo\ndy\r\n', 'Subject: x\r\n\r\nbo\r\ndy\r\n'],
  ['CRs before LF', 'Subject: x\r\r\n\r\r\nbody\r\r\r\n', 'Subject: x\r\n\r\nbody\r\n'],
  ['bare CR in the body', 'Subject: x\r\n\r\na\rb\r\rc', 'Subject: x\r\n\r\na\r\nb\r\n\r\nc\r\n'],
  ['bare CR in the header makes no field', 'Subject: x\rFrom: boss\r\n\r\n', 'Subject: x From: boss\r\n\r\n'],
  ['bare CR at the start of a header line', 'A: x\r\n\rB: y\r\n\r\n', 'A: x\r\n B: y\r\n\r\n'],
  ['CR at the end', 'Subject: x\r\n\r\nbody\r', 'Subject: x\r\n\r\nbody\r\n'],
  ['NUL', 'Subject: \0\r\n\r\na\0b\r\n', 'Subject: \x80\r\n\r\na\x80b\r\n'],
  ['no end of the header', 'Subject: x\r\n', 'Subject: x\r\n\r\n'],
  ['no end of the header line', 'Subject: x', 'Subject: x\r\n\r\n'],
  ['nothing', '', '\r\n'],
  ['no header', '\r\nbody\r\n', '\r\nbody\r\n'],
  ['no end of the last line', 'Subject: x\r\n\r\nbody', 'Subject: x\r\n\r\nbody\r\n'],
  ['8 bit', 'Subject: \xe4\r\n\r\n\xff\r\n', 'Subject: \xe4\r\n\r\n\xff\r\n'],
  ['only CRs', '\r\r\r', '\r\n'],
];

test('what is stored and what is sent', () => {
  for (const [what, stored, sent] of CASES) {
    assert.equal(converted(Buffer.from(stored, 'latin1')), sent, what);
    assert.equal(converted(Buffer.from(sent, 'latin1')), sent, `${what}, again`);
  }
});

const octets = fc
  .array(
    fc.oneof(
      fc.constantFrom(...['\r\n', '\r\n\r\n', '\n', '\r', '\0', '.', '\r\n.', 'A: b', ' ', '\xe4', '\r\r\n']),
      fc.string({ maxLength: 8 }),
    ),
    { maxLength: 20 },
  )
  .map((parts) => Buffer.from(parts.join(''), 'latin1'));

function cut(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  let at = 0;
  for (const length of cuts) {
    pieces.push(bytes.subarray(at, at + length));
    at += length;
  }
  return [...pieces, bytes.subarray(at)];
}

test('any message is whole lines with a header that ends, the same however it is cut, and stays so', () => {
  fc.assert(
    fc.property(octets, fc.array(fc.nat(7), { maxLength: 10 }), (message, cuts) => {
      const sent = converted(message);
      assert.equal(converted(...cut(message, cuts)), sent);
      assert.match(sent, /^(?:[^\r\n\0]*\r\n)+$/);
      assert.match(sent, /^(?:[^\r\n]+\r\n)*\r\n/);
      assert.equal(converted(Buffer.from(sent, 'latin1')), sent);
    }),
    { numRuns: runs(1000) },
  );
});

test('clean lines need only an ending', () => {
  fc.assert(
    fc.property(octets, (message) => {
      const ending = endingOf(traitsOf(message));
      if (ending !== undefined) {
        assert.equal(message.toString('latin1') + ending.toString('latin1'), converted(message));
      }
    }),
    { numRuns: runs(1000) },
  );
});
