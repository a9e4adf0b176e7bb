/**
 * Messages in chunks (RFC 3030): what BDAT brings is kept octet for octet, however it is cut, and nothing in it is a command.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { openTestDomain, type TestDomain } from '../../test/kit/domain.ts';
import type { LineClient } from '../../test/kit/line-client.ts';
import { lmtpHello, openTestLmtp, withoutReceived } from '../../test/kit/lmtp.ts';
import { runs } from '../../test/kit/runs.ts';
import type { Listener } from '../net/listener.ts';

const MAX_BYTES = 100_000;
const TRACE = 'Return-Path: <a@example.org>\r\nDelivered-To: ';

let kit: TestDomain;
let server: Listener;
let next = 0;

before(async () => {
  kit = await openTestDomain();
  server = await openTestLmtp({ domain: kit.domain, maxMessageBytes: MAX_BYTES });
});

after(async () => {
  await server.close(0);
  await kit.close();
});

async function begin(body = 'BINARYMIME'): Promise<{ client: LineClient; to: string }> {
  const to = `chunk${++next}@example.com`;
  await kit.addAccount(to, 'secret');
  const client = await lmtpHello(server);
  client.send(`MAIL FROM:<a@example.org> BODY=${body}\r\nRCPT TO:<${to}>\r\n`);
  assert.deepEqual(await client.codes(2), ['250 2.1.0', '250 2.1.5']);
  return { client, to };
}

async function keptFor(to: string): Promise<string[]> {
  const messages = await kit.messagesOf(to);
  return messages.map((one) => withoutReceived(one).replace(`${TRACE}${to}\r\n`, ''));
}

describe('a message in chunks', () => {
  test('comes whole, with octets that mean nothing here and no end of a line', async () => {
    const { client, to } = await begin();
    const octets = Buffer.from(Array.from({ length: 256 }, (_, i) => i)).toString('latin1');
    client.send(
      `BDAT 12\r\nSubject: x\r\n`,
      `BDAT 2\r\n\r\n`,
      `BDAT ${256 + 7}\r\n${octets}\r\n.\r\nQU`,
      'BDAT 0 LAST\r\n',
    );
    assert.deepEqual(await client.codes(4), ['250 2.0.0', '250 2.0.0', '250 2.0.0', '250 2.0.0']);
    assert.deepEqual(await keptFor(to), [`Subject: x\r\n\r\n${octets}\r\n.\r\nQU`]);
  });

  test('is the same however its octets are cut', async () => {
    const unit = fc.constantFrom('.', '\r\n', '\r\n.\r\n', 'BDAT 3\r\n', 'RSET\r\n', 'x', '\0');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(unit, { maxLength: 4 }), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 9 }),
        async (chunks, step) => {
          const { client, to } = await begin();
          const texts = chunks.map((units) => units.join(''));
          const wire = texts.map(
            (text, i) => `BDAT ${text.length}${i === texts.length - 1 ? ' last' : ''}\r\n${text}`,
          );
          const octets = Buffer.from(`${wire.join('')}NOOP\r\n`, 'latin1');
          for (let at = 0; at < octets.length; at += step) {
            client.send(octets.subarray(at, at + step));
            await new Promise(setImmediate);
          }
          assert.deepEqual(new Set(await client.codes(texts.length + 1)), new Set(['250 2.0.0']));
          assert.deepEqual(await keptFor(to), [texts.join('')]);
          client.socket.destroy();
        },
      ),
      { numRuns: runs(25) },
    );
  });

  test('may be given up, or kept waiting, between two of them', async () => {
    const { client, to } = await begin('8BITMIME');
    client.send(
      'BDAT 3\r\nabc',
      'NOOP\r\n',
      'MAIL FROM:<>\r\n',
      'DATA\r\n',
      'XTRACE Zm9v\r\n',
      'RSET\r\n',
      'BDAT 4 LAST\r\nQUIT',
    );
    const codes = ['250 2.0.0', '250 2.0.0', '503 5.5.1', '503 5.5.1', '503 5.5.1', '250 2.0.0', '503 5.5.1'];
    assert.deepEqual(await client.codes(7), codes);
    client.send(`MAIL FROM:<a@example.org>\r\nRCPT TO:<${to}>\r\nBDAT 5 LAST\r\nwhole`);
    assert.deepEqual(await client.codes(3), ['250 2.1.0', '250 2.1.5', '250 2.0.0']);
    assert.deepEqual(await keptFor(to), ['whole']);
  });

  test('that nobody wants is read past', async () => {
    const client = await lmtpHello(server);
    client.send('BDAT 6 LAST\r\nQUIT\r\n', 'MAIL FROM:<a@example.org>\r\n', 'BDAT 6\r\nQUIT\r\n', 'NOOP\r\n');
    assert.deepEqual(await client.codes(4), ['503 5.5.1', '250 2.1.0', '503 5.5.1', '250 2.0.0']);
  });

  test('that is too big is refused at its end; one far too big ends the connection', async () => {
    const { client, to } = await begin();
    const half = 'x'.repeat(MAX_BYTES / 2 + 10);
    client.send(`BDAT ${half.length}\r\n${half}`.repeat(2), 'BDAT 0 LAST\r\nNOOP\r\n');
    assert.deepEqual(await client.codes(4), ['250 2.0.0', '250 2.0.0', '552 5.3.4', '250 2.0.0']);
    const second = await begin();
    second.client.send('BDAT 999999999999999 LAST\r\nxx');
    assert.deepEqual(await second.client.codes(1), ['552 5.3.4']);
    await second.client.ended();
    assert.deepEqual(await keptFor(to), []);
  });

  test('whose size is no number ends the connection: nobody knows where it ends', async () => {
    for (const argument of ['', 'x', '-1', '1 2', '1 LAST 2', '1e3', '9999999999999999']) {
      const { client } = await begin();
      client.send(`BDAT ${argument}\r\nQUIT\r\n`);
      assert.deepEqual(await client.codes(1), ['501 5.5.4'], argument);
      await client.ended();
    }
  });

  test('without lines does not come as lines, and one that is not whole leaves nothing', async () => {
    const { client, to } = await begin();
    client.send('DATA\r\n', 'BDAT 100\r\nhalf');
    assert.deepEqual(await client.codes(1), ['503 5.5.1']);
    client.socket.end();
    await client.ended();
    assert.deepEqual(await keptFor(to), []);
  });
});

test('how a message came is written in front of it (RFC 5321 §4.4)', async () => {
  const { client, to } = await begin();
  client.send(`BDAT 2 LAST\r\nhi`);
  const id = /id (\S+)$/.exec(await client.reply())?.[1];
  const [message = ''] = (await kit.messagesOf(to)).map(String);
  const [, , ...lines] = message.split('\r\n');
  assert.equal(lines[0], 'Received: from client.example.org ([127.0.0.1])');
  assert.equal(lines[1], `\tby mail.example.com with LMTP id ${id}`);
  assert.equal(lines[2], `\tfor <${to}>;`);
  assert.match(lines[3] ?? '', /^\t\w{3}, \d+ \w{3} \d{4} \d\d:\d\d:\d\d \+0000$/);
  client.send(Buffer.from('LHLO \u00fc<(x) by evil\r\nMAIL FROM:<a@example.org> SMTPUTF8\r\n'));
  client.send(`RCPT TO:<${to}>\r\n`.repeat(2), 'BDAT 2 LAST\r\nhi');
  await client.codes(5);
  const [, second = ''] = (await kit.messagesOf(to)).map(String);
  assert.ok(second.includes('\r\nReceived: from \u00fc??x??by?evil ([127.0.0.1])\r\n'), second);
  assert.match(second, /with UTF8LMTP id/);
  assert.doesNotMatch(second, /for </);
});
