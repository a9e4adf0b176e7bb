import assert from 'node:assert/strict';
import { isAscii } from 'node:buffer';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/kit/runs.ts';
import { headerRanges } from '../mail/downgrade/surrogate.ts';
import { analyze } from '../mail/message.ts';
import { decodeParts } from '../mail/part-codec.ts';
import { TRAIT } from '../mail/traits.ts';
import { OctetForm } from './octet-form.ts';
import { needsSurrogate, SentForm, sizeOf } from './sent-form.ts';

function sent(message: Buffer, isUtf8: boolean): Buffer {
  const { traits, parts } = analyze(message);
  const headers = needsSurrogate(traits, isUtf8) ? headerRanges(decodeParts(parts)) : undefined;
  const form = new SentForm(traits, headers);
  const out: Buffer[] = [];
  for (const slice of form.slices(message)) out.push(...form.convert(slice));
  return Buffer.concat([...out, ...form.end()]);
}

function inPop3Form(message: Buffer): Buffer {
  const form = new OctetForm();
  return Buffer.concat([form.convert(message), form.end()]);
}

const message = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...['\r\n', '\r\n\r\n', '\n', '\r', '\0', 'Subject: ', 'To: ', '\xe4', 'ä', '\r\r\n', ' '],
      ),
      fc.constantFrom(
        'Content-Type: multipart/mixed; boundary=b\r\n\r\n',
        '\r\n--b\r\n',
        'Content-Type: message/rfc822\r\n\r\n',
      ),
      fc.string({ maxLength: 8 }),
    ),
    { maxLength: 20 },
  )
  .map((parts) => Buffer.from(parts.join(''), 'latin1'));

test('in UTF-8 mode every message is itself in POP3 form; without, its headers are ASCII (RFC 6856 §2.1)', () => {
  fc.assert(
    fc.property(message, (bytes) => {
      assert.deepEqual(sent(bytes, true), inPop3Form(bytes));
      const surrogate = sent(bytes, false);
      const header = /^(?:[^\r\n]+\r\n)*\r\n/.exec(surrogate.toString('latin1'));
      assert.ok(header !== null && isAscii(Buffer.from(header[0], 'latin1')), surrogate.toString('latin1'));
      assert.deepEqual(inPop3Form(surrogate), surrogate, 'whole lines, a header that ends, no NUL');
      if ((analyze(bytes).traits & TRAIT.PlainHeaders) !== 0) assert.deepEqual(surrogate, sent(bytes, true));
    }),
    { numRuns: runs(2000) },
  );
});

test('a size that the traits tell is the size that is sent', () => {
  fc.assert(
    fc.property(message, fc.boolean(), (bytes, isUtf8) => {
      const size = sizeOf(bytes.length, analyze(bytes).traits, isUtf8);
      if (size !== undefined) assert.equal(size, sent(bytes, isUtf8).length);
    }),
    { numRuns: runs(2000) },
  );
});
