/** What a slow client has begun to fetch comes whole, whoever deletes it meanwhile and however long that takes. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import type { AccountId } from '../src/mailbox/model/model.ts';
import { reapAccount } from '../src/mailbox/upkeep/reaper.ts';
import { ImapClient } from './imap-client.ts';
import { startTestImap, type TestImap } from './kit/imap.ts';

const ALICE = 'alice@example.com';
/** More than the sockets of a reader who stands still take. */
const MESSAGES = 40;
const MESSAGE = `Subject: much\r\n\r\n${'a line of it\r\n'.repeat(40_000)}`;

let nowMs = 1_800_000_000_000;
let server: TestImap;
let id: AccountId;
let writer: ImapClient;
before(async () => {
  server = await startTestImap({ clock: { nowMs: () => nowMs } });
  ({ id } = await server.kit.addAccount(ALICE, 'secret'));
  writer = await ImapClient.signIn(server.port, ALICE, 'secret');
});
after(async () => {
  writer.close();
  await server.close();
});

/** Two minutes later; how many emails were let go of. */
function reap(): Promise<number> {
  nowMs += 120_000;
  return reapAccount(server.kit.domain, id);
}

for (const how of ['deletes it there', 'moves it and deletes it there'] as const) {
  test(`somebody ${how} while it is fetched`, async () => {
    for (let n = 0; n < MESSAGES; n++) await server.addMessage(ALICE, 'INBOX', { bytes: MESSAGE });
    const socket = connect(server.port, '127.0.0.1');
    const reader = ImapClient.over(socket);
    await reader.greeting();
    await reader.ok(`LOGIN ${ALICE} secret`);
    await reader.ok('SELECT INBOX');
    socket.pause();
    const fetched = reader.ok('FETCH 1:* BODY.PEEK[]');
    while (!server.kit.domain.store.inUse.isAny) await new Promise((done) => setTimeout(done, 5));

    await writer.ok('SELECT INBOX');
    if (how === 'moves it and deletes it there') {
      await writer.ok('MOVE 1:* Trash');
      await writer.ok('SELECT Trash');
    }
    await writer.ok('STORE 1:* +FLAGS.SILENT (\\Deleted)');
    await writer.ok('EXPUNGE');
    await writer.ok('UNSELECT');
    assert.equal(await reap(), 0, 'it is being read');

    socket.resume();
    const { untagged } = await fetched;
    assert.equal(untagged.length, MESSAGES);
    assert.ok(untagged.every((line) => line.endsWith(`\r\n${MESSAGE})`)));
    await reader.ok('NOOP');
    assert.equal(await reap(), MESSAGES, 'nobody reads it any more');
    reader.close();
  });
}

test('a reader who goes away holds nothing', async () => {
  for (let n = 0; n < MESSAGES; n++) await server.addMessage(ALICE, 'INBOX', { bytes: MESSAGE });
  const socket = connect(server.port, '127.0.0.1');
  const reader = ImapClient.over(socket);
  await reader.greeting();
  await reader.ok(`LOGIN ${ALICE} secret`);
  await reader.ok('SELECT INBOX');
  socket.pause();
  void reader.ok('FETCH 1:* BODY.PEEK[]').catch(() => {});
  const { inUse } = server.kit.domain.store;
  while (!inUse.isAny) await new Promise((done) => setTimeout(done, 5));
  socket.resetAndDestroy();
  while (inUse.isAny) await new Promise((done) => setTimeout(done, 5));
});
