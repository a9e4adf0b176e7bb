import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodedAddress, encodedAddress } from './original-recipient.ts';

test('xtext stands for what is ASCII, and \\x{…} for what is not (RFC 6533 §3)', () => {
  for (const [written, decoded, ascii, utf8] of [
    ['rfc822;o+2Bt@example.com', 'rfc822;o+t@example.com', 'rfc822;o+2Bt@example.com', undefined],
    [
      'utf-8;\\x{F6}rjan\\x{2B}x@example.com',
      'utf-8;örjan+x@example.com',
      'utf-8;\\x{F6}rjan\\x{2B}x@example.com',
      'utf-8;örjan\\x{2B}x@example.com',
    ],
    [
      'UTF-8;用户@例子.example',
      'UTF-8;用户@例子.example',
      'UTF-8;\\x{7528}\\x{6237}@\\x{4F8B}\\x{5B50}.example',
      undefined,
    ],
    [
      'utf-8;\\x{1F600}@example.com',
      'utf-8;😀@example.com',
      'utf-8;\\x{1F600}@example.com',
      'utf-8;😀@example.com',
    ],
    // No character, and one that nobody sees.
    [
      'utf-8;\\x{D800}\\x{0D}a@b',
      'utf-8;\\x{D800}\\x{0D}a@b',
      'utf-8;\\x{5C}x{D800}\\x{5C}x{0D}a@b',
      undefined,
    ],
  ] as const) {
    assert.equal(decodedAddress(written), decoded);
    assert.equal(encodedAddress(decoded, false), ascii);
    assert.equal(encodedAddress(decoded, true), utf8 ?? (/^rfc|D800/.test(decoded) ? ascii : decoded));
    assert.equal(decodedAddress(encodedAddress(decoded, false)), decoded);
  }
});
