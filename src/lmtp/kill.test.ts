import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startProcess } from '../../test/kit/delivery.ts';
import { openTestDomain } from '../../test/kit/domain.ts';
import { LineClient } from '../../test/kit/line-client.ts';
import { withoutReceived } from '../../test/kit/lmtp.ts';

const SERVER = 'lmtp-process.ts';
const ENVELOPE = 'MAIL FROM:<a@example.org>\r\nRCPT TO:<alice@example.com>\r\nDATA\r\n';

async function hello(port: number): Promise<LineClient> {
  const client = await LineClient.connect(port);
  client.send('LHLO x\r\n');
  await client.codes(2);
  return client;
}

/** Delivers as fast as it can until the connection breaks; adds what was acknowledged, and the one that was not. */
async function sendUntilDeath(
  client: LineClient,
  name: string,
  acked: Set<string>,
  open: Set<string>,
): Promise<void> {
  for (let i = 0; ; i++) {
    const text = `${name} ${i}`;
    const filler = i % 5 === 4 ? 'y'.repeat(100_000) : '';
    open.add(text);
    client.send(ENVELOPE, `${text}\r\n${filler}\r\n.\r\n`);
    const codes = await client.codes(4);
    if (codes[3] !== '250 2.0.0') return;
    open.delete(text);
    acked.add(text);
  }
}

test('a killed server has every message it acknowledged, none twice, and none in part', async () => {
  const data = await mkdtemp(join(tmpdir(), 'brevduva-kill-'));
  const kit = await openTestDomain({ data });
  await kit.addAccount('alice@example.com', 'secret');
  await kit.close();
  const acked = new Set<string>();
  const open = new Set<string>();
  for (let round = 0; round < 3; round++) {
    const { child, port } = await startProcess(SERVER, data);
    const half = await hello(port);
    half.send(ENVELOPE, 'half\r\n', 'x'.repeat(200_000));
    const before = acked.size;
    const senders = await Promise.all(Array.from({ length: 4 }, () => hello(port)));
    const work = senders.map((client, i) => sendUntilDeath(client, `${round}-${i}`, acked, open));
    while (acked.size < before + 30) await new Promise(setImmediate);
    child.kill('SIGKILL');
    await Promise.all([...work, once(child, 'exit')]);
  }
  const again = await openTestDomain({ data });
  const messages = await again.messagesOf('alice@example.com');
  const texts = messages.map((message) => withoutReceived(message).split('\r\n')[2] ?? '');
  assert.equal(new Set(texts).size, texts.length);
  for (const text of acked) assert.ok(texts.includes(text), `${text} was acknowledged and is not there`);
  for (const text of texts) assert.ok(acked.has(text) || open.has(text), `nobody sent ${text}`);
  for (const message of messages) assert.ok(message.toString('latin1').endsWith('\r\n'));
  await again.close();
  await rm(data, { recursive: true, force: true });
});
