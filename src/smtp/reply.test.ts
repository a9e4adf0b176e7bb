/** Replies on the wire: one line or several, the enhanced code on each (RFC 2034 §4); a recipient's own words among them (RFC 5429 §2.5). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rejection } from './replies.ts';
import { replyLine } from './reply.ts';

const REASONS: readonly (readonly [reason: string, wire: string])[] = [
  ['no thanks', '550 5.7.1 no thanks\r\n'],
  ['not  today,\r\n\r\n maybe tomorrow\r\n', '550-5.7.1 not today,\r\n550 5.7.1 maybe tomorrow\r\n'],
  ['', '550 5.7.1 the recipient refused the message\r\n'],
  ['nej, \u00e4ndå', '550 5.7.1 the recipient refused the message\r\n'],
  ['a\0b', '550 5.7.1 the recipient refused the message\r\n'],
  ['x'.repeat(2000), `550 5.7.1 ${'x'.repeat(400)}\r\n`],
];
for (const [reason, wire] of REASONS)
  test(`refused with ${JSON.stringify(reason.slice(0, 40))}`, () =>
    assert.equal(replyLine(rejection(reason)).toString('latin1'), wire));

test('no reason has more lines than a client has patience', () =>
  assert.equal(
    replyLine(rejection('a\n'.repeat(1000)))
      .toString('latin1')
      .split('\r\n').length - 1,
    20,
  ));

test('a text without an enhanced code', () =>
  assert.equal(replyLine({ code: 220, text: 'a\nb' }).toString('latin1'), '220-a\r\n220 b\r\n'));
