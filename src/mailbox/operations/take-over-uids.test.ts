import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openTestDomain, type TestDomain } from '../../../test/kit/domain.ts';
import type { UidPlace } from '../change/uids.ts';
import type { AccountState } from '../state/account.ts';
import { loadList } from '../state/load.ts';
import type { MailboxState } from '../state/mailbox.ts';
import { appendMessages } from './append.ts';
import { expungeMessages } from './expunge.ts';
import { createMailbox, deleteMailbox } from './folders.ts';
import { receive } from './incoming.ts';
import { mailboxOf, openMailbox } from './mailboxes.ts';
import { takeOverUids } from './take-over-uids.ts';

const V = 1_275_660_208;
let kit: TestDomain;
let account: AccountState;

before(async () => {
  kit = await openTestDomain();
  const { id } = await kit.addAccount('alice@example.com', 'secret');
  account = await kit.domain.accounts.open(id);
});
after(() => kit.close());

let count = 0;
const fresh = (): Promise<MailboxState> => createMailbox(kit.domain, account, `m${count++}`);

async function append(
  mailbox: MailboxState,
  places: readonly (UidPlace | undefined)[],
): Promise<readonly number[]> {
  const messages = places.map(async (place) => ({
    ...(await receive(kit.store, [account.id], 1000, Buffer.from('Subject: x\r\n\r\nx\r\n'))),
    flags: 0,
    keywords: [],
    internalDate: undefined,
    ...(place === undefined ? {} : { place }),
  }));
  return (await appendMessages(kit.domain, account, mailbox, await Promise.all(messages))).uids;
}

const at = (uid: number, uidNext = 100): UidPlace => ({ uid, uidNext });
const take = (mailbox: MailboxState, uidNext = 100, uidValidity = V) =>
  takeOverUids(kit.domain, account, mailbox, { uidValidity, uidNext });

describe('taking UIDs over', () => {
  test('UIDVALIDITY, UIDNEXT and UIDs are those of the server before; new mail comes behind', async () => {
    const mailbox = await fresh();
    const modseq = mailbox.modseq;
    assert.deepEqual(await take(mailbox), { uidNext: 100 });
    assert.deepEqual([mailbox.uidValidity, mailbox.uidNext], [V, 100]);
    assert.ok(
      mailbox.modseq > modseq && mailbox.modseq >= 0x4000_0000,
      'above any modseq of the server before',
    );
    assert.equal(mailbox.expungedFloor, mailbox.modseq, 'what was expunged there is not known here');
    assert.deepEqual(await append(mailbox, [at(7), at(8), at(50)]), [7, 8, 50]);
    assert.deepEqual(await append(mailbox, [at(99)]), [99]);
    assert.deepEqual(await append(mailbox, [undefined, undefined]), [100, 101]);
    const list = await loadList(kit.domain, account, mailbox);
    assert.deepEqual([...list.columns.uid.subarray(0, list.count)], [7, 8, 50, 99, 100, 101]);
  });

  test('mail that comes in between has a UID that nobody can know, and the rest gets new ones', async () => {
    const mailbox = await fresh();
    await take(mailbox);
    assert.deepEqual(await append(mailbox, [at(7), at(8)]), [7, 8]);
    assert.deepEqual(await append(mailbox, [undefined]), [100]);
    assert.deepEqual(await append(mailbox, [at(9), at(10)]), [101, 102]);
  });

  test('UIDs that do not ascend, or are beyond UIDNEXT, are not taken', async () => {
    const mailbox = await fresh();
    await take(mailbox);
    assert.deepEqual(await append(mailbox, [at(7), at(7)]), [7, 100]);
    const other = await fresh();
    await take(other);
    assert.deepEqual(await append(other, [at(100)]), [100]);
    const third = await fresh();
    await take(third);
    assert.deepEqual(await append(third, [at(5), at(0)]), [5, 100]);
  });

  test('nor is the UID of a message that was taken out since, or one below it', async () => {
    const mailbox = await fresh();
    await take(mailbox);
    await append(mailbox, [at(7), at(50)]);
    await expungeMessages(kit.domain, account, mailbox, { uids: [50] });
    assert.deepEqual(await append(mailbox, [at(51)]), [51]);
    await expungeMessages(kit.domain, account, mailbox, { uids: [51] });
    assert.deepEqual(await append(mailbox, [at(51)]), [100]);
    const other = await fresh();
    await take(other);
    await append(other, [at(7), at(50)]);
    await expungeMessages(kit.domain, account, other, { uids: [50] });
    assert.deepEqual(await append(other, [at(8)]), [100]);
  });

  test('an import that goes on is told the same; one whose source has grown gets its new UIDNEXT', async () => {
    const mailbox = await fresh();
    await take(mailbox);
    await append(mailbox, [at(7)]);
    assert.deepEqual(await take(mailbox), { uidNext: 100 });
    assert.deepEqual(await take(mailbox, 90), { uidNext: 100 });
    assert.deepEqual(await take(mailbox, 120), { uidNext: 120 });
    assert.deepEqual(await append(mailbox, [at(110, 120)]), [110]);
    await append(mailbox, [undefined]);
    assert.deepEqual(await take(mailbox, 130), { why: 'the mailbox is not new' });
  });

  test('a mailbox that holds or held something keeps its own', async () => {
    const mailbox = await fresh();
    await append(mailbox, [undefined]);
    const { uidValidity } = mailbox;
    assert.deepEqual(await take(mailbox), { why: 'the mailbox is not new' });
    assert.equal(mailbox.uidValidity, uidValidity);
  });

  test('so does one that a client has open', async () => {
    const mailbox = await fresh();
    const events = { onHint: () => undefined, onInvalid: () => undefined };
    const viewer = await openMailbox(kit.domain, account, mailbox.name, false, events);
    assert.deepEqual(await take(mailbox), { why: 'a client has the mailbox open' });
    viewer.close();
    assert.deepEqual(await take(mailbox), { uidNext: 100 });
  });

  test('two at the same moment: one of them', async () => {
    const mailbox = await fresh();
    const both = await Promise.all([take(mailbox, 100), take(mailbox, 200, V + 1)]);
    assert.deepEqual(both, [{ uidNext: 100 }, { why: 'the mailbox is not new' }]);
    assert.equal(mailbox.uidValidity, V);
  });

  test('numbers that clients cannot hold are not taken', async () => {
    const mailbox = await fresh();
    for (const [uidNext, uidValidity] of [
      [100, 0],
      [100, 0x8000_0000],
      [0, V],
      [0x7fff_fff0, V],
      [0x8000_0000, V],
    ] as const) {
      assert.ok('why' in (await take(mailbox, uidNext, uidValidity)));
    }
  });

  test('a mailbox of the same name made later has a higher UIDVALIDITY', async () => {
    const mailbox = await fresh();
    const later = 0x7fff_0000;
    await take(mailbox, 100, later);
    const { name } = mailbox;
    await deleteMailbox(kit.domain, account, name);
    assert.ok((await createMailbox(kit.domain, account, name)).uidValidity > later);
    assert.equal(mailboxOf(account, name).uidNext, 1);
  });
});

test('a server that was started anew goes on where the old one was', async (t) => {
  const data = mkdtempSync(join(tmpdir(), 'brevduva-uids-'));
  t.after(() => rmSync(data, { recursive: true, force: true }));
  const open = async () => {
    const one = await openTestDomain({ data });
    const record = await one.store.directory.find('alice@example.com');
    const { id } = record ?? (await one.addAccount('alice@example.com', 'secret'));
    const state = await one.domain.accounts.open(id);
    const inbox = mailboxOf(state, 'INBOX');
    const taken = await takeOverUids(one.domain, state, inbox, { uidValidity: V, uidNext: 100 });
    return { one, state, inbox, taken };
  };
  const add = async (
    { one, state, inbox }: Awaited<ReturnType<typeof open>>,
    place: UidPlace | undefined,
  ) => {
    const received = await receive(one.store, [state.id], 1000, Buffer.from('Subject: x\r\n\r\nx\r\n'));
    const marks = {
      flags: 0,
      keywords: [],
      internalDate: undefined,
      ...(place === undefined ? {} : { place }),
    };
    return (await appendMessages(one.domain, state, inbox, [{ ...received, ...marks }])).uids[0];
  };
  const first = await open();
  assert.deepEqual([await add(first, at(7)), await add(first, at(9))], [7, 9]);
  await first.one.close();
  const second = await open();
  assert.deepEqual(second.taken, { uidNext: 100 });
  assert.equal(second.inbox.uidValidity, V);
  assert.deepEqual([await add(second, at(9)), await add(second, undefined)], [100, 101]);
  await second.one.close();
  const third = await open();
  assert.deepEqual(third.taken, { why: 'the mailbox is not new' });
  await third.one.close();
});

test('a UID that was taken out before the account was in memory is not given again', async (t) => {
  let nowMs = Date.now();
  const one = await openTestDomain({ clock: { nowMs: () => nowMs } });
  t.after(() => one.close());
  const { id } = await one.addAccount('alice@example.com', 'secret');
  const bytes = Buffer.from('Subject: x\r\n\r\nx\r\n');
  const again = async () => {
    const state = await one.domain.accounts.open(id);
    const inbox = mailboxOf(state, 'INBOX');
    await takeOverUids(one.domain, state, inbox, { uidValidity: V, uidNext: 100 });
    const marks = { flags: 0, keywords: [], internalDate: undefined, place: at(50) };
    const message = { ...(await receive(one.store, [id], 1000, bytes)), ...marks };
    const { uids } = await appendMessages(one.domain, state, inbox, [message]);
    await expungeMessages(one.domain, state, inbox, { uids });
    return uids;
  };
  assert.deepEqual(await again(), [50]);
  nowMs += 3600_000;
  one.domain.accounts.sweep();
  assert.equal(one.domain.accounts.peek(id), undefined);
  assert.deepEqual(await again(), [100]);
});

test('what the store refuses leaves no trace', async () => {
  let isBroken = false;
  const failing = await openTestDomain({
    wrapStore: (store) =>
      new Proxy(store, {
        get(target, property) {
          const value: unknown = Reflect.get(target, property, target);
          if (property !== 'write' || !isBroken)
            return typeof value === 'function' ? value.bind(target) : value;
          return () => {
            throw new Error('no room');
          };
        },
      }),
  });
  const { id } = await failing.addAccount('alice@example.com', 'secret');
  const state = await failing.domain.accounts.open(id);
  const inbox = mailboxOf(state, 'INBOX');
  const before = inbox.toRow();
  isBroken = true;
  await assert.rejects(takeOverUids(failing.domain, state, inbox, { uidValidity: V, uidNext: 9 }));
  isBroken = false;
  assert.deepEqual(mailboxOf(state, 'INBOX').toRow(), before);
  await failing.close();
});
