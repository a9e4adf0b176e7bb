/** Mail that is to leave, as the domain makes and changes it; the store's own promises are in its contract. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openTestDomain, type TestDomain } from '../../../test/kit/domain.ts';
import { FLAG } from '../../mail/flags.ts';
import { asAccountId } from '../model/model.ts';
import { NOTIFY_DEFAULT, type OutgoingEnvelope, type OutgoingId } from '../model/outgoing.ts';
import { reapAccount } from '../upkeep/reaper.ts';
import { cancelOutgoing } from './cancel-outgoing.ts';
import { expungeMessages } from './expunge.ts';
import { receive } from './incoming.ts';
import { mailboxOf } from './mailboxes.ts';
import {
  acceptOutgoing,
  type ChangedOutgoing,
  dropOutgoing,
  holdOutgoing,
  type NewOutgoingMail,
  releaseOutgoing,
  retryOutgoing,
} from './outgoing.ts';

const TEXT = 'From: anna@example.com\r\nSubject: Hello\r\nMessage-ID: <1@example.com>\r\n\r\nHello.\r\n';
const envelope: OutgoingEnvelope = {
  kind: 'sent',
  sender: 'anna@example.com',
  isUtf8: false,
  isEightBit: false,
  requiresTls: false,
  isTlsOptional: false,
  expiresMs: Date.now() + 1e9,
};
const to = (...addresses: string[]): NewOutgoingMail => ({
  envelope,
  recipients: addresses.map((address) => ({ address, route: 'remote', notify: NOTIFY_DEFAULT })),
});

async function begin(run: (kit: TestDomain, heard: OutgoingId[]) => Promise<void>): Promise<void> {
  const kit = await openTestDomain({ limits: { outgoingPerAccount: 3 } });
  const heard: OutgoingId[] = [];
  kit.domain.turns.outbox.listen((ids) => heard.push(...ids));
  try {
    const { id } = await kit.addAccount('anna@example.com', 'secret words');
    assert.equal(id, 1);
    await run(kit, heard);
  } finally {
    await kit.close();
  }
}

const open = ({ domain }: TestDomain) => domain.accounts.open(asAccountId(1));
const read = ({ domain }: TestDomain) =>
  receive(domain.store, [asAccountId(1)], 1e6, Buffer.from(TEXT, 'latin1'));
const recipientsOf = async ({ domain }: TestDomain, id: OutgoingId) =>
  (await domain.store.outgoing.load([id]))[0]?.recipients.map(({ state }) => state);

const counted = async (changed: Promise<ChangedOutgoing>) =>
  [...(await changed).values()].reduce((sum, one) => sum + one, 0);

describe('outgoing mail', () => {
  it('is there with the copy in Sent, and whoever sends is told once it is durable', () =>
    begin(async (kit, heard) => {
      const account = await open(kit);
      const copy = { mailbox: mailboxOf(account, 'Sent'), flags: FLAG.Seen, keywords: [] };
      const mail = to('bo@example.org');
      const { id, uid } = await acceptOutgoing(kit.domain, account, await read(kit), mail, copy);
      assert.equal(uid, 1);
      assert.deepEqual(heard, [id]);
      assert.deepEqual((await kit.messagesOf('anna@example.com', 'Sent')).map(String), [TEXT]);
      assert.equal((await kit.store.listEmails(account.id, 0, 9))[0]?.references, 2);
    }));

  it('leaves nothing when the copy has no room', () =>
    begin(async (kit, heard) => {
      const account = await open(kit);
      const copy = { mailbox: mailboxOf(account, 'Sent'), flags: 0, keywords: [] };
      await kit.domain.store.directory.update(account.id, { quotaMessages: 0 });
      const record = await kit.domain.store.directory.get(account.id);
      kit.domain.accounts.refresh(record as NonNullable<typeof record>);
      const sending = acceptOutgoing(kit.domain, account, await read(kit), to('bo@example.org'), copy);
      await assert.rejects(sending, { code: 'over-quota' });
      assert.deepEqual(await kit.store.outgoing.list(0, 9), []);
      assert.deepEqual(heard, []);
    }));

  it('keeps its octets when the copy is expunged, and gives them back when it has ended', () =>
    begin(async (kit) => {
      const account = await open(kit);
      const sent = mailboxOf(account, 'Sent');
      const copy = { mailbox: sent, flags: 0, keywords: [] };
      const { id } = await acceptOutgoing(kit.domain, account, await read(kit), to('bo@example.org'), copy);
      await expungeMessages(kit.domain, account, sent, { uids: [1] });
      const later = { ...kit.domain, clock: { nowMs: () => Date.now() + 3_600_000 } };
      assert.equal(await reapAccount(later, account.id), 1);
      const [left] = await kit.store.listEmails(account.id, 0, 9);
      assert.equal(left?.references, 1);
      await kit.store.outgoing.settle([{ outgoing: id, n: 1, become: 'ended' }]);
      assert.deepEqual(await kit.store.listEmails(account.id, 0, 9), []);
    }));

  it('is limited for each account', () =>
    begin(async (kit) => {
      const account = await open(kit);
      await acceptOutgoing(kit.domain, account, await read(kit), to('a@example.org', 'b@example.org'));
      const more = acceptOutgoing(kit.domain, account, await read(kit), to('c@example.org', 'd@example.org'));
      await assert.rejects(more, { code: 'limit' });
      await acceptOutgoing(kit.domain, account, await read(kit), to('c@example.org'));
    }));

  it('is limited for all accounts together', async () => {
    const kit = await openTestDomain({ limits: { outgoing: 3 } });
    try {
      await kit.addAccount('anna@example.com', 'secret words');
      const account = await open(kit);
      for (let n = 0; n < 3; n++)
        await acceptOutgoing(kit.domain, account, await read(kit), to('a@example.org'));
      const more = acceptOutgoing(kit.domain, account, await read(kit), to('b@example.org'));
      await assert.rejects(more, { code: 'limit', message: /too much mail waits to leave this server/ });
    } finally {
      await kit.close();
    }
  });

  it('is held, released, tried again and dropped, and says so', () =>
    begin(async (kit, heard) => {
      const { domain } = kit;
      const account = await open(kit);
      const mail = to('a@example.org', 'b@example.org');
      const { id } = await acceptOutgoing(domain, account, await read(kit), mail);
      assert.equal(await counted(holdOutgoing(domain, [id], 'looks odd')), 2);
      assert.equal(await counted(holdOutgoing(domain, [id], 'again')), 0);
      assert.deepEqual(await recipientsOf(kit, id), ['held', 'held']);
      assert.equal(await counted(retryOutgoing(domain, [id])), 0);
      assert.equal(await counted(releaseOutgoing(domain, [id])), 2);
      assert.equal(await counted(retryOutgoing(domain, [id])), 2);
      assert.ok(heard.length >= 3);
      assert.equal(await counted(dropOutgoing(domain, [id], { reason: 'too late', isReported: true })), 2);
      assert.deepEqual(await recipientsOf(kit, id), ['failed', 'failed']);
      assert.equal(await counted(dropOutgoing(domain, [id], { reason: 'no', isReported: false })), 0);
      const second = await acceptOutgoing(domain, account, await read(kit), to('c@example.org'));
      assert.equal(await counted(dropOutgoing(domain, [second.id], { reason: 'no', isReported: false })), 1);
      assert.equal(await recipientsOf(kit, second.id), undefined);
      const log = await domain.store.outgoing.loadLog(id, 99);
      const events = log.filter(({ address }) => address !== 'b@example.org').map(({ event }) => event);
      assert.deepEqual(events, ['accepted', 'held', 'released', 'retried', 'dropped']);
    }));

  it('leaves when its sender wants it to, whoever holds, releases or tries it before', () =>
    begin(async (kit) => {
      const { domain } = kit;
      const account = await open(kit);
      const holdUntilMs = Date.now() + 1e8;
      const later = { ...to('bo@example.org'), envelope: { ...envelope, holdUntilMs } };
      const { id } = await acceptOutgoing(domain, account, await read(kit), later);
      const next = async () => (await domain.store.outgoing.load([id]))[0]?.recipients[0]?.nextMs;
      assert.equal(await next(), holdUntilMs);
      assert.equal(await counted(retryOutgoing(domain, [id])), 0);
      assert.equal(await next(), holdUntilMs);
      const events = (await domain.store.outgoing.loadLog(id, 9)).map(({ event }) => event);
      assert.deepEqual(events, ['accepted']);
      await holdOutgoing(domain, [id], 'for a while');
      assert.equal(await next(), undefined);
      await releaseOutgoing(domain, [id]);
      assert.equal(await next(), holdUntilMs);
    }));

  it('can be taken back until it is tried, and is a draft then', () =>
    begin(async (kit) => {
      const { domain } = kit;
      const account = await open(kit);
      const drafts = mailboxOf(account, 'Drafts');
      const { id } = await acceptOutgoing(domain, account, await read(kit), to('a@example.org'));
      await domain.store.outgoing.claim([id], 'worker', Date.now() + 60_000);
      assert.equal(await cancelOutgoing(domain, account, id, { drafts }), false);
      domain.store.outgoing.giveBack([id], 'worker');
      assert.equal(await cancelOutgoing(domain, account, id, { drafts }), true);
      assert.equal(await cancelOutgoing(domain, account, id, { drafts }), false);
      assert.deepEqual((await kit.messagesOf('anna@example.com', 'Drafts')).map(String), [TEXT]);
      const tried = await acceptOutgoing(domain, account, await read(kit), to('a@example.org'));
      await domain.store.outgoing.settle([{ outgoing: tried.id, n: 1, become: { attempts: 1 } }]);
      assert.equal(await cancelOutgoing(domain, account, tried.id), false);
    }));
});
