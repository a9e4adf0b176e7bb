/**
 * APPEND of very many messages (RFC 3502): all of them in one change, or none.
 */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { ImapClient } from './imap-client.ts';
import { startTestImap, type TestImap } from './kit/imap.ts';

const MESSAGE = 'Subject: one of many\r\n\r\nbody\r\n';
const COUNT = 1500;

describe('APPEND of many messages', () => {
  let server: TestImap;
  let client: ImapClient;

  async function start(quota: { readonly bytes?: number; readonly messages?: number } = {}): Promise<void> {
    await server.kit.addAccount('alice@example.com', 'secret', quota);
    client = await ImapClient.signIn(server.port, 'alice@example.com', 'secret');
  }
  beforeEach(async () => {
    server = await startTestImap();
  });
  afterEach(async () => {
    client.close();
    await server.close();
  });

  /** Each with flags and a date, so that the text between the messages is longer than any line may be. */
  function send(messages: readonly string[]): void {
    const pieces = messages.map((message, i) => {
      const flags = `(\\Seen $Number${i % 10} ${'k'.repeat(60)})`;
      return ` ${flags} "17-Jul-1996 02:44:25 -0700" {${message.length}+}\r\n${message}`;
    });
    client.send(`a APPEND INBOX${pieces.join('')}\r\n`);
  }

  async function exists(): Promise<string> {
    return (await client.ok('STATUS INBOX (MESSAGES)')).untagged.join();
  }

  test('as many as there are', async () => {
    await start();
    send(new Array(COUNT).fill(MESSAGE));
    const { status, text } = await client.answer('a');
    assert.match(`${status} ${text}`, new RegExp(`^OK \\[APPENDUID \\d+ 1:${COUNT}\\]`));
    await client.ok('SELECT INBOX');
    const { untagged } = await client.ok(`FETCH ${COUNT} (FLAGS INTERNALDATE RFC822.SIZE)`);
    const last = `$Number${(COUNT - 1) % 10}`;
    assert.ok(untagged.join().includes(last) && untagged.join().includes('17-Jul-1996 09:44:25 +0000'));
  });

  test('one at a time, with synchronizing literals', async () => {
    await start();
    client.sendLine(`a APPEND INBOX {${MESSAGE.length}}`);
    for (let i = 1; i <= 300; i++) {
      assert.equal((await client.next()).kind, 'continuation');
      client.send(i < 300 ? `${MESSAGE} {${MESSAGE.length}}\r\n` : `${MESSAGE}\r\n`);
    }
    assert.equal((await client.answer('a')).status, 'OK');
    assert.match(await exists(), /MESSAGES 300\)/);
  });

  test('none when the last one cancels them', async () => {
    await start();
    send([...new Array(COUNT).fill(MESSAGE), '']);
    assert.equal((await client.answer('a')).status, 'NO');
    assert.match(await exists(), /MESSAGES 0\)/);
  });

  for (const quota of [{ messages: COUNT - 1 }, { bytes: (COUNT - 1) * MESSAGE.length }]) {
    test(`none when the last one is beyond the quota (${Object.keys(quota)})`, async () => {
      await start(quota);
      send(new Array(COUNT).fill(MESSAGE));
      const { status, text } = await client.answer('a');
      assert.match(`${status} ${text}`, /^NO \[OVERQUOTA\]/);
      assert.match(await exists(), /MESSAGES 0\)/);
    });
  }

  test('none, and [LIMIT], when they would fill the memory', async () => {
    await start();
    const message = `${MESSAGE}${'x'.repeat(60_000)}\r\n`;
    send(new Array(1100).fill(message));
    const { status, text } = await client.answer('a');
    assert.match(
      `${status} ${text}`,
      /^NO \[LIMIT\] 9\d\d messages of this size are too many for one command/,
    );
    assert.match(await exists(), /MESSAGES 0\)/);
  });

  test('none, and [LIMIT], when others would wait for them', async () => {
    await start();
    send(new Array(2001).fill(MESSAGE));
    const { status, text } = await client.answer('a');
    assert.match(
      `${status} ${text}`,
      /^NO \[LIMIT\] 2001 messages of this size are too many for one command/,
    );
    assert.match(await exists(), /MESSAGES 0\)/);
  });

  test('others are served while they are written, and come before or after all of them', async () => {
    await start();
    const other = await ImapClient.signIn(server.port, 'alice@example.com', 'secret');
    send(new Array(COUNT).fill(MESSAGE));
    const appended = client.answer('a');
    for (let isDone = false; !isDone; ) {
      await other.ok(`APPEND INBOX {${MESSAGE.length}+}\r\n${MESSAGE}`);
      isDone = await Promise.race([appended.then(() => true), other.ok('NOOP').then(() => false)]);
    }
    const { text } = await appended;
    const [, first, last] = /APPENDUID \d+ (\d+):(\d+)\]/.exec(text) ?? [];
    assert.equal(Number(last) - Number(first), COUNT - 1);
    other.close();
  });
});
