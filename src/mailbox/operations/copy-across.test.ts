import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openTestDomain, type TestDomain } from '../../../test/kit/domain.ts';
import { MailboxError } from '../model/errors.ts';
import type { AccountRecord } from '../model/model.ts';
import { appendMessages } from './append.ts';
import { type AcrossEnd, copyAcross, moveAcross } from './copy-across.ts';
import { receive } from './incoming.ts';
import { mailboxOf } from './mailboxes.ts';
import { guarded } from './shares.ts';

const MESSAGES = 120;
const options = { flagsOf: () => ({ flags: 0, keywords: [] }), pause: () => undefined };

let kit: TestDomain;
let owner: AccountRecord;
let anna: AccountRecord;
let bo: AccountRecord;

before(async () => {
  kit = await openTestDomain();
  owner = await kit.addAccount('owner@example.com', 'secret');
  anna = await kit.addAccount('anna@example.com', 'secret');
  bo = await kit.addAccount('bo@example.com', 'secret');
});

after(() => kit.close());

async function inboxOf({ id }: AccountRecord): Promise<AcrossEnd> {
  const account = await kit.domain.accounts.open(id);
  const { domain } = kit;
  return { domain, undoing: domain, account, mailbox: mailboxOf(account, 'INBOX') };
}

async function filled(): Promise<{ readonly from: AcrossEnd; readonly uids: readonly number[] }> {
  const from = await inboxOf(owner);
  const messages = await Promise.all(
    Array.from({ length: MESSAGES }, async (_, i) => {
      const received = await receive(
        kit.store,
        [owner.id],
        1000,
        Buffer.from(`Subject: ${i}\r\n\r\n${i}\r\n`),
      );
      return { ...received, flags: 0, keywords: [], internalDate: undefined };
    }),
  );
  const { uids } = await appendMessages(kit.domain, from.account, from.mailbox, messages);
  return { from, uids };
}

test('what two move away at the same time, to two people, is with one of them', async () => {
  const { from, uids } = await filled();
  const [one, other] = [await inboxOf(anna), await inboxOf(bo)];
  const moved = await Promise.all([
    moveAcross(from, uids, one, options),
    moveAcross(from, uids, other, options),
  ]);
  assert.equal(moved[0].from.length + moved[1].from.length, MESSAGES);
  assert.equal(from.mailbox.exists, 0);
  assert.equal(one.mailbox.exists, moved[0].to.length);
  assert.equal(other.mailbox.exists, moved[1].to.length);
});

/** From the n-th change on he may not. */
function refusedFrom(n: number, code: 'forbidden' | 'unavailable') {
  let changes = 0;
  return guarded(kit.domain, () => {
    changes++;
    if (changes >= n) throw new MailboxError(code, 'not now');
  });
}

test('who loses the right to put mail there in the middle of a copy leaves none of it', async () => {
  const { from, uids } = await filled();
  const to = await inboxOf(anna);
  const there = to.mailbox.exists;
  const before = from.mailbox.exists;
  const lost = { ...to, domain: refusedFrom(2, 'forbidden') };
  await assert.rejects(copyAcross(from, uids, lost, options), { code: 'forbidden', message: 'not now' });
  assert.equal(to.mailbox.exists, there);
  assert.equal(from.mailbox.exists, before);
});

test('what cannot be taken away for whatever reason is in its old place alone', async () => {
  const { from, uids } = await filled();
  const to = await inboxOf(anna);
  const there = to.mailbox.exists;
  const before = from.mailbox.exists;
  const stuck = { ...from, domain: refusedFrom(2, 'unavailable') };
  const { from: gone, failure } = await moveAcross(stuck, uids, to, options);
  assert.equal(failure?.code, 'unavailable');
  assert.equal(gone.length, 50);
  assert.equal(to.mailbox.exists, there + gone.length);
  assert.equal(from.mailbox.exists, before - gone.length);
});

test('who loses the right to take mail away has no copy of it', async () => {
  const { from, uids } = await filled();
  const to = await inboxOf(anna);
  const there = to.mailbox.exists;
  const domain = guarded(kit.domain, () => {
    throw new MailboxError('forbidden', 'the right was taken');
  });
  const before = from.mailbox.exists;
  await assert.rejects(moveAcross({ ...from, domain }, uids, to, options), { code: 'forbidden' });
  assert.equal(from.mailbox.exists, before);
  assert.equal(to.mailbox.exists, there);
});
