import assert from 'node:assert/strict';
import { it } from 'node:test';
import { openTestDomain } from '../../../test/kit/domain.ts';
import { FLAG } from '../../mail/flags.ts';
import type { AccountState } from '../state/account.ts';
import { appendMessages } from './append.ts';
import { changeEmails } from './change-emails.ts';
import { expungeMessages } from './expunge.ts';
import { receive } from './incoming.ts';
import { mailboxOf } from './mailboxes.ts';
import { checkMailboxQuota, setQuota } from './quota.ts';

it('a draft is saved in a full account, from a small reserve', async () => {
  const { domain, addAccount, close } = await openTestDomain();
  const { id } = await addAccount('alice@example.com', 'secret', { bytes: 1000, messages: 3 });
  const account = await domain.accounts.open(id);
  const message = async (bytes: number) => {
    const received = await receive(domain.store, [id], 4e6, Buffer.alloc(bytes, 'x'));
    return { ...received, flags: FLAG.Draft, keywords: [], internalDate: undefined };
  };
  const append = async (name: string, bytes: number) =>
    appendMessages(domain, account, mailboxOf(account, name), [await message(bytes)]);
  await append('INBOX', 1000);
  const isFull = { code: 'over-quota', message: /1000 B of 1000 B are used/ };
  await assert.rejects(append('INBOX', 1), isFull);
  await append('Drafts', 700_000);
  await assert.rejects(append('Drafts', 400_000), { code: 'over-quota' });
  const drafts = new Set([mailboxOf(account, 'Drafts').id]);
  const save = async (mailboxes: typeof drafts) => {
    const one = await message(300_000);
    const creates = [{ flags: FLAG.Draft, keywords: [], message: one, mailboxes }];
    const { created } = await changeEmails(domain, account, { creates, updates: [], destroys: [] });
    return 'why' in (created[0] as object) ? 'refused' : 'saved';
  };
  assert.equal(await save(drafts), 'saved');
  assert.equal(await save(new Set([...drafts, mailboxOf(account, 'INBOX').id])), 'refused');
  assert.equal(await save(drafts), 'refused', 'the reserve has an end');
  await expungeMessages(domain, account, mailboxOf(account, 'Drafts'), { uids: [1, 2] });
  await setQuota(domain, account.record, { quotaBytes: undefined });
  await append('INBOX', 1);
  await append('INBOX', 1);
  await assert.rejects(append('INBOX', 1), { code: 'over-quota', message: /there are 3 of 3/ });
  for (let n = 0; n < 10; n++) await append('Drafts', 1);
  await assert.rejects(append('Drafts', 1), { code: 'over-quota' });
  await close();
});

it('the Trash and the drafts are made beyond the quota of mailboxes, and not again and again', () => {
  const room = (size: number) => ({
    ...{ usedBytes: 0, usedMessages: 0, limits: { mailboxes: 5 } },
    mailboxes: { size } as AccountState['mailboxes'],
  });
  checkMailboxQuota(room(4), 1, false);
  for (const size of [5, 6]) checkMailboxQuota(room(size), 1, true);
  checkMailboxQuota(room(4), 2, true);
  for (const [size, more, hasVital] of [
    [5, 1, false],
    [5, 2, true],
    [7, 1, true],
  ] as const)
    assert.throws(() => checkMailboxQuota(room(size), more, hasVital), { code: 'over-quota' });
});
