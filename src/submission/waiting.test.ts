/** Where mail of a program lies while it can be taken back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestDomain } from '../../test/kit/domain.ts';
import { asAccountId } from '../mailbox/model/model.ts';
import { NOTIFY_DEFAULT } from '../mailbox/model/outgoing.ts';
import { createMailbox } from '../mailbox/operations/folders.ts';
import { receive } from '../mailbox/operations/incoming.ts';
import { acceptWaiting } from './waiting.ts';

const ANNA = 'anna@example.com';
const TEXT = `From: ${ANNA}\r\nSubject: Hello\r\nMessage-ID: <1@example.com>\r\n\r\nHello.\r\n`;

test('mail that waits is in the mailbox for it, also where another has its name', async () => {
  const kit = await openTestDomain();
  try {
    const { domain } = kit;
    const { id } = await kit.addAccount(ANNA, 'secret words');
    const account = await domain.accounts.open(asAccountId(id));
    await createMailbox(domain, account, 'Scheduled');
    const received = await receive(domain.store, [account.id], 1e6, Buffer.from(TEXT, 'latin1'));
    const holdUntilMs = Date.now() + 60_000;
    const mail = {
      envelope: {
        ...{ kind: 'sent' as const, sender: ANNA, isUtf8: false, isEightBit: false },
        ...{ requiresTls: false, isTlsOptional: false, holdUntilMs, expiresMs: holdUntilMs + 1e9 },
      },
      recipients: [{ address: 'bo@example.org', route: 'remote' as const, notify: NOTIFY_DEFAULT }],
    };
    await acceptWaiting(domain, account, received, mail, true);
    const scheduled = [...account.mailboxes.values()].find(({ role }) => role === 'scheduled');
    assert.equal(scheduled?.name, 'Scheduled 2');
    assert.deepEqual((await kit.messagesOf(ANNA, 'Scheduled 2')).map(String), [TEXT]);
    assert.deepEqual(await kit.messagesOf(ANNA, 'Scheduled'), []);
  } finally {
    await kit.close();
  }
});
