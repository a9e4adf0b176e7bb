import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openTestDomain, type TestDomain } from '../../../test/kit/domain.ts';
import type { AccountId } from '../model/model.ts';
import { setAnnotations } from '../operations/annotations.ts';
import { appendMessages } from '../operations/append.ts';
import { moveMessages } from '../operations/copy.ts';
import { receive } from '../operations/incoming.ts';
import { mailboxOf } from '../operations/mailboxes.ts';
import { setRetention } from '../operations/retention.ts';
import type { AccountState } from '../state/account.ts';
import { loadList } from '../state/load.ts';
import { KnownTime } from './known-time.ts';
import { retainAccount } from './retain.ts';

const DAY = 24 * 3600_000;
const ALICE = 'alice@example.com';

interface World {
  readonly kit: TestDomain;
  readonly account: AccountState;
  readonly id: AccountId;
  pass(days: number): void;
  jump(days: number): void;
  append(name: string, count: number): Promise<readonly number[]>;
  uids(name: string): Promise<number[]>;
  retain(): Promise<number>;
}

async function inWorld(run: (world: World) => Promise<void>): Promise<void> {
  let nowMs = 1_000 * DAY;
  let elapsed = 0;
  const clock = { nowMs: () => nowMs };
  const warn = (): void => {};
  const log = { warn } as never;
  const known = new KnownTime({ clock, log, elapsedMs: () => elapsed });
  const ofRole = (role?: string): number | undefined => (role === 'trash' ? 30 * DAY : undefined);
  const kit = await openTestDomain({
    clock,
    keeping: { clock: known, retentionMs: (_, role) => ofRole(role) },
  });
  const { domain } = kit;
  const { id } = await kit.addAccount(ALICE, 'secret');
  const account = await domain.accounts.open(id);
  const world: World = {
    ...{ kit, account, id },
    pass: (days) => {
      nowMs += days * DAY;
      elapsed += days * DAY;
    },
    jump: (days) => {
      nowMs += days * DAY;
    },
    append: async (name, count) => {
      const messages = [];
      for (let n = 0; n < count; n++) {
        const received = await receive(domain.store, [id], 1e6, Buffer.from(`Subject: ${n}\r\n\r\n${n}\r\n`));
        messages.push({ ...received, flags: 0, keywords: [], internalDate: undefined });
      }
      return (await appendMessages(domain, account, mailboxOf(account, name), messages)).uids;
    },
    uids: async (name) => {
      const { columns, count } = await loadList(domain, account, mailboxOf(account, name));
      return [...columns.uid.subarray(0, count)];
    },
    retain: async () => (await retainAccount(domain, id)).removed,
  };
  try {
    await run(world);
  } finally {
    await kit.close();
  }
}

describe('mail whose time is over', () => {
  it('goes from the Trash, counted from when it was put there', () =>
    inWorld(async (world) => {
      const { kit, account } = world;
      await world.append('Trash', 3);
      const [late] = await world.append('INBOX', 2);
      world.pass(29);
      await moveMessages(
        kit.domain,
        account,
        mailboxOf(account, 'INBOX'),
        [late as number],
        mailboxOf(account, 'Trash'),
      );
      assert.equal(await world.retain(), 0);
      world.pass(2);
      assert.equal(await world.retain(), 3);
      assert.deepEqual(await world.uids('Trash'), [4]);
      assert.deepEqual(await world.uids('INBOX'), [2]);
      const next = await retainAccount(kit.domain, world.id);
      assert.equal(next.nextMs, (1_000 + 29 + 30) * DAY);
    }));

  it('goes in pages and slices from a long list, and whoever follows learns of it', () =>
    inWorld(async (world) => {
      await world.append('Trash', 1200);
      world.pass(31);
      await world.append('Trash', 5);
      const before = mailboxOf(world.account, 'Trash').modseq;
      assert.equal(await world.retain(), 1200);
      assert.equal((await world.uids('Trash')).length, 5);
      const { store } = world.kit;
      const rows = await store.loadExpunged(world.id, mailboxOf(world.account, 'Trash').id, before, 100);
      assert.equal(
        rows.reduce((sum, { uids }) => sum + uids.length / 4, 0),
        1200,
      );
    }));

  it('is what the mailbox says of itself, longer, shorter or never', () =>
    inWorld(async (world) => {
      const { domain } = world.kit;
      const [inbox, trash] = ['INBOX', 'Trash'].map((name) => mailboxOf(world.account, name));
      await world.append('INBOX', 1);
      await world.append('Trash', 1);
      await setRetention(domain, world.account, trash as never, 'never');
      await setRetention(domain, world.account, inbox as never, 7);
      world.pass(8);
      assert.equal(await world.retain(), 1);
      assert.deepEqual(await world.uids('INBOX'), []);
      world.pass(100);
      assert.equal(await world.retain(), 0);
      await setRetention(domain, world.account, trash as never, undefined);
      assert.equal(await world.retain(), 1);
      const unclear = [{ name: '/private/vendor/brevduva/retention', value: Buffer.from('soon') }];
      await assert.rejects(setAnnotations(domain, world.account, trash, unclear), /number of days/);
    }));

  it('is not over because the clock jumps a year ahead', () =>
    inWorld(async (world) => {
      await world.append('Trash', 1);
      world.jump(365);
      assert.equal(await world.retain(), 0);
      world.jump(-365);
      world.pass(31);
      assert.equal(await world.retain(), 1);
    }));

  it('is not over because a clock that was decades behind was set', () =>
    inWorld(async (world) => {
      await world.append('Trash', 1);
      world.jump(20_000);
      assert.equal(await world.retain(), 0);
      world.pass(2);
      assert.equal(await world.retain(), 0, 'believed, and not counted');
      await world.append('Trash', 1);
      world.pass(27);
      assert.equal(await world.retain(), 0);
      world.pass(2);
      assert.equal(await world.retain(), 1);
      const { nextMs } = await retainAccount(world.kit.domain, world.id);
      assert.equal(nextMs, (1_000 + 20_000 + 2 + 30) * DAY);
    }));
});
