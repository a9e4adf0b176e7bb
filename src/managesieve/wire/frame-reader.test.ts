import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Frame, FrameReader } from './frame-reader.ts';

const LIMITS = { lineBytes: 100, literalBytes: 50, discardBytes: 200 };

/** Frames of octets that come in pieces of this size. */
function framesOf(text: string, piece = text.length): string[] {
  const reader = new FrameReader(LIMITS);
  const bytes = Buffer.from(text, 'latin1');
  const out: string[] = [];
  for (let at = 0; at < bytes.length; at += piece) {
    const chunk = Buffer.from(bytes.subarray(at, at + piece));
    reader.push(chunk);
    chunk.fill(0x2e);
    for (let frame = reader.take(); frame !== undefined; frame = reader.take()) {
      out.push(shown(frame));
      if (frame.kind === 'fault' && frame.fault.kind === 'too-long') return out;
    }
  }
  return out;
}

function shown(frame: Frame): string {
  const words = frame.words.map((word) =>
    word.kind === 'string'
      ? `<${word.bytes.toString('latin1')}>`
      : word.kind === 'number'
        ? `#${word.value}`
        : word.text,
  );
  return [...words, ...(frame.kind === 'fault' ? [`!${frame.fault.kind}`] : [])].join(' ');
}

const CASES: readonly (readonly [string, readonly string[]])[] = [
  ['NOOP\r\n', ['NOOP']],
  ['NOOP\nLOGOUT\r\n', ['NOOP', 'LOGOUT']],
  ['  HAVESPACE  "my script"   4711 \r\n', ['HAVESPACE <my script> #4711']],
  ['PUTSCRIPT "a\\"b\\\\c\\d" {5+}\r\nkeep;\r\n', ['PUTSCRIPT <a"b\\cd> <keep;>']],
  ['PUTSCRIPT {1}\r\nx {4+}\r\na\r\nb\r\n', ['PUTSCRIPT <x> <a\r\nb>']],
  ['X {0+}\r\n\r\n', ['X <>']],
  ['X ""\r\n', ['X <>']],
  ['X {50+}\r\n' + 'y'.repeat(50) + '\r\nNOOP\r\n', [`X <${'y'.repeat(50)}>`, 'NOOP']],
  // Read away to its end, and the words behind it.
  ['X {60+}\r\n' + 'NOOP\r\n'.repeat(10) + ' "z"\r\nNOOP\r\n', ['X <z> !too-large', 'NOOP']],
  [
    'X {30+}\r\n' + 'a'.repeat(30) + ' {30+}\r\n' + 'b'.repeat(30) + '\r\nNOOP\r\n',
    [`X <${'a'.repeat(30)}> !too-large`, 'NOOP'],
  ],
  ['X {201+}\r\n', ['X !too-long']],
  ['X {99999999999999999999+}\r\nNOOP\r\n', ['X !syntax', 'NOOP']],
  ['X {a}\r\nNOOP\r\n', ['X !syntax', 'NOOP']],
  ['X {5+} y\r\nNOOP\r\n', ['X !syntax', 'NOOP']],
  ['X "abc\r\nNOOP\r\n', ['X !syntax', 'NOOP']],
  ['X \u0001\u00e5 y\r\nNOOP\r\n', ['X y !syntax', 'NOOP']],
  ['X\ry\r\nNOOP\r\n', ['X y !syntax', 'NOOP']],
  ['a b c d e f g h i j\r\nNOOP\r\n', ['a b c d e f g h !syntax', 'NOOP']],
  [`X "${'y'.repeat(200)}`, ['X !too-long']],
  ['y'.repeat(200), ['!too-long']],
  [`X ${' '.repeat(200)}`, ['X !too-long']],
  ['X {' + '5'.repeat(200), ['X !too-long']],
  ['\r\n\r\nNOOP\r\n', ['', '', 'NOOP']],
  ['4711\r\n', ['4711']],
];

describe('frames', () => {
  for (const [text, expected] of CASES) {
    test(JSON.stringify(text.slice(0, 60)), () => {
      for (const piece of [text.length, 1, 2, 3, 7])
        assert.deepEqual(framesOf(text, piece), expected, `pieces of ${piece}`);
    });
  }

  test('what nobody has read goes on elsewhere, and what is dropped is gone', () => {
    const reader = new FrameReader(LIMITS);
    reader.push(Buffer.from('NOOP\r\nX {5+}\r\nab'));
    assert.equal(shown(reader.take() as Frame), 'NOOP');
    assert.equal(String(reader.takeUnread()), 'X {5+}\r\nab');
    reader.push(Buffer.from('NOOP "y'));
    assert.equal(reader.take(), undefined);
    reader.drop();
    reader.push(Buffer.from('LOGOUT\r\n'));
    assert.equal(shown(reader.take() as Frame), 'LOGOUT');
  });
});
