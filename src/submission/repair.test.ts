import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HeaderBlock } from '../mail/header.ts';
import { repairedHeader, wholeHeader } from './repair.ts';

const REPAIRS = {
  trace: Buffer.from('Received: here\r\n'),
  sender: undefined,
  nowMs: Date.UTC(2030, 0, 31, 8, 0, 0),
  messageId: '<made@example.com>',
  hostname: 'mail.example.com',
};

function repaired(message: string, more: Partial<typeof REPAIRS> | { readonly sender: string } = {}): string {
  const bytes = Buffer.from(message, 'latin1');
  const header = wholeHeader(new HeaderBlock(bytes), bytes.length);
  assert.ok(header !== undefined);
  const body = bytes.subarray(header.bodyFrom).toString('latin1');
  return `${repairedHeader(header, { ...REPAIRS, ...more }).toString('latin1')}|${body}`;
}

const WHOLE =
  'From: ann@example.com\r\nDate: Thu, 1 Jan 1970 00:00:00 +0000\r\nMessage-ID: <1@example.com>\r\n';

describe('the header as it leaves (RFC 6409 §8)', () => {
  const rows: readonly (readonly [what: string, header: string, expected: string])[] = [
    ['nothing is wrong', WHOLE, WHOLE],
    [
      'fields stay as they are written',
      `${WHOLE}X-Odd :  a\r\n\tb \r\nSUBJECT:x\r\n`,
      `${WHOLE}X-Odd :  a\r\n\tb \r\nSUBJECT:x\r\n`,
    ],
    ['Bcc', `${WHOLE}Bcc: bob@example.org\r\nTo: carol@example.org\r\n`, `${WHOLE}To: carol@example.org\r\n`],
    ['in another spelling', `bCC : bob@example.org\r\n${WHOLE}`, WHOLE],
    ['folded', `${WHOLE}BCC:\r\n bob@example.org,\r\n\tcarol@example.org\r\n`, WHOLE],
    ['twice, and empty', `Bcc:\r\n${WHOLE}Bcc: x@example.org\r\nbcc: \r\n`, WHOLE],
    ['sent again', `${WHOLE}Resent-Bcc: bob@example.org\r\n`, WHOLE],
    ['names that only begin so', `${WHOLE}Bcc-Note: x\r\nXBcc: y\r\n`, `${WHOLE}Bcc-Note: x\r\nXBcc: y\r\n`],
    ['the path back', `Return-Path: <a@example.org>\r\n${WHOLE}`, WHOLE],
    ['results in our name', `Authentication-Results: mail.example.com; spf=pass\r\n${WHOLE}`, WHOLE],
    ['results without end', `Authentication-Results: ${'x (y)\r\n '.repeat(3000)}\r\n${WHOLE}`, WHOLE],
    [
      'results in another',
      `Authentication-Results: mx.example.org; spf=pass\r\n${WHOLE}`,
      `Authentication-Results: mx.example.org; spf=pass\r\n${WHOLE}`,
    ],
    [
      'what is missing',
      'From: ann@example.com\r\n',
      'From: ann@example.com\r\nDate: Thu, 31 Jan 2030 08:00:00 +0000\r\nMessage-ID: <made@example.com>\r\n',
    ],
    ['nothing at all', '', 'Date: Thu, 31 Jan 2030 08:00:00 +0000\r\nMessage-ID: <made@example.com>\r\n'],
  ];
  for (const [what, header, expected] of rows)
    test(what, () => {
      assert.equal(repaired(`${header}\r\nthe body\r\n`), `Received: here\r\n${expected}\r\n|the body\r\n`);
      if (header !== '') assert.equal(repaired(header), `Received: here\r\n${expected}\r\n|`);
    });

  test('who has sent it for others (RFC 5322 §3.6.2) takes the place of whoever it was said to be', () => {
    const out = repaired(`${WHOLE}Sender: x@example.org\r\n\r\n`, { sender: 'bob@example.com' });
    assert.equal(out, `Received: here\r\n${WHOLE}Sender: <bob@example.com>\r\n\r\n|`);
  });

  test('a line that is no field is seen', () => {
    for (const header of [
      'From ann Thu\r\nFrom: a\r\n',
      'From: a\r\nno field\r\n',
      ' folded\r\nFrom: a\r\n',
      ': x\r\n',
    ]) {
      const bytes = Buffer.from(`${header}\r\nbody\r\n`);
      assert.equal(wholeHeader(new HeaderBlock(bytes), bytes.length), undefined, JSON.stringify(header));
    }
    const many = Buffer.from(`${'X: y\r\n'.repeat(2001)}\r\n`);
    assert.equal(
      wholeHeader(new HeaderBlock(many), many.length),
      undefined,
      'more fields than anybody needs',
    );
  });
});
