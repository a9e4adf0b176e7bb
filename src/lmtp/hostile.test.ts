/**
 * LMTP and those who take their time, or too much of everything: what is bounded, and what they are told.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { bugLog } from '../../test/kit/bug-log.ts';
import { openTestDomain, type TestDomain } from '../../test/kit/domain.ts';
import { LineClient } from '../../test/kit/line-client.ts';
import { lmtpHello, lmtpStartData, openTestLmtp } from '../../test/kit/lmtp.ts';
import type { Log, LogFields } from '../base/log.ts';
import { Connections } from '../net/connections.ts';
import type { Listener } from '../net/listener.ts';
import { Sweep } from '../net/sweep.ts';
import { MAX_FIELD_BYTES, MAX_HEADER_BYTES } from '../smtp/header-bounds.ts';
import { DEADLINES } from '../smtp/pace.ts';

const ALICE = 'alice@example.com';
const SECOND = 1000;
const MINUTE = 60 * SECOND;

let kit: TestDomain;
const warned: LogFields[] = [];
/** What is said of refusals is looked at. */
const LOG: Log = {
  ...bugLog,
  warn: (fields, message) => void (message === 'a message was refused' && warned.push(fields)),
  child: () => LOG,
};
/** The server's own clock for deadlines, in ms. */
let nowMs = 0;
let sweep: Sweep;
let server: Listener;
let connections: Connections;

before(async () => {
  kit = await openTestDomain();
  await kit.addAccount(ALICE, 'secret');
  sweep = new Sweep(1_000_000, () => nowMs);
  connections = new Connections({ total: 100, perAddress: 100 });
  server = await openTestLmtp({
    connections,
    ...{ domain: kit.domain, log: LOG },
    stream: { sweep, writeTimeoutMs: MINUTE },
    deadlines: DEADLINES,
    uploadBytes: 1,
    maxMessageBytes: 8 * 1024 * 1024,
  });
});

after(async () => {
  await server.close(0);
  await kit.close();
});

/** Lets the server read what is on its way, then moves its clock. */
async function pass(ms: number): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve, 1));
  nowMs += ms;
  sweep.tick();
}

/** Sends an octet, waits, sends another, until the server has had enough; gives the minutes that took. */
async function drip(client: LineClient, everyMs: number, octet: string): Promise<number> {
  const startMs = nowMs;
  let isOver = false;
  client.socket.once('close', () => {
    isOver = true;
  });
  for (let i = 0; i < 200 && !isOver; i++) {
    client.send(octet);
    await pass(everyMs);
  }
  assert.ok(isOver, 'the server never had enough');
  return (nowMs - startMs) / MINUTE;
}

describe('a delivering client that takes its time', () => {
  test('drips a command: five minutes, whatever comes', async () => {
    const client = await lmtpHello(server);
    const minutes = await drip(client, 30 * SECOND, 'N');
    assert.ok(minutes <= 6, String(minutes));
    assert.deepEqual(await client.codes(1), ['421 4.4.2']);
  });

  test('drips before it has said anything: the same', async () => {
    const client = await LineClient.connect(server.port);
    await client.reply();
    assert.ok((await drip(client, 30 * SECOND, ' ')) <= 6);
  });

  test('drips a message: it is cut off after a minute, and nothing of it stays', async () => {
    const client = await lmtpStartData(server, [ALICE]);
    const minutes = await drip(client, 10 * SECOND, 'x');
    assert.ok(minutes > 0.9 && minutes <= 2, String(minutes));
    assert.deepEqual(await client.codes(1), ['421 4.4.2']);
    assert.equal((await kit.messagesOf(ALICE)).length, 0);
  });

  test('sends a message for more than an hour, however fast', async () => {
    const client = await lmtpStartData(server, [ALICE]);
    client.send('Subject: x\r\n\r\n');
    const minutes = await drip(client, 2 * MINUTE, `${'x'.repeat(20_000)}\r\n`);
    assert.ok(minutes > 55 && minutes <= 64, String(minutes));
  });

  test('is slow but not that slow: it is waited for', async () => {
    const client = await lmtpStartData(server, [ALICE]);
    client.send('Subject: slow\r\n\r\n');
    for (let i = 0; i < 10; i++) {
      client.send(`${'x'.repeat(3000)}\r\n`);
      await pass(20 * SECOND);
    }
    client.send('.\r\n');
    assert.deepEqual(await client.codes(1), ['250 2.0.0']);
    assert.equal((await kit.messagesOf(ALICE)).length, 1);
    client.send('QUIT\r\n');
    await client.ended();
  });

  test('takes no replies: it is held back, then cut off', async () => {
    const client = await lmtpHello(server);
    client.socket.pause();
    // Their answers are 60 MB.
    const hellos = Buffer.from('LHLO x\r\n'.repeat(600_000));
    client.send(hellos);
    const bytesIn = (): number => connections.list()[0]?.bytesIn ?? 0;
    for (let last = -1, quiet = 0; quiet < 10; last = bytesIn()) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      quiet = bytesIn() === last ? quiet + 1 : 0;
    }
    assert.ok(bytesIn() < hellos.length / 2, `${bytesIn()} octets were read, and all answers kept`);
    for (let i = 0; i < 20 && server.openSessions > 0; i++) await pass(2 * MINUTE);
    assert.equal(server.openSessions, 0);
    client.socket.destroy();
  });
});

const field = (octets: number): string => `X-Long: ${'y'.repeat(octets - 10)}\r\n`;

describe('a delivering client that brings too much', () => {
  const headers: readonly (readonly [what: string, message: string])[] = [
    ['a header of 5 MB', `${field(1000).repeat(5000)}\r\nbody\r\n`],
    ['a field of 200 KB', `${field(200_000)}\r\nbody\r\n`],
    ['a folded field of 200 KB', `X: y\r\n${` ${'y'.repeat(70)}\r\n`.repeat(2800)}\r\nbody\r\n`],
    ['a message that is all header', 'no colon here\r\n'.repeat(MAX_HEADER_BYTES / 14)],
    [
      'an attached message with a header of 2 MB',
      `Content-Type: message/rfc822\r\n\r\n${field(1000).repeat(2000)}\r\nbody\r\n`,
    ],
  ];
  for (const [what, message] of headers) {
    test(`${what}: refused for good, nothing of it stays, the session goes on`, async () => {
      const before = (await kit.messagesOf(ALICE)).length;
      const client = await lmtpStartData(server, [ALICE, ALICE]);
      client.send(message, '.\r\n', 'NOOP\r\n');
      const [first, second] = [await client.reply(), await client.reply()];
      assert.match(first, /^552 5\.3\.4 (?:the header|a field of the header|the header of a part) has more/);
      assert.equal(first, second);
      assert.deepEqual(await client.codes(1), ['250 2.0.0']);
      assert.equal((await kit.messagesOf(ALICE)).length, before);
      const { err, code } = warned.at(-1) ?? {};
      assert.deepEqual([err, code], [undefined, 'too-big'], 'no stack of what a stranger has done');
    });
  }

  test('a header just within the bounds is taken', async () => {
    const client = await lmtpStartData(server, [ALICE]);
    client.send(field(MAX_FIELD_BYTES - 100), field(1000).repeat(800), '\r\nbody\r\n.\r\n');
    assert.deepEqual(await client.codes(1), ['250 2.0.0']);
  });

  test('many messages at once: the room for messages under way has an end, and is given back', async () => {
    const sixMiB = Buffer.alloc(6 * 1024 * 1024, 'x');
    const first = await lmtpStartData(server, [ALICE]);
    first.send('Subject: first\r\n\r\n', sixMiB);
    const second = await lmtpStartData(server, [ALICE]);
    second.send('Subject: second\r\n\r\n', sixMiB, '\r\n.\r\n');
    const outcome = await second.codes(1);
    first.send('\r\n.\r\n');
    // Which of the two comes too late is up to the network.
    assert.deepEqual([...outcome, ...(await first.codes(1))].sort(), ['250 2.0.0', '452 4.3.1']);
    second.send(`MAIL FROM:<>\r\nRCPT TO:<${ALICE}>\r\nDATA\r\n`);
    await second.codes(3);
    second.send('Subject: second\r\n\r\n', sixMiB, '\r\n.\r\n');
    assert.deepEqual(await second.codes(1), ['250 2.0.0']);
  });
});
