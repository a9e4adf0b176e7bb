/** One data directory in several processes: who holds what, and what each knows of the accounts. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { AccountRecord } from '../../mailbox/model/model.ts';
import { outgoingId } from '../../mailbox/model/outgoing.ts';
import { type MailStore, StoreError } from '../../mailbox/port/store.ts';
import { aBatch, aPassword, commit } from '../fixtures.ts';
import type { SqliteDirectory } from './directory.ts';
import { FollowedDirectory } from './followed-directory.ts';
import { openSqliteStore } from './open.ts';

const SHARDS = 3;
const person = (name: string) => ({
  address: `${name}@example.com`,
  credentials: [aPassword('x')],
  createdMs: 1,
});

/** Both halves in one process: the locks are the same. */
async function inShares(
  run: (writer: MailStore, follower: MailStore, directory: string) => Promise<void>,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'brevduva-share-'));
  const opened: MailStore[] = [];
  try {
    await (await openSqliteStore({ directory, shards: SHARDS })).close();
    const writer = await openSqliteStore({ directory, share: { owns: (shard) => shard !== 1 } });
    opened.push(writer);
    const accounts = writer.directory as SqliteDirectory;
    const followed = new FollowedDirectory(accounts.snapshot(), accounts);
    accounts.onChanged = (change) => followed.apply(change);
    const share = { owns: (shard: number) => shard === 1, accounts: followed };
    const follower = await openSqliteStore({ directory, share });
    opened.push(follower);
    await run(writer, follower, directory);
  } finally {
    for (const store of opened.reverse()) await store.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function create(store: MailStore, ...names: readonly string[]): Promise<AccountRecord[]> {
  return (await store.directory.create(names.map(person))) as AccountRecord[];
}

describe('shares of a data directory', () => {
  it('new accounts go where there are fewest, and one process holds each', () =>
    inShares(async (writer, follower) => {
      const created = await create(writer, 'ann', 'bob', 'carl', 'dora');
      assert.deepEqual(
        created.map(({ shard }) => shard),
        [0, 1, 2, 0],
      );
      for (const { id, shard } of created) {
        assert.equal(writer.owns(id), shard !== 1);
        assert.equal(follower.owns(id), shard === 1);
      }
      assert.deepEqual(await follower.directory.list(), await writer.directory.list());
    }));

  it('mail is written by the holder, and refused to the other, one by one', () =>
    inShares(async (writer, follower) => {
      const [ann, bob] = (await create(writer, 'ann', 'bob')) as [AccountRecord, AccountRecord];
      await commit(follower, aBatch(0, { account: bob.id }));
      const outcomes = await writer.write([aBatch(0, { account: ann.id }), aBatch(0, { account: bob.id })])
        .committed;
      assert.deepEqual(
        outcomes.map((error) => error?.code),
        [undefined, 'fenced'],
      );
      const end = { n: 1, become: 'ended' } as const;
      const settled = await writer.outgoing.settle([
        { outgoing: outgoingId(bob.id, 1), ...end },
        { outgoing: outgoingId(ann.id, 1), ...end },
      ]);
      const [refused, done] = settled;
      assert.ok(refused instanceof StoreError && refused.code === 'fenced');
      assert.equal(done, false, 'it is not there, which is no reason to refuse the rest');
      await assert.rejects(writer.loadAccount(bob.id), { code: 'fenced' });
      assert.equal((await follower.loadAccount(bob.id))?.row.modseq, 1);
    }));

  it('a change goes to the writer, and is known to both when it is answered', () =>
    inShares(async (writer, follower) => {
      const [, bob] = (await create(writer, 'ann', 'bob')) as [AccountRecord, AccountRecord];
      await follower.directory.update(bob.id, { quotaBytes: 7 });
      for (const store of [writer, follower]) {
        assert.equal((await store.directory.get(bob.id))?.quotaBytes, 7);
      }
      await writer.directory.remove(bob.id);
      assert.equal(await follower.directory.find(bob.address), undefined);
      assert.deepEqual(await follower.directory.removing(), [bob.id]);
      assert.equal(follower.owns(bob.id), true, 'its mail is still to go');
      await follower.destroyAccount(bob.id);
      await follower.directory.forget(bob.id);
      assert.deepEqual(await writer.directory.removing(), []);
      const [again] = (await create(writer, 'bob')) as [AccountRecord];
      assert.notEqual(again.id, bob.id);
    }));

  it('who follows a database that cannot be read whole takes nobody for gone', () =>
    inShares(async (writer) => {
      const accounts = writer.directory as SqliteDirectory;
      const [ann, bob] = (await create(writer, 'ann', 'bob')) as [AccountRecord, AccountRecord];
      const follower = new FollowedDirectory(accounts.snapshot(), accounts);
      const heard: string[] = [];
      follower.onChanged = async ({ kind }) => void heard.push(kind);
      const damage = { records: [ann], isDamaged: true, isPartial: true };
      await follower.catchUp({ ...accounts.snapshot(), ...damage });
      assert.deepEqual(heard, []);
      assert.deepEqual(await follower.find(bob.address), bob);
      const late = new FollowedDirectory({ ...accounts.snapshot(), ...damage }, accounts);
      await assert.rejects(late.find(bob.address), { code: 'unreadable' });
      assert.equal(late.isDamaged, true);
    }));

  it('who was away is told everything that is otherwise', () =>
    inShares(async (writer) => {
      const accounts = writer.directory as SqliteDirectory;
      const [ann, bob] = (await create(writer, 'ann', 'bob')) as [AccountRecord, AccountRecord];
      const late = new FollowedDirectory(accounts.snapshot(), accounts);
      const heard: string[] = [];
      late.onChanged = async ({ kind }) => void heard.push(kind);
      await accounts.update(ann.id, { credentials: { put: [aPassword('y')] } });
      await accounts.remove(bob.id);
      const [carl] = (await create(writer, 'carl')) as [AccountRecord];
      await late.catchUp(accounts.snapshot());
      assert.deepEqual(heard, ['put', 'put', 'removing']);
      assert.equal((await late.get(ann.id))?.credentials[0]?.secret, 'y');
      assert.equal(await late.get(bob.id), undefined);
      assert.deepEqual(await late.get(carl.id), carl);
      await accounts.forget(bob.id);
      await late.catchUp(accounts.snapshot());
      assert.deepEqual([heard.at(-1), await late.removing()], ['forgotten', []]);
      await late.catchUp(accounts.snapshot());
      assert.equal(heard.length, 4, 'nothing new');
    }));

  it('domains and aliases go to the writer, and are known to both when it is answered', () =>
    inShares(async (writer, follower) => {
      const there = follower.directory.domains;
      await there.create({ name: 'example.org', createdMs: 1, keys: [] });
      await there.changeAlias('info@example.org', { added: ['ann@example.com'], createdMs: 1 });
      for (const { directory } of [writer, follower]) {
        assert.equal((await directory.domains.find('example.org'))?.createdMs, 1);
        assert.deepEqual((await directory.domains.findAlias('info@example.org'))?.targets, [
          'ann@example.com',
        ]);
      }
      await writer.directory.domains.remove('example.org');
      await writer.directory.domains.changeAlias('info@example.org', { dropped: 'all', createdMs: 1 });
      assert.equal(await there.isLocal('example.org'), false);
    }));

  it('who has lost the writer denies nothing that it does not know, until it is told what there is', () =>
    inShares(async (writer) => {
      const accounts = writer.directory as SqliteDirectory;
      const [ann] = (await create(writer, 'ann')) as [AccountRecord];
      await accounts.domains.changeAlias('old@example.com', { added: [ann.address], createdMs: 1 });
      const late = new FollowedDirectory(accounts.snapshot(), accounts);
      late.lose();
      await create(writer, 'bob');
      await accounts.domains.changeAlias('info@example.org', { added: [ann.address], createdMs: 1 });
      await accounts.domains.changeAlias('old@example.com', { dropped: 'all', createdMs: 1 });
      assert.deepEqual(await late.find(ann.address), ann);
      for (const asked of [
        late.find('bob@example.com'),
        late.domains.findAlias('info@example.org'),
        late.domains.isLocal('example.org'),
      ])
        await assert.rejects(asked, { code: 'io' });
      await late.catchUp(accounts.snapshot());
      assert.equal((await late.find('bob@example.com'))?.address, 'bob@example.com');
      assert.equal(await late.find('carl@example.com'), undefined);
      assert.equal(await late.domains.findAlias('old@example.com'), undefined);
      assert.equal(await late.domains.isLocal('example.org'), true);
    }));

  it('nobody gets a shard that another process has, nor the whole', () =>
    inShares(async (_writer, follower, directory) => {
      const accounts = follower.directory as FollowedDirectory;
      await assert.rejects(openSqliteStore({ directory, share: { owns: () => true, accounts } }), /in use/);
      await assert.rejects(openSqliteStore({ directory }), /in use by process/);
    }));

  it('what was written in shares fits together as a whole', () =>
    inShares(async (writer, follower, directory) => {
      const [, bob] = (await create(writer, 'ann', 'bob')) as [AccountRecord, AccountRecord];
      await commit(follower, aBatch(0, { account: bob.id }));
      await follower.close();
      await writer.close();
      const notices: string[] = [];
      const whole = await openSqliteStore({ directory, onNotice: (notice) => notices.push(notice) });
      assert.equal((await whole.loadAccount(bob.id))?.row.modseq, 1);
      assert.deepEqual(notices, []);
      for await (const problem of whole.inspect(false)) assert.fail(problem.what);
      await whole.close();
    }));
});
