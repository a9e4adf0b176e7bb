/** Counts of mailboxes, against what they mean (RFC 8621 §2), with mail that lies about in all ways. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ImapClient } from '../../../test/imap-client.ts';
import { type Answer, startTestJmap, type TestJmap } from '../../../test/kit/jmap.ts';

let server: TestJmap;
let imap: ImapClient;
before(async () => {
  server = await startTestJmap();
  imap = await ImapClient.signIn(server.imap.port, 'alice@example.com', 'secret');
});
after(async () => {
  imap.close();
  await server.close();
});

const letter = (id: string, answers = '') =>
  `Message-ID: <${id}@example.com>\r\nSubject: a\r\n${answers === '' ? '' : `In-Reply-To: <${answers}@example.com>\r\n`}\r\nx\r\n`;

const add = (mailbox: string, id: string, answers = '') =>
  server.imap.addMessage('alice@example.com', mailbox, { bytes: letter(id, answers) });

async function counts(role: string): Promise<number[]> {
  const { list } = await server.alice.call('Mailbox/get', {});
  const { totalEmails, unreadEmails, totalThreads, unreadThreads } = list.find(
    (one: Answer) => one.role === role,
  );
  return [totalEmails, unreadEmails, totalThreads, unreadThreads];
}

test('emails and threads are counted, not messages', async () => {
  await add('INBOX', 'a');
  await add('INBOX', 'b', 'a');
  await add('INBOX', 'c');
  assert.deepEqual(await counts('inbox'), [3, 3, 2, 2]);
  await imap.ok('SELECT INBOX');
  await imap.ok('UID STORE 1:2 +FLAGS (\\Seen)');
  assert.deepEqual(await counts('inbox'), [3, 1, 2, 1]);
  // An answer that was sent and is unread makes the thread unread where the rest of it is.
  const { state } = await server.alice.call('Mailbox/get', { ids: [] });
  await add('Sent', 'd', 'b');
  const { updated } = await server.alice.call('Mailbox/changes', { sinceState: state });
  const { list } = await server.alice.call('Mailbox/get', { ids: updated });
  assert.deepEqual(list.map(({ role }: Answer) => role).sort(), ['inbox', 'sent']);
  assert.deepEqual(await counts('inbox'), [3, 1, 2, 2]);
  assert.deepEqual(await counts('sent'), [1, 1, 1, 1]);
  // In Trash it does so there alone.
  await imap.ok('SELECT Sent');
  await imap.ok('MOVE 1 Trash');
  assert.deepEqual(await counts('inbox'), [3, 1, 2, 1]);
  assert.deepEqual(await counts('trash'), [1, 1, 1, 1]);
  // A second message of it in the same mailbox is the same email; with \Deleted it is not there.
  await imap.ok('SELECT INBOX');
  await imap.ok('COPY 3 INBOX');
  assert.deepEqual(await counts('inbox'), [3, 1, 2, 1]);
  await imap.ok('STORE 3 +FLAGS (\\Deleted)');
  assert.deepEqual(await counts('inbox'), [3, 1, 2, 1]);
  await imap.ok('STORE 4 +FLAGS (\\Deleted)');
  assert.deepEqual(await counts('inbox'), [2, 0, 1, 0]);
  // A draft is never unread.
  await imap.ok('STORE 1 FLAGS (\\Draft)');
  assert.deepEqual(await counts('inbox'), [2, 0, 1, 0]);
});
