/**
 * Copies of all or none, whoever removes messages meanwhile, and what an account that is full may copy.
 */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { openTestDomain, type TestDomain } from '../../../test/kit/domain.ts';
import { MailboxError } from '../model/errors.ts';
import type { AccountState } from '../state/account.ts';
import { loadList } from '../state/load.ts';
import type { MailboxState } from '../state/mailbox.ts';
import { appendMessages } from './append.ts';
import { copyMessages, MessagesGone, moveMessages } from './copy.ts';
import { expungeMessages } from './expunge.ts';
import { createMailbox, deleteMailbox } from './folders.ts';
import { receive } from './incoming.ts';
import { mailboxOf, openMailbox } from './mailboxes.ts';
import { checkQuota, setQuota } from './quota.ts';

const BYTES = Buffer.from('Subject: one\r\n\r\nhello\r\n');

describe('copies', () => {
  let kit: TestDomain;
  let account: AccountState;
  let inbox: MailboxState;
  let archive: MailboxState;

  beforeEach(async () => {
    kit = await openTestDomain();
  });
  afterEach(() => kit.close());

  async function open(messages: number, quota: { readonly bytes?: number; readonly messages?: number } = {}) {
    const record = await kit.addAccount('alice@example.com', 'secret', quota);
    account = await kit.domain.accounts.open(record.id);
    inbox = mailboxOf(account, 'INBOX');
    archive = mailboxOf(account, 'Archive');
    await add(messages);
  }

  async function add(count: number): Promise<readonly number[]> {
    const received = await receive(kit.store, [account.id], BYTES.length, BYTES);
    const one = { ...received, flags: 0, keywords: [], internalDate: undefined };
    return (await appendMessages(kit.domain, account, inbox, new Array(count).fill(one))).uids;
  }

  const uids = (from: number, to: number): number[] =>
    Array.from({ length: to - from + 1 }, (_, i) => from + i);

  it('of all: nothing, when one was removed in the turn of the copy', async () => {
    await open(3);
    await copyMessages(kit.domain, account, inbox, [1], archive);
    const removed = expungeMessages(kit.domain, account, inbox, { uids: [2] });
    const copied = copyMessages(kit.domain, account, inbox, [1, 2, 3], archive, { isOfAll: true });
    await assert.rejects(copied, MessagesGone);
    assert.deepEqual(await removed, [2]);
    assert.equal(archive.exists, 1);
  });

  it('of all: nothing, when one was removed between two slices', async () => {
    await open(1500);
    const copied = copyMessages(kit.domain, account, inbox, uids(1, 1500), archive, { isOfAll: true });
    while (archive.exists < 1000) await nextTurn();
    const removed = expungeMessages(kit.domain, account, inbox, { uids: [1400] });
    await assert.rejects(copied, MessagesGone);
    await removed;
    assert.equal(archive.exists, 0);
  });

  for (const isOpen of [true, false]) {
    it(`from a mailbox that is deleted meanwhile and that ${isOpen ? 'somebody' : 'nobody'} has open`, async () => {
      await open(1);
      const { domain } = kit;
      const doomed = await createMailbox(domain, account, 'Doomed');
      await copyMessages(domain, account, inbox, [1], doomed);
      await loadList(domain, account, doomed);
      const events = { onHint: () => {}, onInvalid: () => {} };
      const viewer = isOpen ? await openMailbox(domain, account, 'Doomed', true, events) : undefined;
      const deleted = deleteMailbox(domain, account, 'Doomed');
      const copied = copyMessages(domain, account, doomed, [1], archive);
      if (isOpen) assert.deepEqual((await copied).from, [1]);
      else await assert.rejects(copied, { code: 'nonexistent' });
      await deleted;
      viewer?.close();
    });
  }

  it('of those that are there', async () => {
    await open(3);
    const removed = expungeMessages(kit.domain, account, inbox, { uids: [2] });
    const copied = await copyMessages(kit.domain, account, inbox, [1, 2, 3], archive);
    await removed;
    assert.deepEqual(copied.from, [1, 3]);
    assert.deepEqual(copied.to, [1, 2]);
  });

  it('a move to where the messages are gives them new UIDs', async () => {
    await open(1500);
    const moved = await moveMessages(kit.domain, account, inbox, uids(1, 1200), inbox);
    assert.equal(moved.failure, undefined);
    assert.deepEqual(moved.from, uids(1, 1200));
    assert.deepEqual(moved.to, uids(1501, 2700));
    assert.deepEqual([...(inbox.list?.columns.uid.subarray(0, inbox.exists) ?? [])], uids(1201, 2700));
    assert.equal(account.usedMessages, 1500);
  });

  describe('by an account that is full', () => {
    const size = BYTES.length;
    const isFull = (error: unknown): boolean => error instanceof MailboxError && error.code === 'over-quota';

    it('is told for what there is no room, in numbers that people know', async () => {
      await open(3, { bytes: 2_500_000 });
      const words = /^no room for 2\.9 MiB: 69 B of 2\.4 MiB are used; delete mail/;
      assert.throws(
        () => checkQuota(account, 3_000_000, 1),
        ({ message }: Error) => words.test(message),
      );
      await setQuota(kit.domain, account.record, { quotaBytes: undefined, quotaMessages: 3 });
      assert.throws(
        () => checkQuota(account, 1, 1),
        ({ message }: Error) => /^no room for another message: there are 3 of 3; /.test(message),
      );
    });

    for (const quota of [{ bytes: 10 * size }, { messages: 10 }]) {
      it(`go to the Trash once (${Object.keys(quota)})`, async () => {
        await open(10, quota);
        const trash = mailboxOf(account, 'Trash');
        const copy = (some: readonly number[], to: MailboxState) =>
          copyMessages(kit.domain, account, inbox, some, to);
        await assert.rejects(copy([1], archive), isFull);
        await copy(uids(1, 4), trash);
        await copy(uids(5, 10), trash);
        assert.equal(account.usedMessages, 20);
        await assert.rejects(copy([1], trash), isFull);
        await assert.rejects(copyMessages(kit.domain, account, trash, [1], trash), isFull);
        await assert.rejects(copyMessages(kit.domain, account, trash, [1], archive), isFull);
        await expungeMessages(kit.domain, account, inbox, { uids: uids(1, 10) });
        await expungeMessages(kit.domain, account, trash, { uids: uids(1, 3) });
        assert.equal((await add(3)).length, 3);
        await assert.rejects(add(1), isFull);
        // The Trash holds most of the mail, and the rest still goes there.
        await copy(uids(11, 13), trash);
        assert.equal(trash.exists, 10);
      });
    }

    it('go there, and out of it, and there again, to twice the quota and no further', async () => {
      await open(10, { bytes: 10 * size });
      const trash = mailboxOf(account, 'Trash');
      await copyMessages(kit.domain, account, inbox, uids(1, 10), trash);
      await moveMessages(kit.domain, account, trash, uids(1, 10), archive);
      await assert.rejects(copyMessages(kit.domain, account, inbox, [1], trash), isFull);
      await assert.rejects(copyMessages(kit.domain, account, archive, [1], trash), isFull);
      assert.equal(account.usedMessages, 20);
    });

    it('are moved there when the quota was lowered far below what there is', async () => {
      await open(10);
      await setQuota(kit.domain, account.record, { quotaBytes: 2 * size });
      const trash = mailboxOf(account, 'Trash');
      await assert.rejects(copyMessages(kit.domain, account, inbox, [1], trash), isFull);
      await moveMessages(kit.domain, account, inbox, uids(1, 10), trash);
      assert.equal(trash.exists, 10);
      await assert.rejects(add(1), isFull);
    });
  });
});
