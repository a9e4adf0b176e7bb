import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LIMITS_BEFORE_LOGIN as LIMITS } from './frame-event.ts';
import { Framer } from './framer.ts';
import { announcedLiteral, isMessageLiteral } from './literal.ts';

const FORMS: readonly (readonly [
  line: string,
  sizeBytes: number,
  isSync: boolean,
  isBinary: boolean,
  textEnd: number,
])[] = [
  ['a X {0}', 0, true, false, 4],
  ['a X {12+}', 12, false, false, 4],
  ['a X ~{12}', 12, true, true, 4],
  ['a X ~{12+}', 12, false, true, 4],
  ['a X {00000000000000000012}', 12, true, false, 4],
  ['{9007199254740991}', Number.MAX_SAFE_INTEGER, true, false, 0],
  ['{9007199254740992}', Number.POSITIVE_INFINITY, true, false, 0],
];
const NO_FORMS = [
  '',
  '}',
  '{}',
  '{+}',
  '{-1}',
  '{1-}',
  '{1 }',
  '{1} ',
  '{1++}',
  '{a}',
  '1}',
  `{${'0'.repeat(21)}}`,
];

describe('literal announcements', () => {
  for (const [line, sizeBytes, isSync, isBinary, textEnd] of FORMS) {
    it(`${line} is one`, () => {
      assert.deepEqual(announcedLiteral(Buffer.from(line)), { sizeBytes, isSync, isBinary, textEnd });
    });
  }
  for (const line of NO_FORMS) {
    it(`${JSON.stringify(line)} is none`, () => assert.equal(announcedLiteral(Buffer.from(line)), undefined));
  }
});

describe('literal policy rules', () => {
  const roles: readonly (readonly [text: string, operands: number, isMessage: boolean])[] = [
    ['a APPEND {5}', 1, false],
    ['a APPEND INBOX {5}', 1, true],
    ['a APPEND "two words" {5}', 1, true],
    ['a APPEND "a\\"b" (\\Seen) " 1-Jan-2024 00:00:00 +0000" {5}', 1, true],
    ['a APPEND INBOX CATENATE (URL {5}', 1, false],
    ['a APPEND INBOX CATENATE (URL "/x" TEXT {5}', 1, true],
    ['a APPEND INBOX UTF8 (~{5}', 1, true],
    ['a APPEND INBOX ANNOTATION (/comment (value {5}', 1, false],
    ['a REPLACE 4 {5}', 2, false],
    ['a UID REPLACE 4 Drafts (\\Draft) {5}', 2, true],
  ];
  for (const [text, operands, isMessage] of roles) {
    it(`${text}: ${isMessage ? 'a message' : 'an argument'}`, () => {
      const framer = new Framer(LIMITS, (announcement) => {
        assert.equal(isMessageLiteral(announcement, operands), isMessage);
        return 'buffer';
      });
      framer.push(Buffer.from(`${text}\r\n`));
      assert.equal(framer.next()?.kind, 'literal-wanted');
    });
  }

  it('finds the message behind a mailbox that is a literal', () => {
    const seen: boolean[] = [];
    const framer = new Framer(LIMITS, (announcement) => {
      seen.push(isMessageLiteral(announcement, 1));
      return 'buffer';
    });
    framer.push(Buffer.from('a APPEND {5+}\r\nINBOX (\\Seen) {1+}\r\nx (\\Draft) {1+}\r\ny\r\n'));
    assert.equal(framer.next()?.kind, 'frame');
    assert.deepEqual(seen, [false, true, true]);
  });
});
