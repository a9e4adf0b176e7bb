/** Mailboxes over JMAP, with IMAP as a witness (RFC 8621 §2). */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ImapClient } from '../../../test/imap-client.ts';
import { type Answer, startTestJmap, type TestJmap } from '../../../test/kit/jmap.ts';

let server: TestJmap;
before(async () => {
  server = await startTestJmap();
});
after(() => server.close());

const set = (args: Answer) => server.alice.call('Mailbox/set', args);
const byName = async (): Promise<Map<string, Answer>> => {
  const { list } = await server.alice.call('Mailbox/get', { ids: null });
  return new Map(list.map((one: Answer) => [one.name, one]));
};

describe('Mailbox/set', () => {
  test('a tree in one call, children before their parents', async () => {
    const { created, notCreated } = await set({
      create: {
        b: { name: '2026', parentId: '#a', sortOrder: 7, isSubscribed: false },
        a: { name: 'Räkningar', parentId: null, role: null },
        x: { name: 'x', parentId: '#y' },
        y: { name: 'y', parentId: '#x' },
      },
    });
    assert.deepEqual(Object.keys(created).sort(), ['a', 'b']);
    assert.deepEqual(Object.keys(notCreated).sort(), ['x', 'y']);
    assert.equal(notCreated.x.type, 'invalidProperties');
    const all = await byName();
    assert.equal(all.get('2026')?.parentId, created.a.id);
    assert.equal(all.get('2026')?.sortOrder, 7);
    assert.equal(all.get('2026')?.isSubscribed, false);
  });

  test('a name, a place and a role are changed in one', async () => {
    const all = await byName();
    const [parent, child] = [all.get('Räkningar'), all.get('2026')];
    const { updated, notUpdated } = await set({
      update: {
        [child.id]: { name: '2025', parentId: null, role: 'snoozed' },
        [parent.id]: { totalEmails: 3 },
        f999: { name: 'x' },
      },
    });
    assert.deepEqual(updated, { [child.id]: null });
    assert.equal(notUpdated[parent.id].type, 'invalidProperties');
    assert.equal(notUpdated.f999.type, 'notFound');
    const [moved] = (await server.alice.call('Mailbox/get', { ids: [child.id] })).list;
    assert.deepEqual([moved.name, moved.parentId, moved.role], ['2025', null, 'snoozed']);
  });

  const refused: readonly (readonly [what: string, object: Answer, property: string])[] = [
    ['a name with a slash', { name: 'a/b' }, 'name'],
    ['no name', { parentId: null }, 'name'],
    ['an empty name', { name: '' }, 'name'],
    ['a wildcard', { name: 'a*' }, 'name'],
    ['a parent that is not', { name: 'a', parentId: 'f999' }, 'parentId'],
    ['a role that another has', { name: 'a', role: 'trash' }, 'role'],
    ['the role of INBOX', { name: 'a', role: 'inbox' }, 'role'],
    ['a role that is none', { name: 'a', role: 'king' }, 'role'],
    ['a property that is none', { name: 'a', nose: 1 }, 'nose'],
    ['an order that is none', { name: 'a', sortOrder: -1 }, 'sortOrder'],
    ['what the server says', { name: 'a', totalEmails: 0 }, 'totalEmails'],
  ];
  for (const [what, object, property] of refused)
    test(`refused: ${what}`, async () => {
      const { notCreated } = await set({ create: { a: object } });
      assert.deepEqual([notCreated?.a.type, notCreated?.a.properties], ['invalidProperties', [property]]);
    });

  test('a name that is there is refused, and who has it is told', async () => {
    const all = await byName();
    const { created, notCreated } = await set({
      create: {
        a: { name: 'Archive' },
        b: { name: 'inbox' },
        c: { name: 'Taken', parentId: all.get('Archive').id },
      },
    });
    assert.deepEqual(Object.keys(created), ['c']);
    for (const [name, holder] of [
      ['a', 'Archive'],
      ['b', 'Inbox'],
    ] as const)
      assert.deepEqual(
        [notCreated[name].type, notCreated[name].properties, notCreated[name].existingId],
        ['alreadyExists', ['name'], all.get(holder).id],
      );
    const { id } = created.c;
    const { notUpdated } = await set({ update: { [id]: { name: 'Archive', parentId: null } } });
    assert.equal(notUpdated[id].existingId, all.get('Archive').id);
    await set({ destroy: [id] });
  });

  test('who is told of changes in pieces is told of those that come meanwhile', async () => {
    const { state } = await server.alice.call('Mailbox/get', { ids: [] });
    const make = async (...names: readonly string[]): Promise<string[]> => {
      const create = Object.fromEntries(names.map((name) => [name, { name }]));
      const made = Object.values((await set({ create })).created) as Answer[];
      return made.map(({ id }) => id);
    };
    const made = await make('Piece-1', 'Piece-2', 'Piece-3');
    const told: string[] = [];
    let sinceState = state;
    for (let hasMore = true; hasMore; ) {
      const changes = await server.alice.call('Mailbox/changes', { sinceState, maxChanges: 2 });
      told.push(...changes.created);
      sinceState = changes.newState;
      hasMore = changes.hasMoreChanges;
      if (made.length === 3) made.push(...(await make('Piece-4')));
    }
    assert.deepEqual(told.sort(), [...made].sort());
    assert.equal((await server.alice.call('Mailbox/get', { ids: [] })).state, sinceState);
    await set({ destroy: made });
  });

  test('Inbox keeps its name and stays, and a whole object may be sent back', async () => {
    const inbox = (await byName()).get('Inbox');
    const { notUpdated, notDestroyed } = await set({ update: { [inbox.id]: { name: 'Post' } }, destroy: [] });
    assert.equal(notUpdated[inbox.id].type, 'forbidden');
    assert.equal(notDestroyed, null);
    assert.deepEqual((await set({ update: { [inbox.id]: inbox } })).updated, { [inbox.id]: null });
    assert.equal((await set({ destroy: [inbox.id] })).notDestroyed[inbox.id].type, 'forbidden');
  });

  test('mail in a mailbox keeps it, unless it may go too; children keep it', async () => {
    const made = await set({ create: { a: { name: 'Full' }, b: { name: 'Child', parentId: '#a' } } });
    const [a, b] = [made.created.a.id, made.created.b.id];
    await server.imap.addMessage('alice@example.com', 'Full/Child', { bytes: 'Subject: x\r\n\r\nx' });
    const { notDestroyed } = await set({ destroy: [a, b, 'f999'] });
    assert.equal(notDestroyed[a].type, 'mailboxHasChild');
    assert.equal(notDestroyed[b].type, 'mailboxHasEmail');
    assert.equal(notDestroyed.f999.type, 'notFound');
    const gone = await set({ destroy: [a, b, a], onDestroyRemoveEmails: true });
    assert.deepEqual(gone.destroyed, [b, a]);
  });

  test('another state than the client thinks changes nothing', async () => {
    const { state } = await server.alice.call('Mailbox/get', { ids: [] });
    await set({ create: { a: { name: 'Between' } } });
    const refusal = await server.alice.error('Mailbox/set', {
      ifInState: state,
      create: { b: { name: 'Not' } },
    });
    assert.equal(refusal.type, 'stateMismatch');
    assert.equal((await byName()).has('Not'), false);
  });
});

describe('Mailbox/changes', () => {
  test('what an IMAP client does is told, and the state is that of the next get', async () => {
    const { state } = await server.alice.call('Mailbox/get', { ids: [] });
    const client = await ImapClient.signIn(server.imap.port, 'alice@example.com', 'secret');
    await client.ok('CREATE Witness');
    const changes = await server.alice.call('Mailbox/changes', { sinceState: state });
    const witness = (await byName()).get('Witness');
    assert.deepEqual([changes.created, changes.updated, changes.destroyed], [[witness.id], [], []]);
    assert.equal(changes.hasMoreChanges, false);
    assert.equal((await server.alice.call('Mailbox/get', { ids: [] })).state, changes.newState);
    await server.imap.addMessage('alice@example.com', 'Witness', { bytes: 'Subject: x\r\n\r\nx' });
    const counts = await server.alice.call('Mailbox/changes', { sinceState: changes.newState });
    assert.deepEqual(counts.updated, [witness.id]);
    assert.deepEqual(counts.updatedProperties, [
      'totalEmails',
      'unreadEmails',
      'totalThreads',
      'unreadThreads',
    ]);
    client.close();
  });

  for (const state of ['', 'm', 'e1-1', 'm99999999999-1', 'm1-1-1', 'm1-1-2-2', '🙂', 'm9007199254740993-1'])
    test(`a state that is none: ${state}`, async () => {
      const { type } = await server.alice.error('Mailbox/changes', { sinceState: state });
      assert.equal(type, 'cannotCalculateChanges');
    });
});

describe('Mailbox/query', () => {
  const names = async (args: Answer): Promise<string[]> => {
    const [query, get] = await server.alice.calls([
      ['Mailbox/query', args],
      ['Mailbox/get', { '#ids': { resultOf: '0', name: 'Mailbox/query', path: '/ids' } }],
    ]);
    const byId = new Map(get?.[1].list.map((one: Answer) => [one.id, one.name]));
    return query?.[1].ids.map((id: string) => byId.get(id));
  };

  test('filters and orders', async () => {
    const { created } = await set({
      create: { a: { name: 'Tree', sortOrder: 9 }, b: { name: 'Aa', parentId: '#a' } },
    });
    assert.deepEqual(await names({ filter: { role: 'inbox' } }), ['Inbox']);
    assert.deepEqual(await names({ filter: { name: 'tre' } }), ['Tree']);
    assert.deepEqual(await names({ filter: { parentId: created.a.id } }), ['Aa']);
    assert.deepEqual(
      await names({
        filter: { operator: 'NOT', conditions: [{ hasAnyRole: false }, { role: 'inbox' }] },
        sort: [{ property: 'name', isAscending: false }],
      }),
      ['Trash', 'Sent', 'Junk', 'Drafts', 'Archive', '2025'],
    );
    const tree = await names({ sort: [{ property: 'sortOrder' }, { property: 'name' }], sortAsTree: true });
    assert.deepEqual(tree.slice(-2), ['Tree', 'Aa']);
    assert.deepEqual(await names({ filter: { name: 'aa' }, filterAsTree: true }), []);
  });

  test('windows', async () => {
    const all = await names({ sort: [{ property: 'name' }] });
    const window = (args: Answer) => names({ sort: [{ property: 'name' }], ...args });
    assert.deepEqual(await window({ position: 1, limit: 2 }), all.slice(1, 3));
    assert.deepEqual(await window({ position: -2 }), all.slice(-2));
    assert.deepEqual(await window({ position: 1000 }), []);
    assert.deepEqual(await window({ position: -(2 ** 53 - 1), limit: 1 }), all.slice(0, 1));
    const { ids } = await server.alice.call('Mailbox/query', { sort: [{ property: 'name' }] });
    assert.deepEqual(await window({ anchor: ids[2], anchorOffset: -1, limit: 2 }), all.slice(1, 3));
    assert.equal((await server.alice.error('Mailbox/query', { anchor: 'f999' })).type, 'anchorNotFound');
  });

  test('what is not supported is said', async () => {
    const type = async (args: Answer) => (await server.alice.error('Mailbox/query', args)).type;
    assert.equal(await type({ filter: { nose: 1 } }), 'unsupportedFilter');
    assert.equal(await type({ sort: [{ property: 'nose' }] }), 'unsupportedSort');
    assert.equal(await type({ filter: { operator: 'XOR', conditions: [] } }), 'invalidArguments');
    assert.equal(await type({ filter: { name: 1 } }), 'invalidArguments');
    assert.equal(await type({ position: 2 ** 53 }), 'invalidArguments');
  });
});
