/** Deleted mail is brought back while somebody still looks at where it was. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { AccountId } from '../src/mailbox/model/model.ts';
import { recoverMail } from '../src/mailbox/operations/recover.ts';
import { ImapClient } from './imap-client.ts';
import { startTestImap, type TestImap } from './kit/imap.ts';

const ALICE = 'alice@example.com';
const DAY_MS = 86_400_000;

let server: TestImap;
let id: AccountId;
let writer: ImapClient;
let reader: ImapClient;
before(async () => {
  const keeping = { recoverMs: 14 * DAY_MS, recoverBytes: () => Number.POSITIVE_INFINITY };
  server = await startTestImap({ keeping });
  ({ id } = await server.kit.addAccount(ALICE, 'secret'));
  [writer, reader] = [await signIn(), await signIn()];
});
after(async () => {
  writer.close();
  reader.close();
  await server.close();
});

const signIn = (): Promise<ImapClient> => ImapClient.signIn(server.port, ALICE, 'secret');

async function recover(): Promise<void> {
  const { domain } = server.kit;
  const { messages } = await recoverMail(domain, await domain.accounts.open(id), {});
  assert.equal(messages, 1);
}

test('a message that is back has another UID; the one that is still to be told as gone is passed over, and EXPUNGEISSUED says so', async () => {
  await server.addMessage(ALICE, 'INBOX', { bytes: 'Subject: one\r\n\r\nneedle\r\n' });
  for (const client of [writer, reader]) await client.ok('SELECT INBOX');
  await writer.ok('STORE 1 +FLAGS.SILENT (\\Deleted)');
  await writer.ok('EXPUNGE');
  const before = await reader.ok('FETCH 1 BODY.PEEK[]');
  assert.match(before.untagged.join('\n'), /needle/, 'it is there until it is told as gone');
  await recover();
  const since = await reader.ok('FETCH 1 BODY.PEEK[]');
  assert.match(since.text, /^\[EXPUNGEISSUED\]/);
  assert.doesNotMatch(since.untagged.join('\n'), /needle|X-Lost/);
  const told = await reader.ok('NOOP');
  assert.equal(told.untagged[0], '1 EXPUNGE');
  assert.match((await reader.ok('UID FETCH 2 BODY.PEEK[]')).untagged.join('\n'), /needle/);
});

test('who has a deleted mailbox open that is brought back reads on until then, and is asked to come again', async () => {
  await writer.ok('CREATE Club');
  await server.addMessage(ALICE, 'Club', { bytes: 'Subject: two\r\n\r\nhay\r\n' });
  await reader.ok('SELECT Club');
  await writer.ok('DELETE Club');
  assert.match((await reader.ok('FETCH 1 BODY.PEEK[]')).untagged.join('\n'), /hay/);
  await recover();
  const { text } = await reader.next();
  assert.match(text, /^BYE .*brought back/);
  const again = await signIn();
  await again.ok('SELECT Club');
  assert.match((await again.ok('FETCH 1 BODY.PEEK[]')).untagged.join('\n'), /hay/);
  again.close();
});
