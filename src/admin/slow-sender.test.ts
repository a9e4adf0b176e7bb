/** Whoever adds messages may pause for as long as they like; the account does not stay in memory for so long. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { localAdminOf, openTestDomain } from '../../test/kit/domain.ts';
import { deliver } from '../mailbox/operations/deliver.ts';
import { receive } from '../mailbox/operations/incoming.ts';
import { isRefusal, type MessageToAdd } from '../transfer/mail-access.ts';

const ADDRESS = 'alice@example.com';
/** More than an account stays that nobody uses. */
const PAUSE_MS = 30 * 60_000;

function aMessage(n: number): MessageToAdd {
  const marks = { flags: 0, keywords: [], internalDate: undefined, importKey: undefined };
  return { ...marks, chunks: () => [Buffer.from(`Subject: ${n}\r\n\r\n`)] };
}

test('mail that comes in during a pause is where the mail behind it goes', async () => {
  let nowMs = Date.now();
  const kit = await openTestDomain({ clock: { nowMs: () => nowMs } });
  const { domain } = kit;
  const account = await kit.addAccount(ADDRESS, 'secret');
  const bytes = Buffer.from('Subject: delivered\r\n\r\n');

  async function* messages() {
    yield aMessage(1);
    nowMs += PAUSE_MS;
    domain.accounts.sweep();
    const received = await receive(domain.store, [account.id], bytes.length, bytes);
    const to = { account: account.id, address: ADDRESS };
    const [outcome] = await deliver(domain, [to], received, 'bob@example.org');
    assert.equal(outcome?.kind, 'delivered');
    yield aMessage(2);
  }

  const added = await localAdminOf(kit).addMessages(ADDRESS, 'INBOX', messages());
  assert.deepEqual(
    added.map((one) => (isRefusal(one) ? one.why : one.uid)),
    [2, 3],
  );
  await kit.close();
});

test('what goes on with an account that was dropped meanwhile is refused, and the other one goes on', async () => {
  let nowMs = Date.now();
  const kit = await openTestDomain({ clock: { nowMs: () => nowMs } });
  const { domain } = kit;
  const { id } = await kit.addAccount(ADDRESS, 'secret');
  const before = await domain.accounts.open(id);
  nowMs += PAUSE_MS;
  domain.accounts.sweep();
  const after = await domain.accounts.open(id);
  assert.notEqual(after, before);
  const rename = (account: typeof before, name: string) =>
    domain.turns.run({ account, run: (change) => change.mailboxes.create(name, undefined) });
  await assert.rejects(rename(before, 'One'), { code: 'conflict' });
  await rename(after, 'Two');
  await kit.close();
});
