import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/kit/runs.ts';
import type { PartOffsets } from './part.ts';
import { scanParts } from './part.ts';
import { decodeParts, encodeParts, headerEnd, shiftParts } from './part-codec.ts';

const leaf: PartOffsets = {
  kind: 'leaf',
  headerStart: 0,
  bodyStart: 300,
  end: 5_000_000_000,
  encoding: 'base64',
  children: [],
};

test('the bytes of version 1', () => {
  assert.equal(encodeParts({ ...leaf, bodyStart: 1, end: 130 }).toString('hex'), '0104000181' + '01');
});

test('trees survive', () => {
  const message: PartOffsets = {
    ...leaf,
    kind: 'message',
    encoding: 'identity',
    children: [{ ...leaf, headerStart: 300, bodyStart: 310 }],
  };
  const tree: PartOffsets = {
    kind: 'multipart',
    headerStart: 0,
    bodyStart: 0,
    end: 6_000_000_000,
    encoding: 'identity',
    children: [
      message,
      {
        ...leaf,
        headerStart: 5_000_000_010,
        bodyStart: 5_000_000_010,
        end: 5_000_000_010,
        encoding: 'unknown',
      },
    ],
  };
  for (const root of [leaf, message, tree]) assert.deepEqual(decodeParts(encodeParts(root)), root);
});

test('property: damaged bytes throw or give a tree, and never run away', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
      const bytes = Uint8Array.of(1, ...octets);
      try {
        decodeParts(bytes);
      } catch (e) {
        assert.match((e as Error).message, /^part offsets: /);
      }
    }),
    { numRuns: runs(2000) },
  );
  assert.throws(() => decodeParts(Buffer.from('0200000000', 'hex')), /unknown version/);
  assert.throws(() => decodeParts(Buffer.concat([encodeParts(leaf), Buffer.of(0)])), /trailing/);
  assert.throws(() => decodeParts(encodeParts(leaf).subarray(0, -1)), /cut short/);
  // A message in a message in a message ...: two hundred bytes must not make a stack overflow.
  assert.throws(
    () => decodeParts(Buffer.concat([Buffer.of(1), Buffer.alloc(4000, Buffer.of(2, 0, 0, 0))])),
    /too many/,
  );
});

test('the end of the header is known without the rest', () => {
  for (const bodyStart of [0, 1, 127, 128, 16_384, 5_000_000_000]) {
    assert.equal(headerEnd(encodeParts({ ...leaf, bodyStart, end: 6_000_000_000 })), bodyStart);
  }
  for (const bytes of ['', '02040001', '0104', '010480', `0104${'ff'.repeat(20)}`])
    assert.equal(headerEnd(Buffer.from(bytes, 'hex')), undefined, bytes);
});

test('shifted offsets are those of the message with more header in front', () => {
  const prefix = `Return-Path: <a@example.com>\r\nX-Long: ${'x'.repeat(300)}\r\n`;
  const messages = [
    '',
    '\r\nbody',
    'A: b\r\n\r\nbody',
    'Content-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n',
  ];
  for (const message of messages) {
    const shifted = shiftParts(encodeParts(scanParts(Buffer.from(message))), prefix.length);
    assert.deepEqual(shifted, encodeParts(scanParts(Buffer.from(prefix + message))), JSON.stringify(message));
  }
});
