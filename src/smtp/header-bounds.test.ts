import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { analyze } from '../mail/message.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import { checkPartHeaders, HeaderBounds, MAX_FIELD_BYTES, MAX_HEADER_BYTES } from './header-bounds.ts';

const fold = (octets: number): string => `X: ${`${'y'.repeat(70)}\r\n `.repeat(Math.ceil(octets / 73))}\r\n`;
const fields = (octets: number): string => `X-Field: ${'y'.repeat(87)}\r\n`.repeat(Math.ceil(octets / 98));

const MESSAGES: readonly (readonly [what: string, message: string, isTaken: boolean])[] = [
  ['nothing', '', true],
  ['no header', '\r\nbody', true],
  ['no header, bare LF', `\n${'x'.repeat(2 * MAX_HEADER_BYTES)}`, true],
  ['a small header and a large body', `Subject: x\r\n\r\n${'y'.repeat(2 * MAX_HEADER_BYTES)}`, true],
  ['a body of one endless field', `Subject: x\n\nX: ${'y'.repeat(MAX_FIELD_BYTES)}\n`, true],
  ['a field of the size allowed', `X: ${'y'.repeat(MAX_FIELD_BYTES - 5)}\r\n\r\nbody`, true],
  ['a field of one octet more', `X: ${'y'.repeat(MAX_FIELD_BYTES - 4)}\r\n\r\nbody`, false],
  ['a field without an end', `X: ${'y'.repeat(MAX_FIELD_BYTES)}`, false],
  ['a folded field that is too long', `${fold(MAX_FIELD_BYTES + 100)}\r\nbody`, false],
  ['folds with a blank alone', `X: y\r\n${' \r\n'.repeat(MAX_FIELD_BYTES / 3)}\r\nbody`, false],
  ['folded fields that are long together', `${fold(MAX_FIELD_BYTES - 500).repeat(4)}\r\nbody`, true],
  ['a header of nearly all that is allowed', `${fields(MAX_HEADER_BYTES - 200)}\r\nbody`, true],
  ['a header that is too large', `${fields(MAX_HEADER_BYTES)}\r\nbody`, false],
  ['lines of a CR and no LF', `X: y\r\n${'\r'.repeat(MAX_FIELD_BYTES)}\n\r\n`, false],
  ['nothing but lines that are no fields', 'text\r\n'.repeat(MAX_HEADER_BYTES / 5), false],
];

function isTaken(message: Buffer, step: number): boolean {
  const bounds = new HeaderBounds();
  try {
    for (let at = 0; at < message.length; at += step) bounds.look(message.subarray(at, at + step));
    return true;
  } catch (error) {
    assert.ok(error instanceof MailboxError && error.code === 'too-big', String(error));
    return false;
  }
}

describe('the header of a message that others bring', () => {
  for (const [what, message, wanted] of MESSAGES) {
    test(`${wanted ? 'is taken' : 'is refused'}, however it is cut: ${what}`, () => {
      const bytes = Buffer.from(message, 'latin1');
      for (const step of [bytes.length || 1, 65_536, 1000, 7, 1]) {
        if (bytes.length / step < 3_000_000) assert.equal(isTaken(bytes, step), wanted, String(step));
      }
    });
  }

  test('has the same bound inside a message that is attached', () => {
    for (const [octets, wanted] of [
      [1000, true],
      [MAX_HEADER_BYTES + 1000, false],
    ] as const) {
      const inner = `${fields(octets)}\r\ninner`;
      const message = Buffer.from(
        `Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n${inner}\r\n--b--\r\n${'x'.repeat(MAX_HEADER_BYTES)}`,
      );
      assert.equal(isTaken(message, message.length), true);
      const { sizeBytes, parts } = analyze(message);
      const check = (): void => checkPartHeaders(sizeBytes, parts);
      if (wanted) check();
      else assert.throws(check, /the header of a part has more than/);
    }
  });
});
