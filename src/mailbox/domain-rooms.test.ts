/** What the accounts of a domain have together: exact within a turn, when something is taken back, and when accounts come and go. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openTestDomain, type TestDomain } from '../../test/kit/domain.ts';
import { MailboxError } from './model/errors.ts';
import type { SharedRoom } from './model/quota.ts';
import { appendMessages } from './operations/append.ts';
import { copyMessages } from './operations/copy.ts';
import { expungeMessages } from './operations/expunge.ts';
import { receive } from './operations/incoming.ts';
import { mailboxOf } from './operations/mailboxes.ts';
import type { AccountState } from './state/account.ts';

const DOMAIN = 'example.com';
const SIZE = 1000;

class World {
  readonly kit: TestDomain;
  readonly ann: AccountState;
  readonly bob: AccountState;

  constructor(kit: TestDomain, ann: AccountState, bob: AccountState) {
    this.kit = kit;
    this.ann = ann;
    this.bob = bob;
  }

  async limit(bytes: number | undefined, messages?: number): Promise<void> {
    const { accounts, store } = this.kit.domain;
    await store.directory.domains.changeQuota(DOMAIN, {}, { bytes, messages });
    await accounts.refreshDomain(DOMAIN);
  }

  /** Asked for at once: they run in one turn. */
  async append(mailbox: string, ...accounts: readonly AccountState[]): Promise<string[]> {
    const { domain } = this.kit;
    const text = Buffer.alloc(SIZE, 'Subject: x\r\n\r\n');
    const received: Awaited<ReturnType<typeof receive>>[] = [];
    for (const { id } of accounts) received.push(await receive(domain.store, [id], SIZE, text));
    const outcomes = accounts.map((account, n) => {
      const message = {
        ...(received[n] as (typeof received)[number]),
        flags: 0,
        keywords: [],
        internalDate: undefined,
      };
      return appendMessages(domain, account, mailboxOf(account, mailbox), [message]).then(
        () => 'in',
        (error: unknown) => (error instanceof MailboxError ? error.code : Promise.reject(error)),
      );
    });
    return Promise.all(outcomes);
  }

  used(): SharedRoom | undefined {
    return this.ann.shared;
  }
}

async function inWorld(run: (world: World) => Promise<void>): Promise<void> {
  const kit = await openTestDomain();
  const open = async (address: string): Promise<AccountState> =>
    kit.domain.accounts.open((await kit.addAccount(address, 'secret')).id);
  await kit.store.directory.domains.create({ name: DOMAIN, createdMs: 1, keys: [] });
  try {
    await run(new World(kit, await open(`ann@${DOMAIN}`), await open(`bob@${DOMAIN}`)));
  } finally {
    await kit.close();
  }
}

describe('what accounts of a domain have together', () => {
  it('is limited also within one turn, by octets and by messages', () =>
    inWorld(async (world) => {
      const { ann, bob } = world;
      assert.equal(world.used(), undefined);
      await world.limit(2.5 * SIZE);
      assert.deepEqual(await world.append('INBOX', ann, bob, ann, bob), [
        'in',
        'in',
        'over-quota',
        'over-quota',
      ]);
      assert.deepEqual([world.used()?.usedBytes, world.used()?.usedMessages], [2 * SIZE, 2]);
      await world.limit(undefined, 3);
      assert.deepEqual(await world.append('INBOX', bob, ann), ['in', 'over-quota']);
      await world.limit(undefined);
      assert.equal(world.used(), undefined);
      assert.deepEqual(await world.append('INBOX', ann), ['in']);
      await world.limit(3 * SIZE);
      assert.equal(
        world.used()?.usedBytes,
        4 * SIZE,
        'one that is lowered below what there is removes nothing',
      );
      assert.deepEqual(await world.append('INBOX', ann), ['over-quota']);
    }));

  it('counts nothing that is taken back', () =>
    inWorld(async (world) => {
      const { ann, bob, kit } = world;
      await world.limit(3 * SIZE);
      const run = kit.domain.turns.run({
        account: ann,
        run: (change) => {
          change.addMessages(
            mailboxOf(ann, 'Archive'),
            [{ size: 2 * SIZE, email: 1, flags: 0, keywordSet: 0, internalDate: 0, saveDate: 0, traits: 0 }],
            'new',
          );
          assert.equal(bob.shared?.usedBytes, 2 * SIZE);
          throw new MailboxError('cannot', 'not after all');
        },
      });
      const others = world.append('INBOX', bob, bob, bob);
      await assert.rejects(run, MailboxError);
      assert.deepEqual(await others, ['in', 'in', 'in']);
      assert.equal(world.used()?.usedBytes, 3 * SIZE);
    }));

  it('leaves room for what always works', () =>
    inWorld(async (world) => {
      const { ann, bob, kit } = world;
      await world.limit(2 * SIZE);
      assert.deepEqual(await world.append('INBOX', ann, bob), ['in', 'in']);
      const [inbox, trash] = ['INBOX', 'Trash'].map((name) => mailboxOf(ann, name));
      await copyMessages(kit.domain, ann, inbox as never, [1], trash as never);
      assert.deepEqual(await world.append('Drafts', ann), ['in']);
      assert.deepEqual(await world.append('INBOX', bob), ['over-quota']);
      await expungeMessages(kit.domain, ann, inbox as never, { uids: [1] });
      await expungeMessages(kit.domain, ann, trash as never, { uids: [1] });
      assert.equal(world.used()?.usedBytes, 2 * SIZE);
    }));

  it('counts accounts that are not in memory, and none that is gone', () =>
    inWorld(async (world) => {
      const { ann, bob, kit } = world;
      await world.append('INBOX', ann, bob, bob);
      kit.domain.accounts.evict(bob.id, 'to be read anew');
      await world.limit(4 * SIZE);
      assert.equal(world.used()?.usedBytes, 3 * SIZE);
      const again = await kit.domain.accounts.open(bob.id);
      assert.deepEqual(await world.append('INBOX', again, again), ['in', 'over-quota']);
      const carl = await kit.addAccount(`carl@${DOMAIN}`, 'secret');
      assert.deepEqual(await world.append('INBOX', await kit.domain.accounts.open(carl.id)), ['over-quota']);
      const other = await kit.addAccount('dora@example.org', 'secret');
      assert.equal((await kit.domain.accounts.open(other.id)).shared, undefined);
      await kit.store.directory.remove(bob.id);
      kit.domain.accounts.evict(bob.id, 'the account was removed');
      assert.equal(world.used()?.usedBytes, SIZE);
      assert.deepEqual(await world.append('INBOX', ann), ['in']);
    }));
});
