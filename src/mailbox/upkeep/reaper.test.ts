import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openTestDomain, type TestDomain } from '../../../test/kit/domain.ts';
import { FLAG } from '../../mail/flags.ts';
import type { AccountChange } from '../change/account-change.ts';
import { asModSeq } from '../model/model.ts';
import { appendMessages, type IncomingMessage } from '../operations/append.ts';
import { copyMessages, moveMessages } from '../operations/copy.ts';
import { expungeMessages } from '../operations/expunge.ts';
import { changeFlags } from '../operations/flags.ts';
import { createMailbox, deleteMailbox } from '../operations/folders.ts';
import { receive } from '../operations/incoming.ts';
import { mailboxOf, openMailbox } from '../operations/mailboxes.ts';
import type { HistoryRow } from '../port/store.ts';
import type { AccountState } from '../state/account.ts';
import { reapAccount } from './reaper.ts';

const ALICE = 'alice@example.com';
const MINUTE = 60_000;
const events = { onHint: () => {}, onInvalid: () => {} };

class World {
  nowMs = 1_000_000_000;
  readonly kit: TestDomain;
  readonly account: AccountState;

  constructor(kit: TestDomain, account: AccountState) {
    this.kit = kit;
    this.account = account;
  }

  static async open(): Promise<World> {
    const clock = { nowMs: () => world?.nowMs ?? 1_000_000_000 };
    let world: World | undefined;
    const kit = await openTestDomain({ clock });
    const record = await kit.addAccount(ALICE, 'secret');
    world = new World(kit, await kit.domain.accounts.open(record.id));
    return world;
  }

  get domain() {
    return this.kit.domain;
  }

  mailbox(name: string) {
    return mailboxOf(this.account, name);
  }

  async append(name: string, subjects: readonly string[]): Promise<readonly number[]> {
    const messages: IncomingMessage[] = [];
    for (const subject of subjects) {
      const bytes = Buffer.from(`Subject: ${subject}\r\n\r\n${subject}\r\n`);
      const received = await receive(this.domain.store, [this.account.id], bytes.length, bytes);
      messages.push({ ...received, flags: 0, keywords: [], internalDate: undefined });
    }
    return (await appendMessages(this.domain, this.account, this.mailbox(name), messages)).uids;
  }

  async subjects(name: string): Promise<string[]> {
    const messages = await this.kit.messagesOf(ALICE, name);
    return messages.map((octets) => /^Subject: (.*)\r\n/.exec(octets.toString())?.[1] ?? 'lost');
  }

  reap(): Promise<number> {
    this.nowMs += 2 * MINUTE;
    return reapAccount(this.domain, this.account.id);
  }
}

async function inWorld(run: (world: World) => Promise<void>): Promise<void> {
  const world = await World.open();
  try {
    await run(world);
  } finally {
    await world.kit.close();
  }
}

describe('the reaper', () => {
  it('leaves mail alone that was moved out of a mailbox in the turn in which that was deleted', () =>
    inWorld(async (world) => {
      const { domain, account } = world;
      const from = await createMailbox(domain, account, 'X');
      const uids = await world.append('X', ['moved', 'copied and expunged', 'left']);
      const target = await createMailbox(domain, account, 'Y');
      await copyMessages(domain, account, from, uids.slice(1, 2), target);
      const [first, second] = uids as [number, number];
      const left = [
        moveMessages(domain, account, from, [first], target),
        expungeMessages(domain, account, from, { uids: [second] }),
      ];
      // Both have found their mailboxes loaded and wait for the same turn.
      for (let i = 0; i < 10; i++) await Promise.resolve();
      await Promise.all([...left, deleteMailbox(domain, account, 'X')]);
      await world.reap();
      assert.deepEqual(await world.subjects('Y'), ['copied and expunged', 'moved']);
      assert.deepEqual(
        (await domain.store.listEmails(account.id, 0, 9)).map(({ references }) => references),
        [1, 1],
        'the one that was left is gone, nothing is referred to twice',
      );
    }));

  it('is not held up by what one session still needs', () =>
    inWorld(async (world) => {
      const { domain, account } = world;
      await createMailbox(domain, account, 'watched');
      const watched = await world.append(
        'watched',
        Array.from({ length: 60 }, (_, i) => `w${i}`),
      );
      const inbox = await world.append('INBOX', ['other']);
      const viewer = await openMailbox(domain, account, 'watched', true, events);
      for (const uid of watched) {
        await expungeMessages(domain, account, world.mailbox('watched'), { uids: [uid] });
      }
      await expungeMessages(domain, account, world.mailbox('INBOX'), { uids: inbox });
      assert.equal(await world.reap(), 1);
      assert.deepEqual(domain.accounts.toReap(), [account.id], 'it comes again');
      viewer.close();
      assert.equal(await world.reap(), 60);
      await world.reap();
      assert.deepEqual(domain.accounts.toReap(), []);
    }));

  it('forgets what happened half a year ago, and the account says since when', () =>
    inWorld(async (world) => {
      const { domain, account } = world;
      const uids = await world.append('INBOX', ['one', 'two', 'three', 'four']);
      const inbox = world.mailbox('INBOX');
      for (const uid of uids.slice(0, 2)) await expungeMessages(domain, account, inbox, { uids: [uid] });
      await world.reap();
      const floor = inbox.modseq;
      assert.deepEqual(await domain.store.measureHistory(account.id), { rows: 2, numbers: 4 });
      world.nowMs += 200 * 24 * 60 * MINUTE;
      await expungeMessages(domain, account, inbox, { uids: uids.slice(2, 3) });
      await domain.accounts.evict(account.id, 'the test loads it anew');
      await world.reap();
      const again = await domain.accounts.open(account.id);
      assert.deepEqual(await domain.store.measureHistory(account.id), { rows: 1, numbers: 2 });
      assert.deepEqual([again.historyFloor, again.changesFloor], [floor, floor]);
    }));

  it('forgets the oldest of a history that is too long', () =>
    inWorld(async (world) => {
      const { domain, account } = world;
      const uids = await world.append('INBOX', ['one', 'two', 'three']);
      const inbox = world.mailbox('INBOX');
      for (const uid of uids) await expungeMessages(domain, account, inbox, { uids: [uid] });
      await world.reap();
      const [first, second] = await domain.store.loadExpunged(account.id, inbox.id, asModSeq(0), 2);
      const run = (change: AccountChange) => {
        for (const row of [first, second])
          change.history.replace({ ...(row as HistoryRow), numbers: 1_500_000 });
      };
      await domain.turns.run({ account, run });
      await domain.accounts.evict(account.id, 'the test loads it anew');
      await world.reap();
      assert.deepEqual(await domain.store.measureHistory(account.id), { rows: 2, numbers: 1_500_002 });
      assert.equal((await domain.accounts.open(account.id)).changesFloor, first?.modseq);
    }));

  it('changes nothing that anybody sees, and no state of it', () =>
    inWorld(async (world) => {
      const { domain, account } = world;
      const uids = await world.append('INBOX', ['one', 'two']);
      await expungeMessages(domain, account, world.mailbox('INBOX'), { uids });
      const { modseq, emailModseq, mailboxModseq } = account;
      assert.equal(await world.reap(), 2);
      assert.ok(account.modseq > modseq);
      assert.deepEqual([account.emailModseq, account.mailboxModseq], [emailModseq, mailboxModseq]);
    }));

  it('comes by for an account that only remembers more and more', () =>
    inWorld(async (world) => {
      const { domain, account } = world;
      const uids = await world.append('INBOX', ['one']);
      await world.reap();
      assert.deepEqual(domain.accounts.toReap(), []);
      const inbox = world.mailbox('INBOX');
      for (let n = 0; n < 250; n++) {
        for (const mode of ['add', 'remove'] as const)
          await changeFlags(domain, account, inbox, uids, { mode, flags: FLAG.Deleted, keywords: [] });
      }
      assert.deepEqual(domain.accounts.toReap(), [account.id]);
      await world.reap();
      assert.deepEqual(domain.accounts.toReap(), []);
    }));
});
