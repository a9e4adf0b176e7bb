/** Octets that wait to leave, counted while some are on their way into the store. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestDomain } from '../../../test/kit/domain.ts';
import { WritableAccount } from './account.ts';
import { addQueuedOctets, countQueuedOctets } from './queued-octets.ts';

test('there are never more than were counted, also of those that the store does not have yet', async () => {
  const kit = await openTestDomain();
  try {
    const { id } = await kit.addAccount('anna@example.com', 'secret words');
    const account = WritableAccount.of(await kit.domain.accounts.open(id));
    let stored = 0;
    const store = { outgoing: { countOctets: async () => stored } };
    const written = Promise.withResolvers<void>();
    account.unsettled = written.promise;
    addQueuedOctets(account, 1000);
    const counting = countQueuedOctets({ store: store as never }, account);
    addQueuedOctets(account, 1);
    stored = 1000;
    written.resolve();
    assert.equal(await counting, 1001);
    account.unsettled = Promise.reject(new Error('not taken'));
    stored = 0;
    assert.equal(await countQueuedOctets({ store: store as never }, account), 0);
    account.unsettled = undefined;
  } finally {
    await kit.close();
  }
});
