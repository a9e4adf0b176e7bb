/**
 * Operations in slices whose second slice the store refuses: the first is done and stays done, and the error says so.
 */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { openTestDomain, type TestDomain } from '../../../test/kit/domain.ts';
import { FLAG } from '../../mail/flags.ts';
import { MailboxError } from '../model/errors.ts';
import { type AccountBatch, type MailStore, StoreError } from '../port/store.ts';
import type { AccountState } from '../state/account.ts';
import type { MailboxState } from '../state/mailbox.ts';
import { appendMessages } from './append.ts';
import { copyMessages, moveMessages } from './copy.ts';
import { expungeMessages } from './expunge.ts';
import { changeFlags } from './flags.ts';
import { renameMailbox } from './folders.ts';
import { receive } from './incoming.ts';
import { mailboxOf } from './mailboxes.ts';

const BYTES = Buffer.from('Subject: one\r\n\r\nhello\r\n');
const COUNT = 3000;
const UIDS = Array.from({ length: COUNT }, (_, i) => i + 1);

describe('half of it', () => {
  let kit: TestDomain;
  let account: AccountState;
  let inbox: MailboxState;
  /** Writes that succeed before some are refused. */
  let good: number;
  let refused: number;
  /** Of a list. */
  let beforeRead: (() => Promise<void>) | undefined;

  beforeEach(async () => {
    good = Number.POSITIVE_INFINITY;
    refused = 1;
    beforeRead = undefined;
    kit = await openTestDomain({ wrapStore });
    account = await kit.domain.accounts.open((await kit.addAccount('alice@example.com', 'secret')).id);
    inbox = mailboxOf(account, 'INBOX');
    const received = await receive(kit.domain.store, [account.id], BYTES.length, BYTES);
    const one = { ...received, flags: FLAG.Deleted, keywords: [], internalDate: undefined };
    await appendMessages(kit.domain, account, inbox, new Array(COUNT).fill(one));
  });
  afterEach(() => kit.close());

  function wrapStore(store: MailStore): MailStore {
    return new Proxy(store, {
      get(target, name) {
        const value = Reflect.get(target, name);
        if (name === 'loadChunks' && beforeRead !== undefined) return beforeRead;
        if (name !== 'write') return typeof value === 'function' ? value.bind(target) : value;
        return (batches: readonly AccountBatch[]) => {
          if (good-- > 0 || refused-- <= 0) return target.write(batches);
          const committed = Promise.resolve(batches.map(() => new StoreError('full', 'no room')));
          return { committed, durable: Promise.resolve() };
        };
      },
    });
  }

  const saysSo = (error: unknown): boolean =>
    error instanceof MailboxError && /^a part of the messages is done/.test(error.message);
  const saysNothing = (error: unknown): boolean =>
    error instanceof MailboxError && /nothing was changed/.test(error.message);

  const flag = () =>
    changeFlags(kit.domain, account, inbox, UIDS, { mode: 'add', flags: FLAG.Seen, keywords: [] });

  it('flags', async () => {
    good = 1;
    await assert.rejects(flag(), saysSo);
    assert.ok(inbox.unseen > 0 && inbox.unseen < COUNT);
  });

  it('flags, when it was the first slice', async () => {
    good = 0;
    await assert.rejects(flag(), saysNothing);
    assert.equal(inbox.unseen, COUNT);
  });

  it('expunges', async () => {
    good = 1;
    await assert.rejects(expungeMessages(kit.domain, account, inbox, {}), saysSo);
    assert.ok(inbox.exists > 0 && inbox.exists < COUNT);
  });

  it('moves', async () => {
    good = 1;
    const moved = await moveMessages(kit.domain, account, inbox, UIDS, mailboxOf(account, 'Archive'));
    assert.ok(saysSo(moved.failure));
    assert.equal(moved.from.length + inbox.exists, COUNT);
  });

  it('copies are taken back, and the refusal is right as it is', async () => {
    good = 1;
    const archive = mailboxOf(account, 'Archive');
    await assert.rejects(copyMessages(kit.domain, account, inbox, UIDS, archive), saysNothing);
    assert.equal(archive.exists, 0);
  });

  it('a rename of INBOX that moves nothing makes no mailbox', async () => {
    good = 1;
    await assert.rejects(renameMailbox(kit.domain, account, 'INBOX', 'Old'), saysNothing);
    assert.equal(inbox.exists, COUNT);
    assert.equal(account.byName.get('Old'), undefined);
    await renameMailbox(kit.domain, account, 'INBOX', 'Old');
    assert.deepEqual([inbox.exists, mailboxOf(account, 'Old').exists], [0, COUNT]);
  });

  it('nor does it take away what has come into the new one', async () => {
    const received = await receive(kit.domain.store, [account.id], BYTES.length, BYTES);
    const one = { ...received, flags: 0, keywords: [], internalDate: undefined };
    beforeRead = async () => {
      await appendMessages(kit.domain, account, mailboxOf(account, 'Old'), [one]);
      throw new StoreError('io', 'cannot be read');
    };
    await assert.rejects(renameMailbox(kit.domain, account, 'INBOX', 'Old'), { code: 'unavailable' });
    assert.equal(mailboxOf(account, 'Old').exists, 1);
  });

  it('copies that cannot be taken back are said to be there', async () => {
    good = 1;
    refused = 2;
    const archive = mailboxOf(account, 'Archive');
    const saysWhere = (error: unknown): boolean =>
      error instanceof MailboxError && /was copied and could not be taken back/.test(error.message);
    await assert.rejects(copyMessages(kit.domain, account, inbox, UIDS, archive), saysWhere);
    assert.ok(archive.exists > 0 && archive.exists < COUNT);
  });
});
