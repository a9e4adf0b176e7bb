/** Who is told that his account gets full, when, and how often; and what becomes of mail that finds no room. */
import assert from 'node:assert/strict';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openTestDomain, type TestDomain } from '../../../test/kit/domain.ts';
import { replyToSender } from '../../smtp/replies.ts';
import { plainKeepingClock } from '../keeping.ts';
import type { AccountId } from '../model/model.ts';
import { deliver } from '../operations/deliver.ts';
import { expungeMessages } from '../operations/expunge.ts';
import { receive } from '../operations/incoming.ts';
import { mailboxOf } from '../operations/mailboxes.ts';
import { setQuota } from '../operations/quota.ts';
import { startRoomNotices, tellRoom, type WriteNotice } from './room-notices.ts';

const MB = 1024 * 1024;
const DAY_MS = 86_400_000;
const write: WriteNotice = (_, { level, keptUntilMs = 0 }) =>
  Buffer.from(`Subject: level ${level} until ${keptUntilMs / DAY_MS}\r\n\r\n${'x'.repeat(2000)}\r\n`);

class Person {
  readonly kit: TestDomain;
  readonly id: AccountId;
  readonly time: { nowMs: number };

  private constructor(kit: TestDomain, id: AccountId, time: { nowMs: number }) {
    this.kit = kit;
    this.id = id;
    this.time = time;
  }

  static async with(bytes: number, options: Parameters<typeof openTestDomain>[0] = {}): Promise<Person> {
    const time = { nowMs: DAY_MS };
    const clock = plainKeepingClock({ nowMs: () => time.nowMs });
    const kit = await openTestDomain({ ...options, keeping: { clock } });
    const known = await kit.domain.accounts.find('ann@example.com');
    const { id } = known ?? (await kit.addAccount('ann@example.com', 'a', { bytes }));
    return new Person(kit, id, time);
  }

  /** As its sender is told. */
  async send(bytes: number): Promise<string> {
    const { domain, store } = this.kit;
    const received = await receive(store, [this.id], 1e9, Buffer.alloc(bytes, 'x'));
    const [outcome] = await deliver(
      domain,
      [{ account: this.id, address: 'ann@example.com' }],
      received,
      'b@example.org',
    );
    if (outcome?.kind !== 'refused') return String(outcome?.kind);
    const { code, text } = replyToSender(outcome.error, 'grace');
    return `${code} ${text}`;
  }

  tell(): Promise<number> {
    return tellRoom(this.kit.domain, this.id, write);
  }

  async notices(): Promise<string[]> {
    const all = await this.kit.messagesOf('ann@example.com');
    return all.flatMap((one) => /^Subject: level (.*)$/m.exec(String(one))?.[1]?.trim() ?? []);
  }

  async remove(uids: readonly number[]): Promise<void> {
    const account = await this.kit.domain.accounts.open(this.id);
    await expungeMessages(this.kit.domain, account, mailboxOf(account, 'INBOX'), { uids });
  }
}

describe('an account that gets full', () => {
  test('is told of each level once, also when it is full to the last octet, and again when it was emptied', async () => {
    const ann = await Person.with(2 * MB);
    await ann.send(1.7 * MB);
    assert.deepEqual(
      await Promise.all([ann.tell(), ann.tell(), ann.tell()]).then((n) => n.sort()),
      [0, 0, 1],
    );
    assert.equal(await ann.tell(), 0);
    const account = await ann.kit.domain.accounts.open(ann.id);
    await ann.send(2 * MB - account.usedBytes - 200);
    assert.equal(await ann.tell(), 1);
    assert.ok(account.usedBytes > 2 * MB, 'no quota refuses a notice');
    assert.deepEqual(await ann.notices(), ['80 until 0', '95 until 0']);
    await ann.remove([1]);
    assert.equal(await ann.tell(), 0);
    await ann.send(1.5 * MB);
    assert.equal(await ann.tell(), 1);
    assert.deepEqual(await ann.notices(), ['80 until 0', '95 until 0', '90 until 0']);
    await ann.kit.close();
  });

  test('mail waits for three days, then it goes back; with room all is forgotten', async () => {
    const ann = await Person.with(2 * MB);
    await ann.send(1.9 * MB);
    const waits = /^452 4\.2\.2 the mailbox is full; .* for 3 days$/;
    assert.match(await ann.send(MB), waits);
    await ann.tell();
    assert.deepEqual(await ann.notices(), ['100 until 4']);
    ann.time.nowMs += 3 * DAY_MS - 1;
    assert.match(await ann.send(MB), waits);
    assert.equal(await ann.send(1000), 'delivered', 'what fits comes');
    ann.time.nowMs += 1;
    assert.match(await ann.send(MB), /^552 5\.2\.2 the mailbox has been full for 3 days$/);
    assert.match(await ann.send(3 * MB), /^552 5\.2\.3 the message is larger than all the room/);
    await ann.remove([1]);
    assert.equal(await ann.send(MB), 'delivered');
    assert.equal(await ann.send(0.7 * MB), 'delivered');
    assert.match(await ann.send(MB), waits, 'from the beginning');
    const account = await ann.kit.domain.accounts.open(ann.id);
    await setQuota(ann.kit.domain, account.record, { quotaBytes: 4 * MB });
    await ann.tell();
    assert.equal(account.refusedSinceMs, 0, 'a higher limit makes room as well');
    await ann.kit.close();
  });

  test('a large message to one that is far from full waits; nothing is told or counted, and the levels are told', async () => {
    const ann = await Person.with(2 * MB);
    await ann.send(0.3 * MB);
    const large = '452 4.2.2 there is no room for a message of this size now';
    assert.equal(await ann.send(1.9 * MB), large);
    assert.equal(await ann.tell(), 0);
    ann.time.nowMs += 4 * DAY_MS;
    assert.equal(await ann.send(1.9 * MB), large);
    await ann.send(1.35 * MB);
    await ann.tell();
    assert.match(
      await ann.send(MB),
      /^452 4\.2\.2 the mailbox is full; .* for 3 days$/,
      'the grace begins now',
    );
    await ann.tell();
    assert.deepEqual(await ann.notices(), ['80 until 0', '100 until 8']);
    await ann.kit.close();
  });

  test('a lower limit is told at once, by whoever watches; what is owed is told after a restart, once', async () => {
    const ann = await Person.with(100 * MB);
    await ann.send(MB);
    const watch = startRoomNotices(ann.kit.domain, write);
    const account = await ann.kit.domain.accounts.open(ann.id);
    await setQuota(ann.kit.domain, account.record, { quotaBytes: 1.1 * MB });
    for (let n = 0; n < 500 && (await ann.notices()).length === 0; n++) await sleep(10);
    await watch.stop();
    await setQuota(ann.kit.domain, account.record, { quotaBytes: 1.05 * MB });
    assert.deepEqual(await ann.notices(), ['90 until 0']);
    const data = await leftBehind(ann);
    const again = await Person.with(0, { data });
    const watches = [startRoomNotices(again.kit.domain, write), startRoomNotices(again.kit.domain, write)];
    await again.kit.domain.accounts.open(again.id);
    for (let n = 0; n < 500 && (await again.notices()).length < 2; n++) await sleep(10);
    for (const one of watches) await one.stop();
    assert.deepEqual(await again.notices(), ['90 until 0', '95 until 0']);
    await again.kit.close();
    await rm(data, { recursive: true, force: true });
  });
});

/** The folder as a server that was killed leaves it. */
async function leftBehind({ kit, id }: Person): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'brevduva-room-'));
  await kit.domain.accounts.open(id).then(({ unsettled }) => unsettled);
  await cp(kit.data, folder, { recursive: true });
  await kit.close();
  return folder;
}
