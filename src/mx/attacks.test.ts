/**
 * Those who mean harm at the port for mail from the world: what they say is text of a message, a refusal, or the end of the
 * connection; never a second message, a header field of theirs in ours, or work without an end.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { createSecureContext } from 'node:tls';
import fc from 'fast-check';
import { openTestDomain, type TestDomain } from '../../test/kit/domain.ts';
import { LineClient } from '../../test/kit/line-client.ts';
import { withoutReceived } from '../../test/kit/lmtp.ts';
import { mxHello, mxStartData, openTestMx } from '../../test/kit/mx.ts';
import { runs } from '../../test/kit/runs.ts';
import { type Log, silentLog } from '../base/log.ts';
import type { Listener } from '../net/listener.ts';
import { makePair } from '../net/self-signed.ts';
import { Sweep } from '../net/sweep.ts';

const ALICE = 'alice@example.com';
const MINUTE = 60_000;

let kit: TestDomain;
let server: Listener;
/** Of the clock for deadlines. */
let nowMs = 0;
let sweep: Sweep;
/** What the server calls an error of its own. */
const errors: string[] = [];
const log: Log = { ...silentLog, error: (_facts, message) => void errors.push(message), child: () => log };

before(async () => {
  kit = await openTestDomain();
  await kit.addAccount(ALICE, 'secret');
  const { certificate, key } = await makePair('mx.example.com');
  sweep = new Sweep(1_000_000, () => nowMs);
  server = await openTestMx({
    ...{ domain: kit.domain, log, maxMessageBytes: 8 * 1024 * 1024 },
    tls: { current: () => createSecureContext({ cert: certificate, key }) },
    stream: { sweep, writeTimeoutMs: MINUTE },
  });
});

after(async () => {
  await server.close(0);
  await kit.close();
  assert.deepEqual(errors, []);
});

const count = async (): Promise<number> => (await kit.messagesOf(ALICE)).length;

async function lastBody(): Promise<string> {
  const message = withoutReceived((await kit.messagesOf(ALICE)).at(-1) as Buffer);
  return message.split('\r\n').slice(2).join('\r\n');
}

/** Whoever came before has left nothing behind that keeps others from coming in. */
async function assertWell(): Promise<void> {
  const client = await mxStartData(server, [ALICE]);
  client.send('well\r\n.\r\n');
  assert.deepEqual(await client.codes(1), ['250 2.0.0']);
  client.socket.destroy();
}

describe('a second message inside the first (SMTP smuggling)', () => {
  const ends = [
    ...['\n.\n', '\r\n.\n', '\n.\r\n', '\r.\r', '\r\n.\r', '\n.\r', '\r.\n', '\r.\r\n', '\r\r\n.\r\r\n'],
    ...[
      '\r\n.\0\r\n',
      '\r\n\0.\r\n',
      '\0\r\n.\n',
      '\r\n. \r\n',
      '\r\n .\r\n',
      '\r\n.\r\r\n',
      '\n\n.\n\n',
      '\r\n.\x85',
    ],
  ];
  for (const end of ends) {
    test(`behind ${JSON.stringify(end)}, wherever it is cut`, async () => {
      const smuggled = `MAIL FROM:<admin@example.com>\r\nRCPT TO:<${ALICE}>\r\nDATA\r\nSubject: smuggled\r\n\r\nx`;
      const wire = Buffer.from(`Subject: outer\r\n\r\nhi${end}${smuggled}\r\n.\r\n`, 'latin1');
      const from = wire.indexOf('hi') + 1;
      for (let cut = from; cut <= from + end.length + 3; cut++) {
        const before = await count();
        const client = await mxStartData(server, [ALICE]);
        client.send(wire.subarray(0, cut));
        await new Promise((resolve) => setTimeout(resolve, 2));
        client.send(wire.subarray(cut));
        assert.deepEqual(await client.codes(1), ['250 2.0.0']);
        client.send('QUIT\r\n');
        assert.deepEqual(await client.codes(1), ['221 2.0.0']);
        assert.equal(await count(), before + 1);
        assert.equal(await lastBody(), `Subject: outer\r\n\r\nhi${end}${smuggled}\r\n`);
      }
    });
  }

  test('in a chunk is text', async () => {
    const text = `x\r\n.\r\nMAIL FROM:<a@example.com>\r\nBDAT 3 LAST\r\nabc`;
    const client = await mxHello(server);
    client.send(`MAIL FROM:<a@example.org>\r\nRCPT TO:<${ALICE}>\r\nBDAT ${text.length} LAST\r\n${text}`);
    assert.deepEqual(await client.codes(3), ['250 2.1.0', '250 2.1.5', '250 2.0.0']);
    assert.equal(await lastBody(), text);
  });
});

describe('commands', () => {
  test('that end in a bare LF, or have a CR, NUL or octets of no text in them, are not obeyed', async () => {
    const client = await mxHello(server);
    for (const line of [
      'MAIL FROM:<a@example.org>\n',
      'NOOP\rMAIL FROM:<a@example.org>\r\n',
      'MAIL FROM:<a@example.org>\rRCPT TO:<x>\r\n',
      'MAIL FROM:<a@example.org>\0\r\n',
      'MAIL FROM:<\xff\xfe@example.org>\r\n',
      'MAIL FROM:<\xc0\xaf@example.org> SMTPUTF8\r\n',
      'NOOP \x1b[2J\r\n',
    ]) {
      client.send(line);
      assert.deepEqual(await client.codes(1), ['500 5.5.2'], JSON.stringify(line));
    }
    client.send(`RCPT TO:<${ALICE}>\r\n`);
    assert.deepEqual(await client.codes(1), ['503 5.5.1']);
  });

  test('bring nothing into the header of a message but what they are for', async () => {
    const client = await LineClient.connect(server.port);
    await client.reply();
    client.send('EHLO x.example ([192.0.2.1]) by mx.example.com; Fri\r\n');
    await client.reply();
    client.send(
      'MAIL FROM:<"a> X-Evil: b <c"@example.org>\r\n',
      `RCPT TO:<"alice"@example.com>\r\n`,
      'DATA\r\n',
    );
    assert.deepEqual(await client.codes(3), ['250 2.1.0', '250 2.1.5', '354']);
    client.send('Subject: x\r\n\r\nhi\r\n.\r\n');
    assert.deepEqual(await client.codes(1), ['250 2.0.0']);
    const [path, to, from, by, recipient, date, subject] = String((await kit.messagesOf(ALICE)).at(-1)).split(
      '\r\n',
    );
    assert.equal(path, 'Return-Path: <"a> X-Evil: b <c"@example.org>');
    assert.equal(to, 'Delivered-To: "alice"@example.com');
    assert.equal(from, 'Received: from x.example??[192.0.2.1]??by?mx.example.com??Fri ([127.0.0.1])');
    assert.match(by ?? '', /^\tby mx\.example\.com with ESMTP id \S+$/);
    assert.equal(recipient, '\tfor <"alice"@example.com>;');
    assert.match(date ?? '', /^\t\w{3}, /);
    assert.equal(subject, 'Subject: x');
  });

  test('parameters that are unknown, twice there, or no xtext', async () => {
    const client = await mxHello(server);
    const rows: readonly (readonly [string, string])[] = [
      ['FROM:<a@example.org> X=1', '555 5.5.4'],
      ['FROM:<a@example.org> AUTH=<>', '555 5.5.4'],
      ['FROM:<a@example.org> SIZE=1 SIZE=1', '501 5.5.4'],
      ['FROM:<a@example.org> SIZE=1x', '501 5.5.4'],
      ['FROM:<a@example.org> SIZE=99999999999999999999', '552 5.3.4'],
      ['FROM:<a@example.org> BODY=9BIT', '501 5.5.4'],
      ['FROM:<a@example.org>SIZE=1', '501 5.5.4'],
      ['FROM:a@example.org', '501 5.5.4'],
      ['FROM:<a@example.org', '501 5.5.4'],
      ['FROM:<a@b@example.org>', '501 5.1.7'],
      ['FROM:<a@-.example.org>', '501 5.1.7'],
      ['FROM:<alice>', '501 5.1.7'],
      [`FROM:<${'x'.repeat(1000)}@example.org>`, '553 5.1.7'],
    ];
    for (const [argument, code] of rows) {
      client.send(`MAIL ${argument}\r\n`);
      assert.deepEqual(await client.codes(1), [code], argument);
    }
  });

  test('in a flood, or only to pass the time, have an end', async () => {
    for (const line of ['NOOP\r\n', 'RSET\r\n', 'MAIL FROM:<a@example.org>\r\nRSET\r\n', 'VRFY x\r\n']) {
      const client = await mxHello(server);
      client.send(line.repeat(100_000));
      await client.ended();
    }
    const client = await mxHello(server);
    for (let i = 0; i < 300; i++) {
      client.send(`RSET\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<${ALICE}>\r\n`);
      assert.deepEqual(await client.codes(3), ['250 2.0.0', '250 2.1.0', '250 2.1.5']);
    }
    client.socket.destroy();
    await assertWell();
  });

  test('of noise harm nobody', async () => {
    const word = fc.constantFrom(
      'EHLO x',
      'MAIL FROM:',
      '<a@example.org>',
      'RCPT TO:',
      `<${ALICE}>`,
      'DATA',
      'BDAT',
      'STARTTLS',
      ' ',
      '5',
      'LAST',
    );
    const octets = fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
    const line = fc.tuple(
      fc.array(fc.oneof(word, octets), { maxLength: 4 }),
      fc.constantFrom('\r\n', '\n', ''),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 20 }), async (lines) => {
        const client = await LineClient.connect(server.port);
        client.send(lines.map(([words, end]) => words.join('') + end).join(''));
        client.socket.end();
        await client.ended();
      }),
      { numRuns: runs(100) },
    );
    await assertWell();
  });
});

test('noise in the place of a TLS handshake ends the connection, and is no error of ours', async () => {
  for (const noise of [
    Buffer.alloc(5000, 0x16),
    Buffer.from('EHLO x\r\n'),
    Buffer.from([0x16, 3, 1, 0xff, 0xff]),
  ]) {
    const client = await mxHello(server);
    client.send('STARTTLS\r\n');
    assert.deepEqual(await client.codes(1), ['220 2.0.0']);
    client.socket.end(noise);
    await client.ended();
  }
  const gone = await mxHello(server);
  gone.send('STARTTLS\r\n');
  await gone.reply();
  gone.socket.resetAndDestroy();
  await assertWell();
});

describe('those who take their time', () => {
  /** Lets the server read what is on its way, then moves its clock. */
  async function pass(ms: number): Promise<void> {
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve, 1));
    nowMs += ms;
    sweep.tick();
  }

  async function dripUntilGone(client: LineClient, everyMs: number, octets: string): Promise<number> {
    const startMs = nowMs;
    let isOver = false;
    void once(client.socket, 'close').then(() => {
      isOver = true;
    });
    for (let i = 0; i < 300 && !isOver; i++) {
      client.send(octets);
      await pass(everyMs);
    }
    assert.ok(isOver, 'the server never had enough');
    return (nowMs - startMs) / MINUTE;
  }

  test('with a command, a message, a chunk, and from one chunk to the next', async () => {
    const begin = `MAIL FROM:<a@example.org>\r\nRCPT TO:<${ALICE}>\r\n`;
    const command = await mxHello(server);
    assert.ok((await dripUntilGone(command, MINUTE / 2, 'N')) <= 6);
    const message = await mxStartData(server, [ALICE]);
    assert.ok((await dripUntilGone(message, MINUTE / 6, 'x')) <= 2);
    const chunk = await mxHello(server);
    chunk.send(`${begin}BDAT 100000 LAST\r\n`);
    assert.ok((await dripUntilGone(chunk, MINUTE / 6, 'x')) <= 2);
    const chunks = await mxHello(server);
    chunks.send(begin);
    assert.ok((await dripUntilGone(chunks, MINUTE / 2, 'BDAT 1\r\nx')) <= 3);
    await assertWell();
  });
});

describe('messages that are made to be hard to read', () => {
  const bombs: readonly (readonly [what: string, message: string, code: string])[] = [
    ['5,000 parts in each other', nested(5000), '250 2.0.0'],
    ['20,000 addresses', `To: ${'a@example.com,\r\n '.repeat(5000)}b@example.com\r\n`.repeat(4), '250 2.0.0'],
    ['a field of 200 KB', `X: ${'y'.repeat(200_000)}\r\n\r\nx\r\n`, '552 5.3.4'],
    [
      'a header of 2 MB',
      `${'X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n'.repeat(60_000)}\r\nx\r\n`,
      '552 5.3.4',
    ],
    ['a line of 5 MB', `Subject: x\r\n\r\n${'x'.repeat(5_000_000)}\r\n`, '250 2.0.0'],
    ['a million empty lines', `Subject: x\r\n${'\r\n'.repeat(1_000_000)}`, '250 2.0.0'],
  ];
  for (const [what, message, code] of bombs) {
    test(`${what}: ${code}, in little time`, async () => {
      const startMs = performance.now();
      const client = await mxStartData(server, [ALICE]);
      client.send(message.replace(/^\./gm, '..'), '\r\n.\r\n');
      assert.deepEqual(await client.codes(1), [code]);
      assert.ok(performance.now() - startMs < 10_000);
    });
  }

  function nested(depth: number): string {
    const part = (i: number): string => `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\n`;
    return `${Array.from({ length: depth }, (_, i) => part(i)).join('')}Content-Type: text/plain\r\n\r\nx\r\n`;
  }
});
