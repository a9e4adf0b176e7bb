/**
 * Changes of many messages at once: in slices, and told as they come. What the client does meanwhile must not matter.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { FLAG } from '../src/mail/flags.ts';
import { appendMessages } from '../src/mailbox/operations/append.ts';
import { changeFlags } from '../src/mailbox/operations/flags.ts';
import { receive } from '../src/mailbox/operations/incoming.ts';
import { mailboxOf } from '../src/mailbox/operations/mailboxes.ts';
import { loadList } from '../src/mailbox/state/load.ts';
import type { MailboxState } from '../src/mailbox/state/mailbox.ts';
import { ImapClient } from './imap-client.ts';
import { startTestImap, type TestImap } from './kit/imap.ts';

const ALICE = 'alice@example.com';
const COUNT = 2500;

describe('changes of many messages', () => {
  let server: TestImap;
  let inbox: MailboxState;

  before(async () => {
    server = await startTestImap();
    const { domain, store, addAccount } = server.kit;
    const { id } = await addAccount(ALICE, 'secret');
    const account = await domain.accounts.open(id);
    inbox = mailboxOf(account, 'INBOX');
    for (let n = 0; n < COUNT; n += 100) {
      const mail = await Promise.all(
        Array.from({ length: 100 }, async (_, i) => {
          const bytes = Buffer.from(`Subject: ${n + i}\r\n\r\nx\r\n`);
          const incoming = await receive(store, [id], bytes.length, bytes);
          return { ...incoming, flags: 0, keywords: [], internalDate: undefined };
        }),
      );
      await appendMessages(domain, account, inbox, mail);
    }
    await loadList(domain, account, inbox);
  });
  after(() => server.close());

  const having = (flag: number): number => {
    const { flags } = inbox.list?.columns ?? { flags: [] };
    return Array.from(flags).filter((one) => (one & flag) !== 0).length;
  };

  it('are made to the end when the client hangs up', async () => {
    const client = await ImapClient.signIn(server.port, ALICE, 'secret');
    await client.ok('SELECT INBOX');
    client.sendLine('z STORE 1:* +FLAGS (\\Flagged)');
    await wait(1);
    client.close();
    for (let i = 0; i < 200 && having(FLAG.Flagged) < COUNT; i++) await wait(25);
    assert.equal(having(FLAG.Flagged), COUNT);
  });

  it('are told once, and to the other client as well', async () => {
    const [one, other] = await Promise.all([1, 2].map(() => ImapClient.signIn(server.port, ALICE, 'secret')));
    assert.ok(one !== undefined && other !== undefined);
    for (const client of [one, other]) await client.ok('SELECT INBOX');
    const tell = async (client: ImapClient, line: string) => (await client.ok(line)).untagged;
    assert.equal((await tell(one, 'STORE 1:* +FLAGS (\\Answered)')).length, COUNT);
    assert.deepEqual(await tell(one, 'NOOP'), []);
    assert.equal((await tell(other, 'NOOP')).length, COUNT);
    assert.deepEqual(await tell(one, 'STORE 1:* -FLAGS.SILENT (\\Answered)'), []);
    assert.equal((await tell(other, 'NOOP')).length, COUNT);
    await one.ok('STORE 1:2000 +FLAGS.SILENT (\\Deleted)');
    assert.equal((await tell(one, 'EXPUNGE')).length, 2000);
    // Flags of the messages that are gone are no news any more.
    assert.equal((await tell(other, 'NOOP')).length, 2000);
    assert.equal((await tell(other, 'STORE 1:* +FLAGS (\\Draft)')).length, COUNT - 2000);
    for (const client of [one, other]) client.close();
  });

  it('count each message once, in whatever order they are named', async () => {
    const { domain } = server.kit;
    const account = await domain.accounts.open((await domain.store.directory.find(ALICE))?.id as never);
    const before = inbox.unseen;
    const [last = 0, first = 0] = [inbox.uidNext - 1, inbox.list?.columns.uid[0]];
    const seen = { mode: 'add', flags: FLAG.Seen, keywords: [] } as const;
    await changeFlags(domain, account, inbox, [last, first, last, first, last], seen);
    assert.equal(inbox.unseen, before - 2);
    assert.equal(inbox.firstUnseen, 2);
  });
});
