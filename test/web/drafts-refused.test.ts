/** A draft whose next version the server refuses, at a real server: what the account had of it stays until there is another. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { JmapClient } from '../../web/sync/jmap-client.ts';
import { emptyDraft } from '../../web/write/draft.ts';
import { DraftKeeper } from '../../web/write/draft-keeper.ts';
import { startServer, type TestServer } from '../kit/server.ts';

const PASSWORD = 'correct horse battery';

describe('a draft that is refused', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer({
      config: { 'imap.max_append_size': '4MiB', 'lmtp.max_size': '4MiB', 'submission.max_size': '4MiB' },
    });
    for (const [address, ...quota] of [['ann@example.org'], ['bob@example.org', '--quota', '20KB']] as const)
      await server.cli(['account', 'add', address, ...quota, '--password-stdin'], PASSWORD);
  });
  after(() => server.stop());

  async function keeperOf(address: string) {
    const origin = `http://127.0.0.1:${server.port('http')}`;
    const authorization = `Basic ${btoa(`${address}:${PASSWORD}`)}`;
    const client = new JmapClient({
      fetch: (input, init) =>
        fetch(new URL(String(input), origin), { ...init, headers: { ...init?.headers, authorization } }),
      me: address,
      onOther: () => assert.fail('somebody else'),
      onSignedOut: () => assert.fail('signed out'),
    });
    const { list } = await client.call<{ list: { id: string; role: string }[] }>('Mailbox/get', { ids: null })
      .result;
    const drafts = list.find(({ role }) => role === 'drafts')?.id ?? '';
    const keeper = new DraftKeeper(emptyDraft('k', 'one@example.com', { name: null, email: address }), {
      ...{ client, store: undefined, drafts: () => drafts, wholeText: ({ html }) => html },
      nowMs: () => 0,
      sleep: () => new Promise(() => {}),
    });
    const there = async (): Promise<(string | null)[]> => {
      const query = client.call<{ ids: string[] }>('Email/query', { filter: { inMailbox: drafts } });
      const get = client.call<{ list: { subject: string | null }[] }>('Email/get', {
        ...{ '#ids': query.ref('/ids'), properties: ['subject'] },
      });
      return (await get.result).list.map(({ subject }) => subject);
    };
    return { keeper, there };
  }

  async function refusedBy(keeper: DraftKeeper, there: () => Promise<unknown>, html: string, type: string) {
    keeper.change({ subject: 'first', html: 'a' });
    assert.ok(await keeper.save());
    assert.deepEqual(await there(), ['first']);
    keeper.change({ subject: 'second', html });
    assert.ok(!(await keeper.save()));
    assert.deepEqual(keeper.state.value, { kind: 'refused', type });
    assert.deepEqual(await there(), ['first']);
    keeper.change({ subject: 'third', html: 'b' });
    assert.ok(await keeper.save());
    assert.deepEqual(await there(), ['third']);
  }

  test('over quota', async () => {
    const { keeper, there } = await keeperOf('bob@example.org');
    // Beyond the reserve that drafts have.
    await refusedBy(keeper, there, 'x'.repeat(800_000), 'overQuota');
  });

  test('too large', async () => {
    const { keeper, there } = await keeperOf('ann@example.org');
    await refusedBy(keeper, there, 'x'.repeat(3_000_000), 'tooLarge');
  });
});
