/** What is done to several messages of the queue. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestDomain } from '../../test/kit/domain.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import { asAccountId } from '../mailbox/model/model.ts';
import { NOTIFY_DEFAULT, outgoingText } from '../mailbox/model/outgoing.ts';
import { receive } from '../mailbox/operations/incoming.ts';
import { acceptOutgoing } from '../mailbox/operations/outgoing.ts';
import { LocalQueue } from './local-queue.ts';

test('one that cannot be taken back does not keep the others in the queue', async (t) => {
  const kit = await openTestDomain();
  try {
    const ids: string[] = [];
    for (const name of ['anna', 'bo']) {
      const sender = `${name}@example.com`;
      const id = asAccountId((await kit.addAccount(sender, 'secret words')).id);
      const text = Buffer.from(`From: ${sender}\r\nSubject: Hello\r\n\r\nHello.\r\n`);
      const received = await receive(kit.domain.store, [id], 1e6, text);
      const accepted = await acceptOutgoing(kit.domain, await kit.domain.accounts.open(id), received, {
        envelope: {
          ...{ kind: 'sent', sender, isUtf8: false, isEightBit: false },
          ...{ requiresTls: false, isTlsOptional: false, expiresMs: Date.now() + 1e9 },
        },
        recipients: [{ address: 'carl@example.org', route: 'remote', notify: NOTIFY_DEFAULT }],
      });
      ids.push(outgoingText(accepted.id));
    }
    const { accounts } = kit.domain;
    t.mock.method(
      accounts,
      'open',
      () => Promise.reject(new MailboxError('nonexistent', 'it is being removed')),
      { times: 1 },
    );
    const { recipients, messages } = await new LocalQueue(kit.domain).change({ what: 'cancel', ids });
    assert.equal(recipients, 1);
    const about = { kind: 'sent', subject: 'Hello', to: ['carl@example.org'], toCount: 1 };
    assert.deepEqual(messages, [
      {
        id: ids[0],
        recipients: 0,
        why: 'fault',
        account: 'anna@example.com',
        sender: 'anna@example.com',
        ...about,
      },
      { id: ids[1], recipients: 1, account: 'bo@example.com', sender: 'bo@example.com', ...about },
    ]);
    const again = await new LocalQueue(kit.domain).change({ what: 'cancel', ids: [ids[1] as string, '9-9'] });
    assert.deepEqual(
      again.messages.map(({ why }) => why),
      ['cancelled', 'unknown'],
    );
    const left = await kit.store.outgoing.list(0, 10);
    assert.deepEqual(
      left.map(({ row }) => outgoingText(row.id)),
      ids.slice(0, 1),
    );
    assert.equal((await kit.messagesOf('bo@example.com', 'Drafts')).length, 1);
  } finally {
    await kit.close();
  }
});
