import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HeaderBlock } from '../mail/header.ts';
import { checkSenders } from './senders.ts';

const OWN = new Set(['ann@example.com', 'info@example.com', 'grün@example.com']);

async function verdict(header: string, addsSender = false): Promise<string> {
  const block = new HeaderBlock(Buffer.from(header.replaceAll('\n', '\r\n')));
  const checked = await checkSenders(block, {
    maySendAs: async (address) =>
      OWN.has(address.toLowerCase())
        ? { kind: 'allowed' }
        : { kind: 'refused', why: `ann@example.com may not send as ${address}` },
    account: 'ann@example.com',
    addsSender,
  });
  if (checked.kind === 'refused') return `${checked.reply.code} ${checked.reply.text}`;
  return checked.sender === undefined ? 'fit' : `sender ${checked.sender}`;
}

describe('in whose name a message is sent (RFC 6409 §6.1)', () => {
  const rows: readonly (readonly [header: string, expected: string | RegExp])[] = [
    ['From: ann@example.com\n', 'fit'],
    ['From: "Ann, of Sales" <INFO@example.com>\n', 'fit'],
    ['From: Ann <ann@example.com>, <info@example.com>\nSender: ann@example.com\n', 'fit'],
    ['From: =?utf-8?q?x=40y?= <ann@example.com>\n', 'fit'],
    ['From: grün@example.com\n', 'fit'],
    ['From: Us: ann@example.com, info@example.com;\n', 'fit'],
    ['From: ann@example.com (bob@example.org)\n', 'fit'],
    ['From: ann@example.com\nReply-To: anybody@example.org\n', 'fit'],
    ['To: x@example.org\n', /^550 5\.7\.1 the message has no From field/],
    ['From: ann@example.com\nFROM : ann@example.com\n', /^550 5\.7\.1 the message has two From fields/],
    ['From: bob@example.com\n', /^550 5\.7\.1 ann@example\.com may not send as bob@example\.com/],
    ['From: ann@example.com, bob@example.com\n', /may not send as bob@example\.com/],
    ['From: "ann@example.com" <bob@example.com>\n', /may not send as bob@example\.com/],
    ['From:\n bob@example.com\n', /may not send as bob@example\.com/],
    ['From: ann@example.com\nSender: bob@example.com\n', /may not send as bob@example\.com/],
    ['From: ann@example.com\nResent-From: bob@example.com\n', /may not send as bob@example\.com/],
    ['From: Undisclosed:;\n', /the from field of the message names no address/],
    ['From: Ann\n', /the from field of the message names no address/],
    ['From: ann@example.com, nobody\n', /names no address/],
    ['From: ann@example.com@example.org\n', /names no address/],
    ['From:\n', /names no address/],
    [`From: ${Array.from({ length: 101 }, () => 'ann@example.com').join(',\n ')}\n`, /names too many/],
    [`From: ann@example.com, ${'a:;'.repeat(300)}, bob@example.com\n`, /names too many/],
    [`From: ann@example.com, ${'a:;'.repeat(60)}\n`, /names too many/],
  ];
  for (const [header, expected] of rows)
    test(JSON.stringify(header.slice(0, 60)), async () => {
      const outcome = await verdict(header);
      if (typeof expected === 'string') assert.equal(outcome, expected);
      else assert.match(outcome, expected);
    });

  test('a foreign From can be let be, and then it is said who has sent it', async () => {
    assert.equal(await verdict('From: bob@example.com\n', true), 'sender ann@example.com');
    assert.equal(
      await verdict('From: bob@example.com\nSender: carol@example.com\n', true),
      'sender ann@example.com',
    );
    assert.equal(await verdict('From: ann@example.com\n', true), 'fit');
    assert.match(await verdict('From: bob@example.com\nResent-From: bob@example.com\n', true), /^550 /);
  });

  test('an address is asked for once', async () => {
    let asked = 0;
    const list = Array.from({ length: 50 }, () => 'ann@example.com').join(',');
    await checkSenders(new HeaderBlock(Buffer.from(`From: ${list}\r\n`)), {
      maySendAs: async () => {
        asked++;
        return { kind: 'allowed' };
      },
      account: 'ann@example.com',
      addsSender: false,
    });
    assert.equal(asked, 1);
  });
});
