/** Mail that is taken back is somewhere afterwards, and what somebody may have already is not taken back. */
import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { openTestDomain, type TestDomain } from '../../../test/kit/domain.ts';
import { asAccountId } from '../model/model.ts';
import { NOTIFY_DEFAULT, type OutgoingRoute } from '../model/outgoing.ts';
import type { AccountState } from '../state/account.ts';
import { createMailbox, deleteMailbox } from './folders.ts';
import { receive } from './incoming.ts';
import { acceptOutgoing } from './outgoing.ts';
import { takeBack } from './take-back.ts';

const ANNA = 'anna@example.com';
const TEXT = `From: ${ANNA}\r\nSubject: Hello\r\nMessage-ID: <1@example.com>\r\n\r\nHello.\r\n`;

async function begin(run: (kit: TestDomain, account: AccountState) => Promise<void>): Promise<void> {
  const kit = await openTestDomain();
  try {
    const { id } = await kit.addAccount(ANNA, 'secret words');
    await run(kit, await kit.domain.accounts.open(asAccountId(id)));
  } finally {
    await kit.close();
  }
}

async function send({ domain }: TestDomain, account: AccountState, route: OutgoingRoute = 'remote') {
  const received = await receive(domain.store, [account.id], 1e6, Buffer.from(TEXT, 'latin1'));
  const { id } = await acceptOutgoing(domain, account, received, {
    envelope: {
      ...{ kind: 'sent', sender: ANNA, isUtf8: false, isEightBit: false },
      ...{ requiresTls: false, isTlsOptional: false, expiresMs: Date.now() + 1e9 },
    },
    recipients: [{ address: 'bo@example.org', route, notify: NOTIFY_DEFAULT }],
  });
  return id;
}

describe('mail that is taken back', () => {
  it('is a draft also where its owner has no mailbox for drafts', () =>
    begin(async (kit, account) => {
      await deleteMailbox(kit.domain, account, 'Drafts');
      assert.equal(await takeBack(kit.domain, account, await send(kit, account)), true);
      assert.deepEqual((await kit.messagesOf(ANNA, 'Drafts')).map(String), [TEXT]);
      const drafts = [...account.mailboxes.values()].find(({ role }) => role === 'drafts');
      assert.equal(drafts?.name, 'Drafts');
    }));

  it('is in INBOX where another mailbox has the name', () =>
    begin(async (kit, account) => {
      await deleteMailbox(kit.domain, account, 'Drafts');
      await createMailbox(kit.domain, account, 'Drafts', 'archive').catch(async () => {
        await deleteMailbox(kit.domain, account, 'Archive');
        await createMailbox(kit.domain, account, 'Drafts', 'archive');
      });
      assert.equal(await takeBack(kit.domain, account, await send(kit, account)), true);
      assert.deepEqual((await kit.messagesOf(ANNA, 'INBOX')).map(String), [TEXT]);
    }));

  it('is not what another may have claimed since, after a sleep of the machine', () =>
    begin(async (kit, account) => {
      const { outgoing } = kit.domain.store;
      const id = await send(kit, account);
      const claim = outgoing.claim.bind(outgoing);
      const now = Date.now.bind(Date);
      mock.method(outgoing, 'claim', async (...args: Parameters<typeof claim>) => {
        const claimed = await claim(...args);
        mock.method(Date, 'now', () => now() + 45_000);
        return claimed;
      });
      try {
        await assert.rejects(takeBack(kit.domain, account, id), { code: 'unavailable' });
      } finally {
        mock.restoreAll();
      }
      assert.equal((await kit.messagesOf(ANNA, 'Drafts')).length, 0);
      const [still] = await outgoing.load([id]);
      assert.deepEqual(
        still?.recipients.map(({ state }) => state),
        ['waiting'],
      );
      assert.equal(await takeBack(kit.domain, account, id), true);
    }));

  it('is not what somebody here may have, or what was passed on', () =>
    begin(async (kit, account) => {
      const { outgoing } = kit.domain.store;
      const some = await send(kit, account, 'local');
      // One of those whom the address leads to has it, and who holds the account of the other is being started: that is no try.
      const become = { nextMs: Date.now() + 5000, lastAtMs: Date.now(), lastReply: '4.3.2 nobody' };
      await outgoing.settle([{ outgoing: some, n: 1, become }]);
      assert.equal(await takeBack(kit.domain, account, some), false);
      const passedOn = await send(kit, account, 'local');
      await outgoing.settle([{ outgoing: passedOn, n: 1, become: { route: 'mailboxes' } }]);
      assert.equal(await takeBack(kit.domain, account, passedOn), false);
      // A place elsewhere that is down has nothing of it.
      const parked = await send(kit, account);
      await outgoing.settle([{ outgoing: parked, n: 1, become }]);
      assert.equal(await takeBack(kit.domain, account, parked), true);
    }));
});
