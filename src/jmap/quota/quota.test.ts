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

test('without limits there is none; with them there is one for each, and what changed is known', async () => {
  const none = await bob.call('Quota/get');
  assert.deepEqual(none.list, []);
  const record = await server.kit.domain.accounts.find('bob@example.com');
  assert.ok(record);
  await setQuota(server.kit.domain, record, { quotaBytes: 1000, quotaMessages: 10, quotaMailboxes: 8 });
  const { created, newState } = await bob.call('Quota/changes', { sinceState: none.state });
  assert.deepEqual(created, ['storage', 'messages', 'mailboxes']);
  await server.imap.addMessage('bob@example.com', 'INBOX', { bytes: 'Subject: a\r\n\r\na' });
  const changes = await bob.call('Quota/changes', { sinceState: newState });
  assert.deepEqual([changes.updated, changes.updatedProperties], [['storage', 'messages'], ['used']]);
  const { list, state, notFound } = await bob.call('Quota/get', { ids: ['storage', 'x'] });
  assert.equal(state, changes.newState);
  assert.deepEqual(notFound, ['x']);
  assert.deepEqual(list, [
    {
      ...{ id: 'storage', name: 'Storage', resourceType: 'octets', used: 15, hardLimit: 1000 },
      ...{ scope: 'account', types: ['Mail'], warnLimit: 800, softLimit: 950, description: null },
    },
  ]);
});

test('queries', async () => {
  const ids = async (args: Answer) => (await bob.call('Quota/query', args)).ids;
  assert.deepEqual(await ids({ sort: [{ property: 'used' }] }), ['messages', 'mailboxes', 'storage']);
  assert.deepEqual(await ids({ filter: { resourceType: ['octets'] } }), ['storage']);
  assert.deepEqual(await ids({ filter: { operator: 'NOT', conditions: [{ name: 'stor' }] } }), [
    'messages',
    'mailboxes',
  ]);
  assert.deepEqual(await ids({ filter: { type: ['Mailbox'] } }), ['mailboxes']);
  assert.deepEqual(await ids({ filter: { scope: ['global'] } }), []);
  assert.equal((await bob.error('Quota/query', { filter: { nose: 1 } })).type, 'unsupportedFilter');
  assert.equal((await bob.error('Quota/query', { sort: [{ property: 'nose' }] })).type, 'unsupportedSort');
  assert.equal((await bob.error('Quota/changes', { sinceState: 'm1-1' })).type, 'cannotCalculateChanges');
});

test('what has changed in a list since it was asked for', async () => {
  const byUse = { sort: [{ property: 'used' }], calculateTotal: true };
  const { queryState, canCalculateChanges } = await bob.call('Quota/query', byUse);
  assert.equal(canCalculateChanges, true);
  const same = await bob.call('Quota/queryChanges', { ...byUse, sinceQueryState: queryState });
  assert.deepEqual([same.removed, same.added, same.total], [[], [], 3]);
  for (let n = 0; n < 8; n++) await server.imap.addMessage('bob@example.com', 'INBOX', { bytes: 'a' });
  const changed = await bob.call('Quota/queryChanges', { ...byUse, sinceQueryState: queryState });
  assert.deepEqual(changed.removed, ['messages', 'mailboxes', 'storage']);
  assert.deepEqual(changed.added, [
    { id: 'mailboxes', index: 0 },
    { id: 'messages', index: 1 },
    { id: 'storage', index: 2 },
  ]);
  const { type } = await bob.error('Quota/queryChanges', { ...byUse, sinceQueryState: 'q1' });
  assert.equal(type, 'cannotCalculateChanges');
});

test('a mailbox more than there may be is refused with the numbers; the Trash is not', async () => {
  const { created, notCreated } = await bob.call('Mailbox/set', {
    create: { a: { name: 'A' }, b: { name: 'B' }, c: { name: 'C' } },
  });
  assert.deepEqual(Object.keys(created as object).length, 2);
  const refused = Object.values(notCreated as Record<string, { type: string; description: string }>);
  assert.equal(refused[0]?.type, 'overQuota');
  assert.match(refused[0]?.description ?? '', /8 of 8/);
  const mailboxes = (await bob.call('Mailbox/get')).list as { id: string; role: string | null }[];
  const trash = mailboxes.find(({ role }) => role === 'trash')?.id as string;
  await bob.call('Mailbox/set', { destroy: [trash], create: { x: { name: 'X' } } });
  const again = await bob.call('Mailbox/set', { create: { t: { name: 'Trash', role: 'trash' } } });
  assert.notEqual(again.created, null);
});

test('what no draft has room for is refused before it is sent; small files are not', async () => {
  const upload = async (declared: number) => {
    const body = Buffer.alloc(declared, 'x');
    const response = await bob.fetch(`/jmap/upload/${bob.accountId}/`, { method: 'POST', body });
    return [response.status, ((await response.json()) as Answer).detail];
  };
  assert.equal((await upload(100))[0], 201);
  const [status, detail] = await upload(1_100_000);
  assert.equal(status, 413);
  assert.match(String(detail), /no room for 1.0 MiB: \d+ B of 1000 B are used/);
});
