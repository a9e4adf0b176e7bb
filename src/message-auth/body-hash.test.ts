import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type BodyForm, BodyHash } from './body-hash.ts';

/** As RFC 6376 §3.4.3 and §3.4.4 say it, with everything in memory. */
function plainly(body: string, form: BodyForm): string {
  const whole = body.replace(/\r?\n/g, '\r\n');
  const reduced = form === 'relaxed' ? whole.replace(/[ \t]+/g, ' ').replace(/ (?=\r\n|$)/g, '') : whole;
  let end = reduced.length;
  while (end > 0 && reduced.slice(end - 2, end) === '\r\n') end -= 2;
  const canonical = reduced.slice(0, end);
  if (canonical === '') return form === 'relaxed' ? '' : '\r\n';
  return `${canonical}\r\n`;
}

const sha256 = (text: string): string => createHash('sha256').update(text, 'latin1').digest('base64');

function hashed(pieces: readonly string[], form: BodyForm, maxBytes?: number): string {
  const hash = new BodyHash({ form, ...(maxBytes === undefined ? {} : { maxBytes }) });
  for (const piece of pieces) hash.update(Buffer.from(piece, 'latin1'));
  return hash.digest();
}

describe('the hash of a body', () => {
  test('of no body is that of RFC 6376 §3.4.3 and §3.4.4', () => {
    assert.equal(hashed([], 'simple'), 'frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=');
    assert.equal(hashed([], 'relaxed'), '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=');
  });

  test('of the message in RFC 8463 §A.3 is the one that is signed there', () => {
    const body = 'Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n\r\n';
    assert.equal(hashed([body], 'relaxed'), '2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=');
  });

  test('does not depend on how the body is cut', () => {
    const word = fc.constantFrom('a', ' ', '\t', '\r', '\n', '\r\n', '\r\n\r\n', ' \r\n', 'word', '\xe5');
    fc.assert(
      fc.property(fc.array(word, { maxLength: 60 }), fc.array(fc.nat(), { maxLength: 8 }), (words, cuts) => {
        const body = words.join('');
        const at = [...cuts.map((cut) => cut % (body.length + 1)), 0, body.length].sort((a, b) => a - b);
        const pieces = at.map((from, i) => body.slice(from, at[i + 1] ?? body.length));
        for (const form of ['simple', 'relaxed'] as const)
          assert.equal(hashed(pieces, form), sha256(plainly(body, form)), JSON.stringify(body));
      }),
      { numRuns: 2000 },
    );
  });

  test('of very many empty lines is right whether something follows or not', () => {
    for (const form of ['simple', 'relaxed'] as const)
      for (const [before, after] of [
        ['', ''],
        ['a\r\n', ''],
        ['', 'b'],
        ['a\r\n', 'b\r\n'],
        ['a', '\r\n \r\n\r\n'],
      ] as const) {
        const body = `${before}${'\r\n'.repeat(300_000)}${after}`;
        assert.equal(hashed([body], form), sha256(plainly(body, form)));
        const twice = `${body}x${body}`;
        assert.equal(
          hashed([twice.slice(0, 77_777), twice.slice(77_777)], form),
          sha256(plainly(twice, form)),
        );
      }
  });

  test('covers as much as l= says, and knows what it leaves', () => {
    const hash = new BodyHash({ form: 'relaxed', maxBytes: 5 });
    hash.update(Buffer.from('a  b\r\nand more\r\n'));
    assert.equal(hash.digest(), sha256('a b\r\n'));
    assert.equal(hash.uncoveredBytes, 10);
    assert.equal(hashed(['anything'], 'simple', 0), sha256(''));
  });

  test('takes time in proportion, whatever the lines are', () => {
    for (const octet of ['x', '\n', ' ', '\r']) {
      const piece = Buffer.alloc(64 * 1024, octet);
      const hash = new BodyHash({ form: 'relaxed' });
      const began = performance.now();
      for (let i = 0; i < 80; i++) hash.update(piece);
      hash.digest();
      assert.ok(performance.now() - began < 5000, `5 MB of ${JSON.stringify(octet)}`);
    }
  });
});
