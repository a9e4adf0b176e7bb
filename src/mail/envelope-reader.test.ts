import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { envelope } from './envelope.ts';
import { EnvelopeReader } from './envelope-reader.ts';
import { HeaderBlock } from './header.ts';

function reader(header: string): EnvelopeReader {
  const block = new HeaderBlock(Buffer.from(header.replaceAll('\n', '\r\n')));
  return new EnvelopeReader(envelope(block).toString('latin1'));
}

const HEADER = `Date: Wed, 17 Jul 1996 23:23:25 -0700
Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?= "quoted" \\ and
  folded
From: "Gray, Terry" <gray@example.com>
To: minutes@example.org, =?iso-8859-1?Q?J=F8rgen?= <j@example.net>
Cc: undisclosed-recipients:;
Message-Id: <b1@example.com>

`;

test('fields are read back decoded (RFC 9051 §7.5.2)', () => {
  const read = reader(HEADER);
  assert.equal(read.text('subject'), 'Grüße "quoted" \\ and  folded');
  assert.equal(read.text('from'), 'Gray, Terry <gray@example.com>');
  assert.equal(read.text('sender'), 'Gray, Terry <gray@example.com>');
  assert.equal(read.text('to'), 'minutes@example.org, Jørgen <j@example.net>');
  assert.equal(read.text('cc'), 'undisclosed-recipients:');
  assert.equal(read.text('bcc'), undefined);
  assert.equal(read.text('in-reply-to'), undefined);
  assert.equal(read.text('message-id'), '<b1@example.com>');
  assert.deepEqual(read.sentDate(), {
    seconds: 837671005,
    localYear: 1996,
    localMonth: 7,
    localDay: 17,
    zoneMinutes: -420,
  });
});

test('a local part with quotes is found in either spelling, what is no address as it stands', () => {
  const read = reader('From: "john \\"d\\" doe"@example.com\nTo: Shop <shop:news@example.com>, root, \n\n');
  assert.equal(read.text('from'), 'john "d" doe@example.com "john \\"d\\" doe"@example.com');
  assert.equal(read.text('to'), 'Shop <shop:news@example.com>, root');
});

test('whatever the octets are, reading ends', () => {
  const octets = fc.array(
    fc.constantFrom('(', ')', '"', '\\', 'NIL', ' ', '{5}\r\n', '{', '9', 'a', '{99999999}'),
  );
  fc.assert(
    fc.property(octets, (pieces) => {
      const read = new EnvelopeReader(`(${pieces.join('')}`);
      read.text('subject');
      read.text('message-id');
      read.sentDate();
    }),
  );
});
