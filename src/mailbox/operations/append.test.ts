import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestDomain } from '../../../test/kit/domain.ts';
import { loadExternalIds } from '../reading/external-ids.ts';
import { loadList } from '../state/load.ts';
import { appendMessages } from './append.ts';
import { expungeMessages } from './expunge.ts';
import { receive } from './incoming.ts';
import { mailboxOf } from './mailboxes.ts';

test('a message that is removed in the turn in which it came leaves no name behind', async () => {
  const kit = await openTestDomain();
  const { domain } = kit;
  const { id } = await kit.addAccount('alice@example.com', 'secret');
  const account = await domain.accounts.open(id);
  const inbox = mailboxOf(account, 'INBOX');
  await loadList(domain, account, inbox);
  const bytes = Buffer.from('Subject: short\r\n\r\nlived\r\n');
  const received = await receive(domain.store, [id], bytes.length, bytes);
  const message = { ...received, flags: 0, keywords: [], internalDate: undefined, externalId: 'pop-1' };
  const { uidNext } = inbox;
  const [, removed] = await Promise.all([
    appendMessages(domain, account, inbox, [message]),
    expungeMessages(domain, account, inbox, { uids: [uidNext] }),
  ]);
  assert.deepEqual(removed, [uidNext], 'one after the other, in one turn');
  assert.deepEqual([...(await loadExternalIds(domain, account, inbox))], []);
  const again = await appendMessages(domain, account, inbox, [message]);
  assert.deepEqual([...(await loadExternalIds(domain, account, inbox))], [[again.uids[0], 'pop-1']]);
  await kit.close();
});
