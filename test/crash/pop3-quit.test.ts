/**
 * Kills the server (SIGKILL) at a random moment around QUIT of a POP3 session that has marked more than a thousand
 * messages. Afterwards either all of them are gone or none is; when OK was said, they are gone; and every other message
 * is there. Deleting and moving to the Trash take turns.
 *
 * BREVDUVA_TEST_QUIT_KILLS sets the number of kills, BREVDUVA_TEST_SEED repeats the choices of a run.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { appendMessages } from '../../src/mailbox/operations/append.ts';
import { receive } from '../../src/mailbox/operations/incoming.ts';
import { mailboxOf } from '../../src/mailbox/operations/mailboxes.ts';
import { loadList } from '../../src/mailbox/state/load.ts';
import { openTestDomain, type TestDomain } from '../kit/domain.ts';
import { startServer } from '../kit/server.ts';
import { Pop3Client } from '../pop3-client.ts';
import { type DataFolder, makeDataFolder, PASSWORD, problemsIn } from './data-folder.ts';
import { Random, seedOf } from './random.ts';

const KILLS = Number(process.env.BREVDUVA_TEST_QUIT_KILLS ?? 4);
const SEED = seedOf('BREVDUVA_TEST_SEED');
const ADDRESS = 'ann@example.com';
const FULL = 2500;
const MARKED = 1300;
/** QUIT takes about as long. */
const MOST_MS = 80;

describe('a server killed around QUIT', () => {
  it(`deletes all that was marked or nothing (${KILLS} kills, BREVDUVA_TEST_SEED=${SEED})`, {
    timeout: 60_000 + KILLS * 15_000,
  }, async (t) => {
    const random = new Random(SEED);
    const outcomes = { gone: 0, kept: 0, acknowledged: 0 };
    await using folder = await makeDataFolder([ADDRESS]);
    for (let round = 0; round < KILLS; round++) {
      const deletes = round % 2 === 0 ? 'expunge' : 'trash';
      const before = await fill(folder);
      const marked = random.sample([...before.keys()], MARKED).sort((a, b) => a - b);
      const isAcknowledged = await quitAndKill(folder, deletes, marked, random.fraction() * MOST_MS);
      const after = await uidsOf(folder, 'INBOX');
      const doomed = new Set(marked.map((index) => before[index]));
      const left = before.filter((uid) => !doomed.has(uid));
      const isGone = after.length < before.length;
      assert.deepEqual(after, isGone ? left : before, `round ${round}: all or nothing`);
      if (isAcknowledged) assert.ok(isGone, `round ${round}: OK was said`);
      if (deletes === 'trash') {
        const trash = (await uidsOf(folder, 'Trash')).length;
        assert.equal(trash % MARKED, 0, `round ${round}: all or nothing in the Trash`);
      }
      outcomes[isGone ? 'gone' : 'kept']++;
      if (isAcknowledged) outcomes.acknowledged++;
    }
    assert.deepEqual(await problemsIn(folder.path), []);
    t.diagnostic(JSON.stringify(outcomes));
  });
});

/** Whether OK was heard. */
async function quitAndKill(
  folder: DataFolder,
  deletes: string,
  marked: readonly number[],
  afterMs: number,
): Promise<boolean> {
  const config = { 'pop3.delete': deletes };
  const server = await startServer({ data: folder.path, config });
  const client = await Pop3Client.signIn(server.port('pop3'), ADDRESS, PASSWORD);
  client.send(marked.map((index) => `DELE ${index + 1}\r\n`).join(''));
  for (const _ of marked) assert.match(await client.reply(), /^\+OK/);
  client.send('QUIT\r\n');
  const reply = client.line();
  await sleep(afterMs);
  await server.kill9();
  return (await reply).startsWith('+OK');
}

/** Up to `FULL` messages; their UIDs. */
async function fill(folder: DataFolder): Promise<number[]> {
  await using kit = disposable(await openTestDomain({ data: folder.path }));
  const { domain } = kit.value;
  const record = await domain.store.directory.find(ADDRESS);
  assert.ok(record);
  const account = await domain.accounts.open(record.id);
  const inbox = mailboxOf(account, 'INBOX');
  const missing = FULL - inbox.exists;
  if (missing > 0) {
    const bytes = Buffer.from('Subject: short\r\n\r\nlived\r\n');
    const received = await receive(domain.store, [record.id], bytes.length, bytes);
    const message = { ...received, flags: 0, keywords: [], internalDate: undefined };
    await appendMessages(domain, account, inbox, new Array(missing).fill(message));
  }
  return listed(kit.value, 'INBOX');
}

async function uidsOf(folder: DataFolder, mailbox: string): Promise<number[]> {
  await using kit = disposable(await openTestDomain({ data: folder.path }));
  return listed(kit.value, mailbox);
}

async function listed({ domain }: TestDomain, name: string): Promise<number[]> {
  const record = await domain.store.directory.find(ADDRESS);
  assert.ok(record);
  const account = await domain.accounts.open(record.id);
  const list = await loadList(domain, account, mailboxOf(account, name));
  return [...list.columns.uid.subarray(0, list.count)];
}

function disposable(kit: TestDomain) {
  return { value: kit, [Symbol.asyncDispose]: () => kit.close() };
}
