import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestDomain } from '../../../test/kit/domain.ts';
import { FLAG } from '../../mail/flags.ts';
import { appendMessages } from './append.ts';
import { expungeMessages } from './expunge.ts';
import { changeFlags } from './flags.ts';
import { receive } from './incoming.ts';
import { mailboxOf } from './mailboxes.ts';

test('what was marked goes, also when another message is marked while the marked ones are looked for', async (t) => {
  const { domain, close, addAccount } = await openTestDomain();
  const { id } = await addAccount('alice@example.com', 'secret');
  const account = await domain.accounts.open(id);
  const inbox = mailboxOf(account, 'INBOX');
  for (const flags of [0, 0, FLAG.Deleted]) {
    const received = await receive(domain.store, [id], 100, Buffer.from('Subject: one\r\n\r\none\r\n'));
    const message = { ...received, flags, keywords: [], internalDate: undefined };
    await appendMessages(domain, account, inbox, [message]);
  }
  let nowMs = 0;
  // Every slice is over at once, so others have their turn after the first message.
  const clock = t.mock.method(performance, 'now', () => (nowMs += 100));
  const marking = changeFlags(domain, account, inbox, [2], {
    mode: 'add',
    flags: FLAG.Deleted,
    keywords: [],
  });
  const removed = await expungeMessages(domain, account, inbox, { marked: () => true });
  clock.mock.restore();
  await marking;
  assert.deepEqual(removed, [2, 3]);
  await close();
});
