import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LineReader, parseBase64, parseCommand, parseNumber, wordsOf } from './wire.ts';

function linesOf(pieces: readonly Buffer[], maxBytes: number): string[] {
  const reader = new LineReader(maxBytes);
  const found: string[] = [];
  for (const piece of pieces) {
    reader.push(piece);
    for (let event = reader.take(); event !== undefined; event = reader.take()) {
      if (event.kind === 'too-long') return [...found, '(too long)'];
      found.push(event.bytes.toString('latin1'));
    }
  }
  return found;
}

test('lines end with LF, with or without CR; a CR elsewhere belongs to the line', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['NOOP\r\nQUIT\r\n', ['NOOP', 'QUIT']],
    ['NOOP\nQUIT', ['NOOP']],
    ['\r\n\n', ['', '']],
    ['a\rb\r\r\n', ['a\rb\r']],
    ['12345678\r\nx\r\n', ['12345678', 'x']],
    ['0123456789\r\n', ['(too long)']],
    ['ok\r\n0123456789', ['ok', '(too long)']],
  ];
  for (const [input, expected] of cases) {
    assert.deepEqual(linesOf([Buffer.from(input)], 9), expected, JSON.stringify(input));
  }
});

test('the same lines however the octets are cut', () => {
  const text = fc.array(fc.constantFrom('NOOP', 'RETR 1', '', '\r', '\r\n', '\n', 'x'.repeat(12)), {
    maxLength: 12,
  });
  fc.assert(
    fc.property(text, fc.array(fc.nat(9), { maxLength: 12 }), (parts, cuts) => {
      const bytes = Buffer.from(parts.join(''));
      const pieces: Buffer[] = [];
      let at = 0;
      for (const cut of cuts) {
        pieces.push(bytes.subarray(at, at + cut));
        at += cut;
      }
      pieces.push(bytes.subarray(at));
      assert.deepEqual(linesOf(pieces, 10), linesOf([bytes], 10));
    }),
  );
});

test('what came before TLS is dropped (RFC 2595 §4)', () => {
  const reader = new LineReader(100);
  reader.push(Buffer.from('STLS\r\nUSER mallory\r\nPA'));
  assert.equal(reader.take()?.kind, 'line');
  reader.drop();
  reader.push(Buffer.from('NOOP\r\n'));
  assert.deepEqual(reader.take(), { kind: 'line', bytes: Buffer.from('NOOP') });
});

test('a command is a verb in any case and all that follows', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['retr 1', 'RETR', '1'],
    ['PASS a b  c ', 'PASS', 'a b  c '],
    ['PASS ', 'PASS', ''],
    ['QUIT', 'QUIT', ''],
    ['', '', ''],
    [' NOOP', '', 'NOOP'],
  ];
  for (const [line, verb, argument] of cases) {
    const parsed = parseCommand(Buffer.from(line));
    assert.deepEqual([parsed.verb, parsed.argument.toString()], [verb, argument], line);
  }
  assert.deepEqual(wordsOf(Buffer.from(' 1  10 ')), ['1', '10']);
});

test('numbers are digits', () => {
  const cases: readonly (readonly [string, number | undefined])[] = [
    ['0', 0],
    ['007', 7],
    ['99999999', 99_999_999],
    ['99999999999999999999', Number.MAX_SAFE_INTEGER],
    ['999999999999999999999', undefined],
    ['-1', undefined],
    ['+1', undefined],
    ['1.0', undefined],
    ['0x10', undefined],
    ['', undefined],
    ['\u0661', undefined],
  ];
  for (const [word, expected] of cases) assert.equal(parseNumber(word), expected, word);
});

test('base64 is whole and padded; = is empty (RFC 5034 §4)', () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['=', ''],
    ['', ''],
    ['AGFsaWNlAHNlY3JldA==', '\0alice\0secret'],
    ['AGFsaWNlAHNlY3JldA=', undefined],
    ['AGFs aWNl', undefined],
    ['AGFsaWN-', undefined],
    ['====', undefined],
    ['*', undefined],
  ];
  for (const [text, expected] of cases) assert.equal(parseBase64(text)?.toString('latin1'), expected, text);
});
