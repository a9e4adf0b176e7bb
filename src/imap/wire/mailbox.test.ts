import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MailboxNameError, normalizeMailboxName } from '../../mail/mailbox-name.ts';
import { listMailbox, listReference, mailbox, mailboxPatterns } from './mailbox.ts';
import { asClientLiterals, faultOf, parseAll, written } from './testing.ts';

const REV1 = { isUtf8: false };
const UTF8 = { isUtf8: true };

const NAMES: readonly (readonly [what: string, input: string, modes: { isUtf8: boolean }, name: string])[] = [
  ['INBOX in any case', 'iNbOx', REV1, 'INBOX'],
  ['atom', 'Sent', REV1, 'Sent'],
  ['quoted', '"Sent Items"', REV1, 'Sent Items'],
  ['literal', '{5+}\r\nINBOX', REV1, 'INBOX'],
  ['Thunderbird adds a delimiter', 'Archive/', REV1, 'Archive'],
  ['modified UTF-7', 'Entw&APw-rfe', REV1, 'Entwürfe'],
  ['ampersand', 'R&-D', REV1, 'R&D'],
  ['UTF-8 before ENABLE', '"Entwürfe"', REV1, 'Entwürfe'],
  ['UTF-8 with an ampersand before ENABLE', '"R&D grün"', REV1, 'R&D grün'],
  ['decomposed', '"u\u0308ber"', UTF8, 'über'],
  ['ampersand after ENABLE', '"R&D"', UTF8, 'R&D'],
  ['what looks like UTF-7 after ENABLE', 'Entw&APw-rfe', UTF8, 'Entw&APw-rfe'],
];

const REFUSED: readonly (readonly [input: string | Buffer, modes: { isUtf8: boolean }, message: string])[] = [
  ['', REV1, 'BAD Expected a mailbox name at the end of the command'],
  ['()', REV1, 'BAD Expected a mailbox name instead of ( at octet 5 of the command'],
  ['""', REV1, 'NO [CANNOT] Mailbox name is empty'],
  ['R&D', REV1, 'NO [CANNOT] Mailbox name is not valid modified UTF-7 or UTF-8'],
  [Buffer.from('"\xff"', 'latin1'), REV1, 'NO [CANNOT] Mailbox name is not valid modified UTF-7 or UTF-8'],
  [Buffer.from('"\xed\xa0\x80"', 'latin1'), UTF8, 'BAD A string is not valid UTF-8'],
  ['"a\tb"', REV1, 'NO [CANNOT] Mailbox name contains a control character'],
  ['{3+}\r\na\nb', REV1, 'NO [CANNOT] Mailbox name contains a control character'],
];

describe('mailbox names', () => {
  for (const [what, input, modes, name] of NAMES) {
    it(`${what}: ${name}`, () => {
      assert.equal(parseAll(input, mailbox, modes), name);
      const again = asClientLiterals(written((w) => w.mailbox(name), modes.isUtf8));
      assert.equal(parseAll(again, mailbox, modes), name, 'written back');
    });
  }
  for (const [input, modes, message] of REFUSED) {
    it(`refuses ${JSON.stringify(String(input))}`, () =>
      assert.equal(faultOf(input, mailbox, modes), message));
  }

  it('writes every canonical name so that it is read back, in both modes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), fc.boolean(), (any, isUtf8) => {
        let name: string;
        try {
          name = normalizeMailboxName(any);
        } catch (error) {
          assert.ok(error instanceof MailboxNameError);
          return;
        }
        const wire = asClientLiterals(written((w) => w.mailbox(name), isUtf8));
        assert.equal(parseAll(wire, mailbox, { isUtf8 }), normalizeMailboxName(name));
      }),
    );
  });

  it('takes patterns and references that are in no name as such that match nothing', () => {
    for (const none of ['R&D', '&AOQ*', '&-&', '"%&%"', '"&A!Q-"', '"&2D0-"', '{3+}\r\n&/-']) {
      assert.equal(parseAll(none, listMailbox), undefined, none);
    }
    for (const none of ['R&D', '"&AOQ*"']) assert.equal(parseAll(none, listReference), undefined, none);
    const latin1 = Buffer.from('"gr\xfcn*"', 'latin1');
    assert.equal(parseAll(latin1, listMailbox), undefined);
    assert.equal(faultOf(latin1, listMailbox, UTF8), 'BAD A string is not valid UTF-8');
    assert.equal(parseAll('R&D*', listMailbox, UTF8), 'R&D*');
    assert.deepEqual(parseAll('(R&D R&-D)', mailboxPatterns), [undefined, 'R&D']);
  });

  it('reads patterns and references', () => {
    assert.equal(parseAll('a/%*]', listMailbox), 'a/%*]');
    assert.equal(parseAll('"%"', listMailbox), '%');
    assert.equal(parseAll('""', listMailbox), '');
    assert.equal(parseAll('&AOQ-/%', listMailbox), 'ä/%');
    assert.equal(parseAll('""', listReference), '');
    assert.deepEqual(parseAll('(INBOX% "a b/*")', mailboxPatterns), ['INBOX%', 'a b/*']);
    assert.equal(
      faultOf('()', mailboxPatterns),
      'BAD Expected a list that is not empty instead of ( at octet 5 of the command',
    );
    assert.equal(
      faultOf('(', listMailbox),
      'BAD Expected a mailbox pattern instead of ( at octet 5 of the command',
    );
  });
});
