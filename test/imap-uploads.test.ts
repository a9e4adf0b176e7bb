/**
 * Messages that are half sent: what many of them may take together, before a quota counts any of them.
 */
import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ImapClient } from './imap-client.ts';
import { startTestImap, type TestImap } from './kit/imap.ts';

const MIB = 1024 * 1024;
const ALICE = 'alice@example.com';
const BOB = 'bob@example.com';
const CAROL = 'carol@example.com';

let server: TestImap;

before(async () => {
  server = await startTestImap({ uploads: { accountBytes: 50 * MIB, totalBytes: 90 * MIB } });
  await server.kit.addAccount(ALICE, 'secret');
  await server.kit.addAccount(BOB, 'secret');
  await server.kit.addAccount(CAROL, 'secret', { bytes: 30 * MIB });
});

after(() => server.close());

/** Announces a message and sends none of it; gives the answer: `+`, or the refusal. */
async function announce(client: ImapClient, sizeBytes: number, tag = 'a1'): Promise<string> {
  client.sendLine(`${tag} APPEND INBOX {${sizeBytes}}`);
  const { kind, text } = await client.next();
  return kind === 'continuation' ? '+' : (/^NO \[[A-Z]+\]/.exec(text)?.[0] ?? text);
}

async function signedIn(address: string): Promise<ImapClient> {
  return ImapClient.signIn(server.port, address, 'secret');
}

/** When the server has noticed that somebody is gone. */
async function untilRoom(client: ImapClient, sizeBytes: number): Promise<void> {
  for (let i = 0; i < 1000; i++) {
    if ((await announce(client, sizeBytes, `r${i}`)) === '+') return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error('the room was never given back');
}

function bytesOnDisk(): number {
  const folder = join(server.kit.data, 'shard-00', 'segments');
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

describe('uploads in progress', () => {
  test('of one account have an end, which is said before an octet is asked for; others go on', async () => {
    const clients: ImapClient[] = [];
    const answers: string[] = [];
    const before = bytesOnDisk();
    for (let i = 0; i < 6; i++) {
      const client = await signedIn(ALICE);
      clients.push(client);
      answers.push(await announce(client, 20 * MIB));
    }
    assert.deepEqual(answers, ['+', '+', 'NO [LIMIT]', 'NO [LIMIT]', 'NO [LIMIT]', 'NO [LIMIT]']);
    const bob = await signedIn(BOB);
    assert.equal(await announce(bob, 20 * MIB), '+');
    assert.ok(bytesOnDisk() - before < MIB);
    for (const client of [...clients, bob]) client.close();
  });

  test('in all have an end, too', async () => {
    const [alice, bob, carol] = [await signedIn(ALICE), await signedIn(BOB), await signedIn(CAROL)];
    await untilRoom(alice, 45 * MIB);
    await untilRoom(bob, 40 * MIB);
    assert.equal(await announce(carol, 20 * MIB), 'NO [LIMIT]');
    assert.equal(await announce(carol, 4 * MIB), '+');
    for (const client of [alice, bob, carol]) client.close();
  });

  test('count against the quota together, also those sent unasked', async () => {
    const [first, second] = [await signedIn(CAROL), await signedIn(CAROL)];
    await untilRoom(first, 20 * MIB);
    assert.equal(await announce(second, 15 * MIB), 'NO [OVERQUOTA]');
    assert.equal((await second.command('NOOP')).status, 'OK');
    // LITERAL+: the octets come all the same, and are read past.
    second.send(`b1 APPEND INBOX {${15 * MIB}+}\r\n`);
    second.send(Buffer.alloc(15 * MIB, 'x'));
    second.send('\r\nb2 NOOP\r\n');
    assert.match((await second.next()).text, /^NO \[OVERQUOTA\]/);
    assert.equal((await second.answer('b2')).status, 'OK');
    first.close();
    await untilRoom(second, 15 * MIB);
    second.close();
  });

  test('give their room back when they are done, refused or given up, message by message', async () => {
    const client = await signedIn(BOB);
    await untilRoom(client, 10);
    client.send('0123456789\r\n');
    assert.match((await client.next()).text, /^OK /);
    for (let i = 0; i < 40; i++) {
      assert.equal(await announce(client, 3 * MIB, `c${i}`), '+');
      client.send(Buffer.alloc(3 * MIB, 'x'));
      client.send(i % 2 === 0 ? '\r\n' : ' nonsense\r\n');
      const { text } = await client.next();
      assert.match(text, i % 2 === 0 ? /^OK \[APPENDUID/ : /^BAD /);
    }
    client.close();
  });

  test('several in one command are counted together', async () => {
    const client = await signedIn(BOB);
    await untilRoom(client, 30 * MIB);
    client.send(Buffer.alloc(30 * MIB, 'x'));
    client.sendLine(` {${30 * MIB}}`);
    assert.match((await client.next()).text, /^NO \[LIMIT\]/);
    await untilRoom(client, 45 * MIB);
    client.close();
  });
});
