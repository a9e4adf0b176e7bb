/** What is told of emails that become a place, or are one no more, while they move. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestDomain } from '../../../test/kit/domain.ts';
import { FLAG } from '../../mail/flags.ts';
import { appendMessages } from '../operations/append.ts';
import { moveMessages } from '../operations/copy.ts';
import { receive } from '../operations/incoming.ts';
import { mailboxOf } from '../operations/mailboxes.ts';
import { emailChanges } from './email-changes.ts';
import { momentOf } from './moment.ts';

test('mail that loses \\Deleted on its way is new to whoever saw it nowhere', async () => {
  const kit = await openTestDomain();
  const { domain } = kit;
  const account = await domain.accounts.open((await kit.addAccount('ann@example.com', 'secret')).id);
  const [inbox, junk] = ['INBOX', 'Junk'].map((name) => mailboxOf(account, name));
  const bytes = Buffer.from('Subject: x\r\n\r\n');
  const marks = [FLAG.Deleted, FLAG.Deleted, 0];
  const messages = [];
  for (const flags of marks) {
    const received = await receive(domain.store, [account.id], bytes.length, bytes);
    messages.push({ ...received, flags, keywords: [], internalDate: undefined });
  }
  await appendMessages(domain, account, inbox as never, messages);
  const since = momentOf(account, 'emails');
  // Somebody who may not mark mail as deleted there; its owner; and once more the first.
  const kept = { flags: ~FLAG.Deleted, keepsKeywords: true };
  await moveMessages(domain, account, inbox as never, [1, 3], junk as never, { kept });
  await moveMessages(domain, account, inbox as never, [2], junk as never);
  const { next, ...changes } = (await emailChanges(domain, account, { since }, 10)) ?? assert.fail();
  assert.deepEqual(changes, { created: [1], updated: [3], destroyed: [] });
  await moveMessages(domain, account, junk as never, [1, 2, 3], inbox as never, { kept });
  const { next: _, ...later } = (await emailChanges(domain, account, next, 10)) ?? assert.fail();
  assert.deepEqual(later, { created: [2], updated: [1, 3], destroyed: [] });
  await kit.close();
});
