import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ImapSyntax } from '../../test/imap-syntax.ts';
import { bodyFromStructure, bodyStructure, MAX_STRUCTURE_BYTES } from './body-structure.ts';
import { scanParts } from './part.ts';

const of = (text: string) => bodyStructure(scanParts(Buffer.from(text.replaceAll('\n', '\r\n'), 'latin1')));

test('BODY is BODYSTRUCTURE without extension data', () => {
  const rows: [string, string][] = [
    ['("text" "plain" NIL NIL NIL "7bit" 1 1 NIL NIL NIL NIL)', '("text" "plain" NIL NIL NIL "7bit" 1 1)'],
    [
      '("image" "png" ("name" "a)b") NIL "x" "base64" 9 "md5" ("inline" ("a" "(")) ("de" "en") "loc")',
      '("image" "png" ("name" "a)b") NIL "x" "base64" 9)',
    ],
    [
      '(("TEXT" "x" NIL NIL NIL "7bit" 1 1 NIL NIL NIL NIL)("a" "b" NIL NIL NIL "7bit" 1 NIL NIL NIL NIL) "mixed" ("boundary" "\\"") NIL NIL NIL)',
      '(("TEXT" "x" NIL NIL NIL "7bit" 1 1)("a" "b" NIL NIL NIL "7bit" 1) "mixed")',
    ],
    [
      '("message" "RFC822" NIL NIL NIL "7bit" 9 (NIL "(\\")" NIL NIL NIL NIL NIL NIL NIL NIL) ("text" "plain" NIL NIL NIL "7bit" 1 1 NIL NIL NIL NIL) 3 NIL NIL NIL NIL)',
      '("message" "RFC822" NIL NIL NIL "7bit" 9 (NIL "(\\")" NIL NIL NIL NIL NIL NIL NIL NIL) ("text" "plain" NIL NIL NIL "7bit" 1 1) 3)',
    ],
    [
      '("text" {5}\r\n(")\\\xe4 ("a" {3}\r\n") ) NIL NIL "7bit" 1 1 NIL ("x" ({1}\r\n( {1}\r\n))) NIL {2}\r\n"))',
      '("text" {5}\r\n(")\\\xe4 ("a" {3}\r\n") ) NIL NIL "7bit" 1 1)',
    ],
  ];
  for (const [full, bare] of rows) {
    ImapSyntax.body(Buffer.from(full, 'latin1'), true);
    ImapSyntax.body(Buffer.from(bare, 'latin1'), false);
    assert.equal(bodyFromStructure(Buffer.from(full, 'latin1')).toString('latin1'), bare);
  }
});

test('damaged structures throw', () => {
  const good = '(("text" "plain" NIL NIL NIL "7bit" 1 1 NIL NIL NIL NIL) "mixed" NIL NIL NIL NIL)';
  bodyFromStructure(Buffer.from(good));
  for (let size = 0; size < good.length; size++) {
    assert.throws(() => bodyFromStructure(Buffer.from(good.slice(0, size))), /^Error: body structure/);
  }
  assert.throws(() => bodyFromStructure(Buffer.from('("text" {9999999999999999999}\r\n')), /bad literal/);
  assert.throws(() => bodyFromStructure(Buffer.from(`${good})`)), /trailing/);
});

test('too long: bare first, then one part', () => {
  const named = of(
    `Content-Type: multipart/mixed; boundary=b\n\n${`--b\nContent-Type: text/plain; name="${'n'.repeat(400)}"\n\nx\n`.repeat(5000)}`,
  );
  assert.ok(named.length <= MAX_STRUCTURE_BYTES);
  const [children] = ImapSyntax.body(named, true);
  assert.equal((children as unknown[]).length, 5000);
  const typed = of(
    `Content-Type: multipart/mixed; boundary=b\n\n${`--b\nContent-Type: x/${'y'.repeat(400)}\n\nx\n`.repeat(5000)}`,
  );
  assert.deepEqual(ImapSyntax.body(typed, true).slice(0, 2), ['application', 'octet-stream']);
});

test('ten thousand parts are shown', () => {
  const structure = of(`Content-Type: multipart/mixed; boundary=b\n\n${'--b\n\nx\n'.repeat(20_000)}`);
  const [children] = ImapSyntax.body(structure, true);
  assert.equal((children as unknown[]).length, 9999);
});
