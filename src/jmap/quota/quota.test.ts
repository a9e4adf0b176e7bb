/** Quotas over JMAP (RFC 9425). */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Answer, type JmapClient, startTestJmap, type TestJmap } from '../../../test/kit/jmap.ts';
import { setQuota } from '../../mailbox/operations/quota.ts';

let server: TestJmap;
let bob: JmapClient;
before(async () => {
  server = await startTestJmap();
  bob = await server.addAccount('bob@example.com', 'b');
});
after(() => server.close());

test('without limits there is none; with them there are two, and what changed is known', async () => {
  const none = await bob.call('Quota/get');
  assert.deepEqual(none.list, []);
  const record = await server.kit.domain.accounts.find('bob@example.com');
  assert.ok(record);
  await setQuota(server.kit.domain, record, { quotaBytes: 1000, quotaMessages: 10 });
  const { created, newState } = await bob.call('Quota/changes', { sinceState: none.state });
  assert.deepEqual(created, ['storage', 'messages']);
  await server.imap.addMessage('bob@example.com', 'INBOX', { bytes: 'Subject: a\r\n\r\na' });
  const changes = await bob.call('Quota/changes', { sinceState: newState });
  assert.deepEqual([changes.updated, changes.updatedProperties], [['storage', 'messages'], ['used']]);
  const { list, state, notFound } = await bob.call('Quota/get', { ids: ['storage', 'x'] });
  assert.equal(state, changes.newState);
  assert.deepEqual(notFound, ['x']);
  assert.deepEqual(list, [
    {
      ...{ id: 'storage', name: 'Storage', resourceType: 'octets', used: 15, hardLimit: 1000 },
      ...{ scope: 'account', types: ['Mail'], warnLimit: 900, softLimit: null, description: null },
    },
  ]);
});

test('queries', async () => {
  const ids = async (args: Answer) => (await bob.call('Quota/query', args)).ids;
  assert.deepEqual(await ids({ sort: [{ property: 'used' }] }), ['messages', 'storage']);
  assert.deepEqual(await ids({ filter: { resourceType: ['octets'] } }), ['storage']);
  assert.deepEqual(await ids({ filter: { operator: 'NOT', conditions: [{ name: 'stor' }] } }), ['messages']);
  assert.deepEqual(await ids({ filter: { scope: ['global'] } }), []);
  assert.equal((await bob.error('Quota/query', { filter: { nose: 1 } })).type, 'unsupportedFilter');
  assert.equal((await bob.error('Quota/query', { sort: [{ property: 'nose' }] })).type, 'unsupportedSort');
  assert.equal((await bob.error('Quota/changes', { sinceState: 'm1-1' })).type, 'cannotCalculateChanges');
});
