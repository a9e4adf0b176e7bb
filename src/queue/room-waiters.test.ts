/** Mail for a mailbox that is full, which is tried when there is room and not when its time comes. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { FAST, openQueue, type QueueKit } from '../../test/kit/queue.ts';
import { NOTIFY } from '../mailbox/model/outgoing.ts';
import { deliver } from '../mailbox/operations/deliver.ts';
import { expungeMessages } from '../mailbox/operations/expunge.ts';
import { receive } from '../mailbox/operations/incoming.ts';
import { mailboxOf } from '../mailbox/operations/mailboxes.ts';

const BOB = 'bob@example.com';
const FULL = 20;
const SLOW = { ...FAST, gapsMs: [3_600_000], giveUpMs: 86_400_000 };

async function until(isSo: () => Promise<boolean>, what: string): Promise<void> {
  for (const endMs = performance.now() + 20_000; !(await isSo()); await pause(20))
    assert.ok(performance.now() < endMs, what);
}

async function fill(it: QueueKit, id: number): Promise<void> {
  const { domain, store } = it.kit;
  const text = Buffer.from('Subject: full\r\n\r\nx\r\n');
  for (let n = 0; n < FULL; n++) {
    const received = await receive(store, [id as never], text.length, text);
    const to = [{ account: id as never, address: BOB, wishes: {} }];
    await deliver(domain, to, received, '', {
      fields: Buffer.alloc(0),
      isJunk: false,
      isAuthentic: true,
      isAuthorKnown: true,
    });
  }
}

it('room that is made while it is written down that there is none is noticed', async (t) => {
  const it = await openQueue({ schedule: SLOW });
  try {
    const { domain } = it.kit;
    const { id } = await it.kit.addAccount(BOB, 'secret words', { messages: FULL });
    await fill(it, id);
    const { outgoing } = domain.store;
    const settle = outgoing.settle.bind(outgoing);
    let times = 0;
    t.mock.method(outgoing, 'settle', async (changes: Parameters<typeof settle>[0]) => {
      if (++times === 1) {
        const account = await domain.accounts.open(id);
        await expungeMessages(domain, account, mailboxOf(account, 'INBOX'), { uids: [1, 2] });
      }
      return settle(changes);
    });
    await it.send([{ address: BOB, route: 'local', notify: NOTIFY.Never }]);
    await until(
      async () => (await it.kit.messagesOf(BOB)).some((octets) => String(octets).includes('Hello.')),
      'it waits for its time',
    );
    await it.empty();
  } finally {
    await it.close();
  }
});

it('mail that waits for room comes as soon as there is some', async () => {
  const it = await openQueue({ schedule: SLOW });
  try {
    const { domain } = it.kit;
    const { id } = await it.kit.addAccount(BOB, 'secret words', { messages: FULL });
    await fill(it, id);
    const outgoing = await it.send([{ address: BOB, route: 'local', notify: NOTIFY.Never }]);
    await until(
      async () => (await domain.store.outgoing.load([outgoing]))[0]?.recipients[0]?.attempts === 1,
      'it is not tried',
    );
    const [waits] = await domain.store.outgoing.load([outgoing]);
    assert.match(waits?.recipients[0]?.lastReply ?? '', /^4\.2\.2 /);
    const account = await domain.accounts.open(id);
    const inbox = mailboxOf(account, 'INBOX');
    await expungeMessages(domain, account, inbox, { uids: [1, 2] });
    await until(
      async () => (await it.kit.messagesOf(BOB)).some((octets) => String(octets).includes('Hello.')),
      'it waits for its time',
    );
    await it.empty();
  } finally {
    await it.close();
  }
});
