/** Lessons of several accounts, of which one cannot be opened. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestDomain } from '../../../test/kit/domain.ts';
import { MailboxError } from '../model/errors.ts';
import type { AccountId } from '../model/model.ts';
import { appendMessages } from './append.ts';
import { moveMessages } from './copy.ts';
import { receive } from './incoming.ts';
import { forgetLessons, lessonsAfter } from './lessons.ts';
import { mailboxOf } from './mailboxes.ts';

test('one account that cannot be opened does not have the lessons of others learned again', async (t) => {
  const kit = await openTestDomain({ learns: true });
  t.after(() => kit.close());
  const { domain } = kit;
  const ids: AccountId[] = [];
  for (const address of ['alice@example.com', 'bob@example.com']) {
    const { id } = await kit.addAccount(address, 'secret');
    ids.push(id);
    const account = await domain.accounts.open(id);
    const received = await receive(domain.store, [id], 2 ** 20, Buffer.from('Subject: x\r\n\r\nx\r\n'));
    const inbox = mailboxOf(account, 'INBOX');
    const message = { ...received, flags: 0, keywords: [], internalDate: undefined };
    const { uids } = await appendMessages(domain, account, inbox, [message]);
    await moveMessages(domain, account, inbox, uids, mailboxOf(account, 'Junk'));
  }
  const lessons = await lessonsAfter(domain, 0, 10);
  assert.equal(lessons.length, 2);
  const open = domain.accounts.open.bind(domain.accounts);
  t.mock.method(domain.accounts, 'open', async (id: Parameters<typeof open>[0]) => {
    if (id === ids[0]) throw new MailboxError('unavailable', 'it cannot be read');
    return open(id);
  });
  await forgetLessons(domain, lessons);
  assert.deepEqual(await lessonsAfter(domain, 0, 10), lessons.slice(0, 1));
});
