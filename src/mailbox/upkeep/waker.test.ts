/** Mail that is put off and comes back: by a clock of its own, beside others who move it, and after the process has ended. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openTestDomain, type TestDomain } from '../../../test/kit/domain.ts';
import { silentLog } from '../../base/log.ts';
import { FLAG } from '../../mail/flags.ts';
import { MailboxError } from '../model/errors.ts';
import type { AccountId } from '../model/model.ts';
import { appendMessages } from '../operations/append.ts';
import { changeEmails } from '../operations/change-emails.ts';
import { moveMessages } from '../operations/copy.ts';
import { expungeMessages } from '../operations/expunge.ts';
import { createMailbox, deleteMailbox } from '../operations/folders.ts';
import { receive } from '../operations/incoming.ts';
import { mailboxOf } from '../operations/mailboxes.ts';
import { recoverMail } from '../operations/recover.ts';
import { loadForSnoozes, snoozeEmail, takeBackSnooze, waitingSnoozes } from '../operations/snooze.ts';
import type { AccountState } from '../state/account.ts';
import { Alarms } from '../state/alarms.ts';
import { loadList } from '../state/load.ts';
import { forgetPlaces } from '../state/load-places.ts';
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
    this.kit = await openTestDomain({
      clock: { nowMs: () => this.nowMs },
      data: this.#data,
      keeping: { recoverMs: 14 * 24 * HOUR, recoverBytes: () => Number.POSITIVE_INFINITY },
    });
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

/** The same, but for these. */
function instead<T extends object>(real: T, others: Partial<T>): T {
  return new Proxy(real, {
    get: (target, name) => {
      if (name in others) return Reflect.get(others, name);
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
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

  it('comes back also when it is forgotten where mail lies, in the middle of it', () =>
    inWorld(async (world) => {
      const [email = 0] = await world.append(1);
      await world.snooze(email, 1);
      world.nowMs += HOUR;
      forgetPlaces(world.account);
      const waking = world.wake();
      const forget = (again: () => void): void => {
        forgetPlaces(world.account);
        again();
      };
      // Whoever wakes it looks twice where it lies.
      setImmediate(forget, () => setImmediate(forget, () => {}));
      assert.equal(await waking, 1);
      assert.deepEqual(await world.emails('INBOX'), [email]);
      const id = await world.snooze(email, 1);
      let isFirst = true;
      const { domain } = world.kit;
      const run: typeof domain.turns.run = (operation) => {
        if (isFirst) forgetPlaces(world.account);
        isFirst = false;
        return domain.turns.run(operation);
      };
      await takeBackSnooze({ ...domain, turns: instead(domain.turns, { run }) }, world.account, id);
      assert.deepEqual(await world.emails('INBOX'), [email]);
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

  it('goes back where it lay the last time, also when it is put off anew in that moment', () =>
    inWorld(async (world) => {
      const { domain } = world.kit;
      const [email = 0] = await world.append(1);
      const id = await world.snooze(email, 1);
      const [snoozed, archive] = ['Snoozed', 'Archive'].map((name) => mailboxOf(world.account, name));
      let isFirst = true;
      const run: typeof domain.turns.run = async (operation) => {
        if (isFirst) {
          isFirst = false;
          await moveMessages(domain, world.account, snoozed as never, [1], archive as never);
          assert.equal(await world.snooze(email, 2), id);
        }
        return domain.turns.run(operation);
      };
      await takeBackSnooze({ ...domain, turns: instead(domain.turns, { run }) }, world.account, id);
      assert.deepEqual([await world.emails('Archive'), await world.emails('INBOX')], [[email], []]);
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

  it('comes at once when it is recovered after its time, and waits on when it is recovered before', () =>
    inWorld(async (world) => {
      const { domain } = world.kit;
      const [first = 0, second = 0, third = 0] = await world.append(3);
      for (const [email, hours] of [
        [first, 2],
        [second, 2],
        [third, 50],
      ] as const)
        await world.snooze(email, hours);
      const { alarms } = domain;
      await expungeMessages(domain, world.account, mailboxOf(world.account, 'Snoozed'), { uids: [1, 2, 3] });
      world.nowMs += 3 * HOUR;
      await world.wake();
      alarms.takeDue(world.nowMs);
      assert.equal((await recoverMail(domain, world.account, {})).messages, 3);
      assert.deepEqual(alarms.takeDue(world.nowMs), [world.id]);
      await world.wake();
      assert.deepEqual(await world.emails('INBOX'), [first, second]);
      assert.deepEqual([await world.emails('Snoozed'), await world.waiting()], [[third], [third]]);

      await deleteMailbox(domain, world.account, 'Snoozed');
      world.nowMs += 50 * HOUR;
      await world.wake();
      assert.equal((await recoverMail(domain, world.account, {})).messages, 1);
      await world.wake();
      assert.deepEqual(await world.emails('INBOX'), [first, second, third]);
      assert.deepEqual([await world.emails('Snoozed'), await world.waiting()], [[], []]);
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
      Object.assign(world.kit.domain, {
        turns: { outbox: real.outbox, onRoom: real.onRoom, onRoomMade: real.onRoomMade, run },
      });
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

  it('comes although INBOX has no room for its keywords', () =>
    inWorld(async (world) => {
      const { domain } = world.kit;
      const limits = { ...domain.limits, keywordsPerMailbox: 2 };
      Object.assign(domain, { limits });
      const [email = 0, other = 0] = await world.append(2);
      const mark = (of: number, keywords: string[]) => {
        const marks = { adds: { flags: 0, keywords }, removes: { flags: 0, keywords: [] } };
        return changeEmails(domain, world.account, {
          creates: [],
          updates: [{ email: of, marks }],
          destroys: [],
        });
      };
      await world.snooze(email, 1);
      await mark(email, ['work', 'one']);
      await mark(other, ['one', 'two']);
      world.nowMs += HOUR;
      assert.equal(await world.wake(), 1);
      assert.deepEqual(await world.emails('INBOX'), [other, email]);
      const inbox = mailboxOf(world.account, 'INBOX');
      const { columns } = await loadList(domain, world.account, inbox);
      assert.deepEqual(inbox.keywords.namesOf(columns.keywordSet[1] as number), ['one']);
      assert.deepEqual(await world.waiting(), []);
    }));

  it('comes also when another account, or the list of them, could not be read at the start', () =>
    inWorld(async (world) => {
      const { domain } = world.kit;
      const other = await world.kit.addAccount('aaron@example.com', 'secret');
      const [email = 0] = await world.append(1);
      await world.snooze(email, 1);
      world.nowMs += HOUR;
      const asked: unknown[] = [];
      const directory = instead(domain.store.directory, {
        list: async () => {
          if (asked.push('list') === 1) throw new Error('made up');
          return domain.store.directory.list();
        },
      });
      const store = instead(domain.store, {
        directory,
        loadBelongings: async (id, after, limit) => {
          asked.push(id);
          if (id === other.id) throw new Error('made up');
          return domain.store.loadBelongings(id, after, limit);
        },
      });
      const alarms = new Alarms();
      const waking = startWaking({ ...domain, store, log: silentLog, alarms }, 1);
      while (!(await world.emails('INBOX')).includes(email)) await new Promise((done) => setTimeout(done, 5));
      await waking.stop();
      assert.deepEqual(asked.slice(0, 4), ['list', 'list', other.id, world.id]);
      assert.ok((alarms.earliestMs ?? 0) > world.nowMs, 'the other is looked at again');
    }));

  it('is tried again when a mailbox goes in the moment in which it would come', () =>
    inWorld(async (world) => {
      const { domain } = world.kit;
      const [email = 0] = await world.append(1);
      await world.snooze(email, 1);
      world.nowMs += HOUR;
      let isFirst = true;
      const accounts = instead(domain.accounts, {
        open: async (id) => {
          if (!isFirst) return domain.accounts.open(id);
          isFirst = false;
          throw new MailboxError('nonexistent', 'made up');
        },
      });
      const waking = startWaking({ ...domain, accounts, log: silentLog, alarms: new Alarms() }, 1);
      while (!(await world.emails('INBOX')).includes(email)) {
        world.nowMs++;
        await new Promise((done) => setTimeout(done, 5));
      }
      await waking.stop();
    }));
});
