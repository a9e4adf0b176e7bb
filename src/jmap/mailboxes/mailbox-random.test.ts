/**
 * Random histories of mailboxes, made over JMAP and IMAP at once, and clients that only ever ask what changed: in the end, and at each
 * step, each of them has what is there.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ImapClient } from '../../../test/imap-client.ts';
import { type Answer, type JmapClient, startTestJmap } from '../../../test/kit/jmap.ts';

const NAMES = ['A', 'B', 'C', 'D'];
const LISTING = { sort: [{ property: 'sortOrder' }, { property: 'name' }], filter: { hasAnyRole: false } };

type Step =
  | { readonly kind: 'make' | 'delete'; readonly name: string; readonly by: 'jmap' | 'imap' }
  | { readonly kind: 'rename'; readonly name: string; readonly to: string; readonly by: 'jmap' | 'imap' }
  | { readonly kind: 'order'; readonly name: string; readonly order: number }
  | { readonly kind: 'mail' | 'read' | 'mark'; readonly name: string }
  | { readonly kind: 'follow'; readonly most: number };

const name = fc.constantFrom(...NAMES);
const by = fc.constantFrom('jmap' as const, 'imap' as const);
const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constantFrom('make' as const, 'delete' as const), name, by }),
  fc.record({ kind: fc.constant('rename' as const), name, to: name, by }),
  fc.record({ kind: fc.constant('order' as const), name, order: fc.nat(3) }),
  fc.record({ kind: fc.constantFrom('mail' as const, 'read' as const, 'mark' as const), name }),
  fc.record({ kind: fc.constant('follow' as const), most: fc.constantFrom(1, 2, 7, 500) }),
);

/** Knows what it was told, and asks for nothing else. */
class Device {
  readonly #client: JmapClient;
  #known = new Map<string, Answer>();
  #state = '';
  #ids: string[] = [];
  #queryState = '';

  constructor(client: JmapClient) {
    this.#client = client;
  }

  async begin(): Promise<void> {
    const { list, state } = await this.#client.call('Mailbox/get', {});
    this.#known = new Map(list.map((one: Answer) => [one.id, one]));
    this.#state = state;
    const { ids, queryState } = await this.#client.call('Mailbox/query', LISTING);
    this.#ids = ids;
    this.#queryState = queryState;
  }

  async follow(maxChanges: number): Promise<void> {
    for (let hasMore = true; hasMore; ) {
      const { created, updated, destroyed, newState, hasMoreChanges, updatedProperties } =
        await this.#client.call('Mailbox/changes', { sinceState: this.#state, maxChanges });
      assert.ok(created.length + updated.length + destroyed.length <= maxChanges);
      const some = await this.#client.call('Mailbox/get', { ids: updated, properties: updatedProperties });
      const all = await this.#client.call('Mailbox/get', { ids: created });
      for (const id of destroyed) this.#known.delete(id);
      for (const one of all.list) this.#known.set(one.id, one);
      for (const one of some.list) this.#known.set(one.id, { ...this.#known.get(one.id), ...one });
      for (const id of [...some.notFound, ...all.notFound]) this.#known.delete(id);
      this.#state = newState;
      hasMore = hasMoreChanges;
    }
    const changes = await this.#client.call('Mailbox/queryChanges', {
      ...{ ...LISTING, sinceQueryState: this.#queryState, calculateTotal: true },
    });
    this.#ids = this.#ids.filter((id) => !changes.removed.includes(id));
    for (const { id, index } of changes.added) this.#ids.splice(index, 0, id);
    assert.equal(this.#ids.length, changes.total);
    this.#queryState = changes.newQueryState;
  }

  /** Nothing happens meanwhile. */
  async compare(): Promise<void> {
    const { list, state } = await this.#client.call('Mailbox/get', {});
    const byId = (a: Answer, b: Answer): number => (a.id < b.id ? -1 : 1);
    assert.deepEqual([...this.#known.values()].sort(byId), [...list].sort(byId));
    assert.equal(this.#state, state);
    const { ids, queryState } = await this.#client.call('Mailbox/query', LISTING);
    assert.deepEqual(this.#ids, ids);
    assert.equal(this.#queryState, queryState);
  }
}

test('whoever follows the changes has what is there', async () => {
  const server = await startTestJmap();
  const imap = await ImapClient.signIn(server.imap.port, 'alice@example.com', 'secret');
  const idOf = async (wanted: string): Promise<string> =>
    (await server.alice.call('Mailbox/query', { filter: { name: wanted } })).ids[0] ?? 'f999';
  const inMailbox = async (mailbox: string, command: string): Promise<void> => {
    if ((await imap.command(`SELECT ${mailbox}`)).status === 'OK') await imap.command(command);
  };
  const run = async (step: Step): Promise<void> => {
    const isImap = 'by' in step && step.by === 'imap';
    switch (step.kind) {
      case 'make':
        if (isImap) await imap.command(`CREATE ${step.name}`);
        else await server.alice.call('Mailbox/set', { create: { a: { name: step.name } } });
        return;
      case 'delete':
        if (isImap) await imap.command(`DELETE ${step.name}`);
        else
          await server.alice.call('Mailbox/set', {
            ...{ destroy: [await idOf(step.name)], onDestroyRemoveEmails: true },
          });
        return;
      case 'rename':
        if (isImap) await imap.command(`RENAME ${step.name} ${step.to}`);
        else
          await server.alice.call('Mailbox/set', { update: { [await idOf(step.name)]: { name: step.to } } });
        return;
      case 'order':
        await server.alice.call('Mailbox/set', {
          update: { [await idOf(step.name)]: { sortOrder: step.order } },
        });
        return;
      case 'mail':
        await server.imap
          .addMessage('alice@example.com', step.name, { bytes: 'Subject: a\r\n\r\na' })
          .catch(() => undefined);
        return;
      case 'read':
        await inMailbox(step.name, 'STORE 1:* +FLAGS (\\Seen)');
        return;
      case 'mark':
        await inMailbox(step.name, 'STORE 1 +FLAGS (\\Deleted)');
        return;
      case 'follow':
        return;
    }
  };
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { minLength: 1, maxLength: 12 }), async (all) => {
      const device = new Device(server.alice);
      await device.begin();
      for (const step of all) {
        await run(step);
        if (step.kind === 'follow') await device.follow(step.most);
      }
      await device.follow(3);
      await device.compare();
    }),
    { numRuns: 12 },
  );
  imap.close();
  await server.close();
});
