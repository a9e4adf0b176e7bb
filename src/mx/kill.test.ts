import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startProcess } from '../../test/kit/delivery.ts';
import { openTestDomain } from '../../test/kit/domain.ts';
import type { LineClient } from '../../test/kit/line-client.ts';
import { withoutReceived } from '../../test/kit/lmtp.ts';
import { mxHello } from '../../test/kit/mx.ts';

const SERVER = 'mx-process.ts';
const PEOPLE = ['anna@example.com', 'bo@example.com'];
/** Its mailbox is full: the queue keeps what it gets. */
const FULL = 'full@example.com';
const ROUNDS = 3;

/** As fast as it can until the connection breaks; adds what was acknowledged, and the one that was not. */
async function sendUntilDeath(
  client: LineClient,
  name: string,
  acked: Set<string>,
  open: Set<string>,
): Promise<void> {
  for (let i = 0; ; i++) {
    const text = `${name} ${i}`;
    open.add(text);
    client.send('MAIL FROM:<a@example.org>\r\n', ...[...PEOPLE, FULL].map((to) => `RCPT TO:<${to}>\r\n`));
    const octets = Buffer.from(`Subject: ${text}\r\n\r\n${i % 5 === 4 ? 'y'.repeat(100_000) : ''}`);
    client.send(`BDAT ${octets.length} LAST\r\n`, octets);
    const codes = await client.codes(5);
    if (codes[4] !== '250 2.0.0') return;
    open.delete(text);
    acked.add(text);
  }
}

test('a killed server has all that it acknowledged, for every recipient, once, or in the queue', async () => {
  const data = await mkdtemp(join(tmpdir(), 'brevduva-mx-kill-'));
  const kit = await openTestDomain({ data });
  for (const one of PEOPLE) await kit.addAccount(one, 'secret');
  await kit.addAccount(FULL, 'secret', { bytes: 1 });
  await kit.close();
  const acked = new Set<string>();
  const open = new Set<string>();
  for (let round = 0; round < ROUNDS; round++) {
    const { child, port } = await startProcess(SERVER, data);
    const before = acked.size;
    const senders = await Promise.all(Array.from({ length: 4 }, () => mxHello({ port })));
    const work = senders.map((client, i) => sendUntilDeath(client, `${round}-${i}`, acked, open));
    while (acked.size < before + 20) await new Promise(setImmediate);
    child.kill('SIGKILL');
    await Promise.all([...work, once(child, 'exit')]);
  }
  const again = await openTestDomain({ data });
  const subjectOf = (octets: string): string => /^Subject: (.*)\r\n/m.exec(octets)?.[1] ?? '';
  const kept = new Map<string, string[]>();
  for (const one of PEOPLE)
    kept.set(
      one,
      (await again.messagesOf(one)).map((message) => subjectOf(withoutReceived(message))),
    );
  const waiting: string[] = [];
  for (let after = 0; ; ) {
    const some = await again.store.outgoing.list(after, 100);
    if (some.length === 0) break;
    for (const { row, recipients } of some) {
      assert.deepEqual(
        recipients.map(({ address }) => address),
        [FULL],
      );
      waiting.push(subjectOf(String(row.header)));
    }
    after = some.at(-1)?.row.id ?? 0;
  }
  kept.set(FULL, waiting);
  for (const [one, texts] of kept) {
    assert.equal(new Set(texts).size, texts.length, one);
    for (const text of acked)
      assert.ok(texts.includes(text), `${text} was acknowledged and ${one} has it not`);
    for (const text of texts) assert.ok(acked.has(text) || open.has(text), `nobody sent ${text}`);
  }
  await again.close();
  await rm(data, { recursive: true, force: true });
});
