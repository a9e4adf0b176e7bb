/** An account that is read while somebody removes it, changes its limits or sends its sessions away. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { Random } from '../../test/crash/random.ts';
import { openTestDomain } from '../../test/kit/domain.ts';
import { UnreliableStore } from '../../test/kit/unreliable-store.ts';
import { AccountChange } from './change/account-change.ts';
import type { Domain } from './domain.ts';
import type { AccountRecord } from './model/model.ts';
import { deliver } from './operations/deliver.ts';
import { createMailbox } from './operations/folders.ts';
import { receive } from './operations/incoming.ts';
import { setQuota } from './operations/quota.ts';
import type { MailStore } from './port/store.ts';
import { WritableAccount } from './state/account.ts';

const ALICE = 'alice@example.com';

/** Holds the reading of accounts until it is told to go on. */
class Gate {
  #held: PromiseWithResolvers<void> | undefined;
  #reached: PromiseWithResolvers<void> | undefined;

  /** Resolves when somebody waits at the gate. */
  close(): Promise<void> {
    this.#held = Promise.withResolvers<void>();
    this.#reached = Promise.withResolvers<void>();
    return this.#reached.promise;
  }

  open(): void {
    this.#held?.resolve();
    this.#held = undefined;
  }

  readonly wrapStore = (store: MailStore): MailStore =>
    new Proxy(store, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (name !== 'loadAccount') return typeof value === 'function' ? value.bind(target) : value;
        return async (id: Parameters<MailStore['loadAccount']>[0]) => {
          const found = await target.loadAccount(id);
          this.#reached?.resolve();
          await this.#held?.promise;
          return found;
        };
      },
    });
}

async function openWithGate() {
  const gate = new Gate();
  const kit = await openTestDomain({ wrapStore: gate.wrapStore });
  const record = await kit.addAccount(ALICE, 'secret');
  return { gate, kit, record };
}

for (const isNew of [true, false]) {
  test(`an account that is removed while it is read is not there (${isNew ? 'never used' : 'used'})`, async () => {
    const { gate, kit, record } = await openWithGate();
    if (!isNew) {
      await kit.domain.accounts.open(record.id);
      kit.domain.accounts.evict(record.id, 'test');
    }
    const reached = gate.close();
    const opened = kit.domain.accounts.open(record.id);
    opened.catch(() => {});
    await reached;
    const removed = kit.admin.removeAccount(record.id);
    await new Promise(setImmediate);
    gate.open();
    await assert.rejects(opened, { code: 'nonexistent' });
    await removed;
    assert.equal(kit.domain.accounts.peek(record.id), undefined);
    assert.deepEqual(rowsOf(kit.data, record), []);
    await kit.close();
  });
}

test('a delivery that has the account in its hands when it is removed leaves no row behind', async () => {
  const { kit, record } = await openWithGate();
  const { domain } = kit;
  await domain.accounts.open(record.id);
  const received = await receive(domain.store, [record.id], 10_000, Buffer.from('Subject: x\r\n\r\n'));
  const deliveries: Promise<unknown>[] = [];
  const recipients = [{ account: record.id, address: ALICE }];
  const delivering = setInterval(
    () => deliveries.push(deliver(domain, recipients, received, '').catch((error: unknown) => error)),
    0,
  );
  const account = await domain.accounts.open(record.id);
  await kit.admin.removeAccount(record.id);
  clearInterval(delivering);
  await Promise.all(deliveries);
  // Whoever still has it in memory is refused.
  const late = domain.turns.run({ account, run: (change) => change.mailboxes.create('Late', undefined) });
  await assert.rejects(late, { code: 'conflict' });
  assert.deepEqual(rowsOf(kit.data, record), []);
  await kit.close();
});

test('limits that change while the account is read are those that it has', async () => {
  const { gate, kit, record } = await openWithGate();
  const reached = gate.close();
  const opened = kit.domain.accounts.open(record.id);
  await reached;
  await setQuota(kit.domain, record, { quotaBytes: 12_345 });
  gate.open();
  assert.equal((await opened).record.quotaBytes, 12_345);
  await kit.close();
});

test('an account that is to be forgotten while it is read is read anew', async () => {
  const { gate, kit, record } = await openWithGate();
  const before = await kit.domain.accounts.open(record.id);
  kit.domain.accounts.evict(record.id, 'test');
  const stored = await kit.domain.store.loadAccount(record.id);
  const reached = gate.close();
  const opened = kit.domain.accounts.open(record.id);
  await reached;
  // Whoever still has it in memory writes no more.
  const late = kit.domain.turns.run({
    account: before,
    run: (change) => change.mailboxes.create('Late', undefined),
  });
  await assert.rejects(late, { code: 'conflict' });
  await anotherWrites(kit.domain, record, stored);
  kit.domain.accounts.evict(record.id, 'test');
  gate.open();
  const account = await opened;
  assert.ok(account.byName.has('Written meanwhile'));
  assert.equal(kit.domain.accounts.peek(record.id), account);
  await kit.close();
});

async function anotherWrites(
  { store }: Domain,
  record: AccountRecord,
  stored: Awaited<ReturnType<MailStore['loadAccount']>>,
): Promise<void> {
  assert.ok(stored);
  const account = new WritableAccount(record, stored);
  const change = new AccountChange(account, 0);
  change.begin();
  change.mailboxes.create('Written meanwhile', undefined);
  const { committed, durable } = store.write([change.toBatch(false)]);
  assert.deepEqual(await committed, [undefined]);
  await durable;
}

/** What any table still has of the account. */
function rowsOf(data: string, { id }: AccountRecord): string[] {
  const db = new DatabaseSync(join(data, 'shard-00', 'meta.db'), { readOnly: true });
  const [low, high] = [id * 2 ** 32, (id + 1) * 2 ** 32 - 1];
  const columns = { mailbox: 'id', email: 'id', chunk: 'mailbox', expunged: 'mailbox', buried: 'mailbox' };
  const left = Object.entries(columns).filter(
    ([table, key]) =>
      db.prepare(`SELECT 1 FROM ${table} WHERE ${key} BETWEEN ? AND ?`).get(low, high) !== undefined,
  );
  const row = db.prepare('SELECT 1 FROM account WHERE id = ?').get(id);
  db.close();
  return [...left.map(([table]) => table), ...(row === undefined ? [] : ['account'])];
}

test('an evicted account is read anew when the store is done with its last turn; what had not begun is refused', async () => {
  const unreliable: UnreliableStore[] = [];
  const kit = await openTestDomain({
    wrapStore: (store) => {
      unreliable.push(new UnreliableStore(store, new Random(1)));
      return unreliable[0] as UnreliableStore;
    },
  });
  const [store] = unreliable;
  assert.ok(store);
  const { domain } = kit;
  const record = await kit.addAccount(ALICE, 'secret');
  const account = await domain.accounts.open(record.id);
  store.pause();
  const first = createMailbox(domain, account, 'First');
  await new Promise(setImmediate);
  const second = assert.rejects(createMailbox(domain, account, 'Second'), { code: 'conflict' });
  domain.accounts.evict(record.id, 'test');
  const again = domain.accounts.open(record.id);
  await new Promise(setImmediate);
  assert.equal(domain.accounts.peek(record.id), undefined);
  store.resume();
  await first;
  await second;
  assert.deepEqual([(await again).byName.has('First'), (await again).byName.has('Second')], [true, false]);
  await createMailbox(domain, await again, 'Third');
  await kit.close();
});

test('whoever joins an account that was dropped from memory meanwhile is told to try again, for nobody would tell him anything', async () => {
  const { domain, close, addAccount } = await openTestDomain();
  const { id } = await addAccount(ALICE, 'secret');
  const account = await domain.accounts.open(id);
  WritableAccount.of(account).abandon('the account was changed elsewhere');
  const listener = { onEvicted: () => {} };
  await assert.rejects(domain.accounts.join(account, listener), { code: 'unavailable' });
  assert.equal(account.listeners.has(listener), false);
  await domain.accounts.join(await domain.accounts.open(id), listener);
  await close();
});
