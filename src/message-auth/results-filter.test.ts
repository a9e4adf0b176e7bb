import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { resultsField } from './results-field.ts';
import { bearsName, ResultsFilter } from './results-filter.ts';

const NAMES = ['mx.example.com'];
const OURS = 'Authentication-Results: mx.example.com;\r\n\tspf=pass smtp.mailfrom=bank.example\r\n';
const THEIRS = 'Authentication-Results: other.example; dkim=pass header.d=mx.example.com\r\n';

function filtered(pieces: readonly string[]): string {
  const filter = new ResultsFilter(NAMES);
  const out = pieces.flatMap((piece) => filter.write(Buffer.from(piece, 'latin1')));
  return Buffer.concat([...out, ...filter.end()]).toString('latin1');
}

describe('fields that bear our name (RFC 8601 §5)', () => {
  const rows: readonly (readonly [value: string, bears: boolean])[] = [
    ['mx.example.com; none', true],
    ['MX.Example.COM; none', true],
    ['"mx.example.com" ; none', true],
    ['(a (nested) comment)mx.example.com 1; none', true],
    ['mx.example.com.; none', true],
    ['\r\n\tmx.example.com\r\n\t;spf=pass', true],
    ['mx.example.com', true],
    ['other.example mx.example.com; none', true],
    ['other.example; dkim=pass header.d=mx.example.com', false],
    ['not-mx.example.com; none', false],
    ['mx.example.com.evil.example; none', false],
    ['(mx.example.com) other.example; none', false],
    ['', false],
  ];
  for (const [value, bears] of rows)
    test(JSON.stringify(value), () => {
      assert.equal(bearsName(Buffer.from(`Authentication-Results: ${value}\r\n`), NAMES), bears);
    });

  test('are taken out wherever the message is cut, and nothing else is', () => {
    const part = fc.constantFrom(
      ...[OURS, THEIRS, 'Subject: a\r\n b\r\n', 'AUTHENTICATION-RESULTS : mx.example.com\r\n', 'garbage\r\n'],
      ...[
        ' continued\r\n',
        'ARC-Authentication-Results: i=1; mx.example.com; none\r\n',
        'X: y\n',
        'Authentication\r\n',
      ],
    );
    const body = fc.constantFrom('', '\r\n', `\r\n${OURS}`, '\n\nx', '\r\n\r\n');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), body, fc.array(fc.nat()), (parts, rest, cuts) => {
        const message = parts.join('') + rest;
        const at = [0, ...cuts.map((cut) => cut % (message.length + 1)), message.length].sort(
          (a, b) => a - b,
        );
        const pieces = at.map((from, i) => message.slice(from, at[i + 1] ?? message.length));
        assert.equal(filtered(pieces), filtered([message]));
        const kept = parts.filter((one, i) => !isOurs(parts, i) || one === '').join('') + rest;
        assert.equal(filtered([message]), kept);
      }),
      { numRuns: 1000 },
    );
  });

  test('are not held for ever', () => {
    const filter = new ResultsFilter(NAMES);
    let given = 0;
    filter.write(Buffer.from('Authentication-Results: mx.example.com; '));
    for (let i = 0; i < 100; i++)
      for (const octets of filter.write(Buffer.alloc(64 * 1024, 120))) given += octets.length;
    assert.equal(filter.removed, 1);
    assert.equal(given, 0);
    const line = new ResultsFilter(NAMES);
    for (let i = 0; i < 100; i++)
      for (const octets of line.write(Buffer.alloc(64 * 1024, 120))) given += octets.length;
    assert.equal(given, 100 * 64 * 1024);
  });
});

/** A line that continues belongs to the field before it. */
function isOurs(parts: readonly string[], at: number): boolean {
  let from = at;
  while (from > 0 && parts[from]?.startsWith(' ')) from--;
  const first = parts[from] as string;
  return first === OURS || first.startsWith('AUTHENTICATION');
}

test('nothing of a message leaves its place in the field (RFC 8601 §2.2)', () => {
  const evil = 'a"b\\c\r\nBcc: x; dkim=pass (y)';
  const field = resultsField('mx.example.com', [
    { method: 'spf', result: 'fail', comment: evil, properties: [['smtp.mailfrom', evil]] },
  ]);
  assert.deepEqual(field.split('\r\n'), [
    'Authentication-Results: mx.example.com;',
    '\tspf=fail (a"b c Bcc: x; dkim=pass  y )',
    '\tsmtp.mailfrom="a\\"b\\\\c Bcc: x; dkim=pass (y)"',
    '',
  ]);
  assert.equal(resultsField('mx.example.com', []), 'Authentication-Results: mx.example.com; none\r\n');
});
