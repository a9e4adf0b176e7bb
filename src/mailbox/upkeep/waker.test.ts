/** Mail that is put off and comes back: by a clock of its own, beside others who move it, and after the process has ended. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openTestDomain, type TestDomain } from '../../../test/kit/domain.ts';
import { FLAG } from '../../mail/flags.ts';
import type { MailboxError } from '../model/errors.ts';
import type { AccountId } from '../model/model.ts';
import { appendMessages } from '../operations/append.ts';
import { moveMessages } from '../operations/copy.ts';
import { createMailbox } from '../operations/folders.ts';
import { receive } from '../operations/incoming.ts';
import { mailboxOf } from '../operations/mailboxes.ts';
import { loadForSnoozes, snoozeEmail, takeBackSnooze, waitingSnoozes } from '../operations/snooze.ts';
import type { AccountState } from '../state/account.ts';
import { loadList } from '../state/load.ts';
import { startWaking, wakeAccount } from './waker.ts';

const HOUR = 3_600_000;
const ALICE = 'alice@example.com';

class World {
  nowMs = 1_000_000 * HOUR;
  readonly #data: string;
  kit!: TestDomain;
  id!: AccountId;
  account!: AccountState;

  constructor(data: string) {
    this.#data = data;
  }

  async open(): Promise<void> {
    this.kit = await openTestDomain({ clock: { nowMs: () => this.nowMs }, data: this.#data });
    const record =
      (await this.kit.store.directory.find(ALICE)) ?? (await this.kit.addAccount(ALICE, 'secret'));
    this.id = record.id;
    this.account = await this.kit.domain.accounts.open(record.id);
  }

  /** Emails that have been read, in INBOX. */
  async append(count: number): Promise<readonly number[]> {
    const { domain } = this.kit;
    const messages = [];
    for (let n = 0; n < count; n++) {
      const received = await receive(
        domain.store,
        [this.id],
        1e6,
        Buffer.from(`Subject: ${n}\r\n\r\n${n}\r\n`),
      );
      messages.push({ ...received, flags: FLAG.Seen, keywords: [], internalDate: undefined });
    }
    await appendMessages(domain, this.account, mailboxOf(this.account, 'INBOX'), messages);
    return (await this.emails('INBOX')).slice(-count);
  }

  async emails(name: string): Promise<number[]> {
    const { columns, count } = await loadList(this.kit.domain, this.account, mailboxOf(this.account, name));
    return [...columns.email.subarray(0, count)];
  }

  snooze(email: number, hours: number): Promise<number> {
    return snoozeEmail(this.kit.domain, this.account, email, this.nowMs + hours * HOUR);
  }

  wake(): Promise<number> {
    return wakeAccount(this.kit.domain, this.id);
  }

  async waiting(): Promise<number[]> {
    await loadForSnoozes(this.kit.domain, this.account);
    return waitingSnoozes(this.account).map(({ email }) => email);
  }
}

async function inWorld(run: (world: World) => Promise<void>): Promise<void> {
  const data = await mkdtemp(join(tmpdir(), 'brevduva-waker-'));
  const world = new World(data);
  await world.open();
  await createMailbox(world.kit.domain, world.account, 'Snoozed', 'snoozed');
  try {
    await run(world);
  } finally {
    await world.kit.close();
    await rm(data, { recursive: true });
  }
}

const is = (code: string) => (error: MailboxError) => error.code === code;

describe('mail that is put off', () => {
  it('waits in its mailbox, and comes back into INBOX unread and new', () =>
    inWorld(async (world) => {
      const [first = 0, second = 0] = await world.append(2);
      await world.snooze(first, 2);
      assert.deepEqual(await world.emails('Snoozed'), [first]);
      assert.deepEqual(await world.emails('INBOX'), [second]);
      assert.equal(await world.wake(), 0);
      world.nowMs += 2 * HOUR;
      assert.equal(await world.wake(), 1);
      assert.deepEqual(await world.emails('INBOX'), [second, first]);
      const inbox = mailboxOf(world.account, 'INBOX');
      const { columns } = await loadList(world.kit.domain, world.account, inbox);
      assert.equal((columns.flags[1] as number) & FLAG.Seen, 0);
      assert.deepEqual(inbox.keywords.namesOf(columns.keywordSet[1] as number), ['$new']);
      assert.deepEqual(await world.waiting(), []);
    }));

  it('has one time, the last that was said, and goes back where it lay', () =>
    inWorld(async (world) => {
      const { domain } = world.kit;
      const [email = 0] = await world.append(1);
      const [inbox, archive] = ['INBOX', 'Archive'].map((name) => mailboxOf(world.account, name));
      await moveMessages(domain, world.account, inbox as never, [1], archive as never);
      const id = await world.snooze(email, 1);
      assert.equal(await world.snooze(email, 5), id);
      world.nowMs += 2 * HOUR;
      assert.equal(await world.wake(), 0);
      await takeBackSnooze(domain, world.account, id);
      assert.deepEqual(await world.emails('Archive'), [email]);
      await assert.rejects(takeBackSnooze(domain, world.account, id), is('nonexistent'));
      await assert.rejects(world.snooze(99, 1), is('nonexistent'));
    }));

  it('stays where somebody has put it meanwhile, also in the moment in which it would come', () =>
    inWorld(async (world) => {
      const [first = 0, second = 0] = await world.append(2);
      await world.snooze(first, 1);
      await world.snooze(second, 1);
      const { domain } = world.kit;
      const [snoozed, archive] = ['Snoozed', 'Archive'].map((name) => mailboxOf(world.account, name));
      world.nowMs += HOUR;
      await Promise.all([
        moveMessages(domain, world.account, snoozed as never, [1], archive as never),
        world.wake(),
      ]);
      assert.deepEqual(await world.emails('INBOX'), [second]);
      assert.deepEqual(await world.emails('Archive'), [first]);
      assert.deepEqual(await world.waiting(), []);
      assert.equal(await world.wake(), 0, 'its time is forgotten');
    }));

  it('comes in parts when there is much of it', () =>
    inWorld(async (world) => {
      const emails = await world.append(250);
      for (const email of emails) await world.snooze(email, 1);
      world.nowMs += HOUR;
      let turns = 0;
      const { turns: real } = world.kit.domain;
      const run: typeof real.run = (operation) => {
        turns++;
        return real.run(operation);
      };
      Object.assign(world.kit.domain, { turns: { outbox: real.outbox, run } });
      assert.equal(await world.wake(), 250);
      assert.equal(turns, 3);
      assert.equal((await world.emails('INBOX')).length, 250);
    }));

  it('comes back by itself, with another process too', () =>
    inWorld(async (world) => {
      const [first = 0, second = 0] = await world.append(2);
      await world.snooze(first, 1);
      await world.kit.close();
      world.nowMs += 2 * HOUR;
      await world.open();
      const waking = startWaking(world.kit.domain);
      await waking.ready;
      const comes = async (email: number): Promise<void> => {
        while (!(await world.emails('INBOX')).includes(email))
          await new Promise((done) => setTimeout(done, 5));
      };
      await comes(first);
      // The next is heard of without another look.
      await world.snooze(second, 0);
      await comes(second);
      await waking.stop();
    }));
});
