import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openTestDomain, type TestDomain } from '../../test/kit/domain.ts';
import { Secret } from '../base/secret.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import type { AccountId } from '../mailbox/model/model.ts';
import { NOTIFY_DEFAULT } from '../mailbox/model/outgoing.ts';
import { appendMessages } from '../mailbox/operations/append.ts';
import { receive } from '../mailbox/operations/incoming.ts';
import { mailboxOf } from '../mailbox/operations/mailboxes.ts';
import { acceptOutgoing } from '../mailbox/operations/outgoing.ts';
import type { Admission } from './authenticator.ts';

let kit: TestDomain;

before(async () => {
  kit = await openTestDomain();
});

after(() => kit.close());

function admitted(username: string, password: string): Promise<Admission> {
  const credentials = { kind: 'password' as const, username, password: new Secret(password) };
  return kit.authenticator.authenticate({ credentials, remoteAddress: '127.0.0.1', service: 'test' });
}

async function signIn(username: string, password: string): Promise<string> {
  try {
    return (await admitted(username, password)).record.address;
  } catch (error) {
    return (error as MailboxError).code;
  }
}

async function addMessage(id: AccountId): Promise<void> {
  const account = await kit.domain.accounts.open(id);
  const received = await receive(kit.store, [id], 1000, Buffer.from('Subject: x\r\n\r\nx\r\n'));
  const message = { ...received, flags: 0, keywords: [], internalDate: undefined };
  await appendMessages(kit.domain, account, mailboxOf(account, 'INBOX'), [message]);
}

describe('accounts', () => {
  test('are added one by one, whatever becomes of the others', async () => {
    const password = new Secret('grün');
    const outcomes = await kit.admin.addAccounts([
      { address: 'Anna', password, quotaBytes: 1000 },
      { address: 'anna@example.com', password },
      { address: 'not an address', password },
      { address: 'empty@example.com', password: new Secret('') },
      { address: 'long@example.com', password: new Secret('x'.repeat(1025)) },
      { address: 'ben@example.org', password, quotaMessages: 5 },
    ]);
    const seen = outcomes.map((one) => (one instanceof MailboxError ? one.code : one.address));
    const refused = ['exists', 'invalid-name', 'cannot', 'cannot'];
    assert.deepEqual(seen, ['anna@example.com', ...refused, 'ben@example.org']);
    const again = await kit.admin.addAccounts([{ address: 'ANNA', password }]);
    assert.equal((again[0] as MailboxError).code, 'exists');
    assert.equal((await kit.admin.accountOf('anna')).quotaBytes, 1000);
    assert.equal(await signIn('anna', 'gru\u0308n'), 'anna@example.com');
  });

  test('a new password works at once, the old one stops, sessions are sent away', async () => {
    const { id } = await kit.addAccount('carl@example.com', 'old');
    assert.equal(await signIn('carl', 'old'), 'carl@example.com');
    const account = await kit.domain.accounts.open(id);
    const told: string[] = [];
    const [old] = account.record.credentials;
    await kit.domain.accounts.join(account, {
      credential: old?.id as number,
      onEvicted: (reason) => void told.push(reason),
    });
    await kit.admin.setPassword(id, { password: new Secret('new') });
    assert.equal(await signIn('carl', 'old'), 'bad-credentials');
    assert.equal(await signIn('carl', 'new'), 'carl@example.com');
    assert.deepEqual(told, ['the password was changed']);
    assert.equal(await kit.domain.accounts.open(id), account);
  });

  test('whoever was signed in with what was taken away meanwhile does not get in', async () => {
    const { id } = await kit.addAccount('dina@example.com', 'old');
    const account = await kit.domain.accounts.open(id);
    const { credential } = await admitted('dina', 'old');
    await kit.admin.setPassword(id, { password: new Secret('new') });
    const listener = { credential: credential?.id, onEvicted: () => assert.fail() };
    await assert.rejects(kit.domain.accounts.join(account, listener), /sign in again/);
    assert.equal(account.listeners.size, 0);
  });

  test('a removed one is gone with its mail; its name can be used again, for an empty account', async () => {
    const { id } = await kit.addAccount('dora@example.com', 'secret');
    await addMessage(id);
    const told: string[] = [];
    const account = await kit.domain.accounts.open(id);
    account.listeners.add({ onEvicted: (reason) => void told.push(reason) });
    assert.equal(await signIn('dora', 'secret'), 'dora@example.com');
    await kit.admin.removeAccount(id);
    assert.deepEqual(told, ['the account was removed']);
    assert.equal(await signIn('dora', 'secret'), 'bad-credentials');
    assert.equal(await kit.store.loadAccount(id), undefined);
    assert.deepEqual(await kit.store.directory.removing(), []);
    await assert.rejects(kit.domain.accounts.open(id), /no such account/);
    const again = await kit.addAccount('dora@example.com', 'other');
    assert.notEqual(again.id, id);
    assert.equal((await kit.domain.accounts.open(again.id)).usedMessages, 0);
  });

  test('one that mail waits to leave stays, unless that is to go as well', async () => {
    const { id } = await kit.addAccount('gerd@example.com', 'secret');
    const account = await kit.domain.accounts.open(id);
    const received = await receive(kit.domain.store, [id], 1000, Buffer.from('Subject: x\r\n\r\nx\r\n'));
    const to = ['carl@example.org', 'dan@example.org'];
    await acceptOutgoing(kit.domain, account, received, {
      envelope: {
        ...({ kind: 'forward', sender: 'eva@example.net', isUtf8: false, isEightBit: false } as const),
        ...{ requiresTls: false, isTlsOptional: false, expiresMs: Date.now() + 1e9 },
      },
      recipients: to.map((address) => ({ address, route: 'remote', notify: NOTIFY_DEFAULT })),
    });
    await assert.rejects(kit.admin.removeAccount(id), /2 recipients wait/);
    assert.equal(await signIn('gerd', 'secret'), 'gerd@example.com');
    assert.equal((await kit.store.outgoing.list(0, 10, id)).length, 1);
    await kit.admin.removeAccount(id, { dropsQueued: true });
    assert.equal(await signIn('gerd', 'secret'), 'bad-credentials');
    assert.deepEqual(await kit.store.outgoing.list(0, 10, id), []);
  });

  test('a removal that was interrupted is finished at the next start', async () => {
    const { id } = await kit.addAccount('emil@example.com', 'secret');
    await addMessage(id);
    await kit.store.directory.remove(id);
    assert.equal(await signIn('emil', 'secret'), 'bad-credentials');
    await kit.admin.resumeRemovals();
    assert.equal(await kit.store.loadAccount(id), undefined);
    assert.deepEqual(await kit.store.directory.removing(), []);
  });

  test('a write that was under way when the account went is refused, not brought back', async () => {
    const { id } = await kit.addAccount('fred@example.com', 'secret');
    await addMessage(id);
    const account = await kit.domain.accounts.open(id);
    await kit.admin.removeAccount(id);
    const received = await receive(kit.store, [id], 1000, Buffer.from('Subject: x\r\n\r\nx\r\n'));
    const message = { ...received, flags: 0, keywords: [], internalDate: undefined };
    await assert.rejects(
      appendMessages(kit.domain, account, mailboxOf(account, 'INBOX'), [message]),
      (error) => error instanceof MailboxError,
    );
    assert.equal(await kit.store.loadAccount(id), undefined);
  });
});
