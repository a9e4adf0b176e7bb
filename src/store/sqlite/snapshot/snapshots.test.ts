/** Snapshots of a store that goes on: what is deleted and packed beside one is in it, and accounts that go in the middle are gone afterwards. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { openTestDomain } from '../../../../test/kit/domain.ts';
import type { AccountRecord } from '../../../mailbox/model/model.ts';
import type { MailStore } from '../../../mailbox/port/store.ts';
import { ALICE, aBatch, anEmail, bytesOf, commit, email, someBytes, staged } from '../../fixtures.ts';
import { Database } from '../database.ts';
import { openSqliteStore } from '../open.ts';
import { accountIn, readyRestored } from './restored.ts';
import { SNAPSHOT } from './snapshots.ts';

let root = '';
let data = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'brevduva-snapshots-'));
  data = join(root, 'data');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const LARGE = 100_000;

/** What a restore would make of the snapshot that is there. */
function carriedAway(): string {
  const to = join(root, 'copy');
  cpSync(join(data, SNAPSHOT), to, { recursive: true });
  cpSync(join(data, 'shard-00', SNAPSHOT), join(to, 'shard-00'), { recursive: true });
  return to;
}

function readAll(store: MailStore, numbers: readonly number[]): Promise<readonly (Buffer | undefined)[]> {
  return Promise.all(numbers.map((n) => bytesOf(store, email(n))));
}

describe('a snapshot', () => {
  it('keeps what is packed and deleted while it is made, and afterwards', async () => {
    const store = await openSqliteStore({ directory: data });
    const texts = [1, 2, 3, 4].map((n) => someBytes(n % 2 === 0 ? LARGE : 500 * n, n));
    const emails = [];
    for (const [i, bytes] of texts.entries()) emails.push(anEmail(email(i + 1), await staged(store, bytes)));
    await commit(store, aBatch(0, { emails }));
    const [parts] = await Promise.all([store.snapshots.take(), store.packing.compact()]);
    assert.deepEqual(
      parts.map(({ folder, of, missing }) => [folder, of, missing.length]),
      [
        ['shard-00/snapshot', 'shard-00', 0],
        ['snapshot', '', 0],
      ],
    );
    await store.destroyAccount(ALICE);
    await store.packing.compact();
    const to = carriedAway();
    const { accounts } = readyRestored(to, Date.now());
    assert.equal(accounts, 0);
    await store.snapshots.release();
    assert.ok(!existsSync(join(data, SNAPSHOT)) && !existsSync(join(data, 'shard-00', SNAPSHOT)));
    await store.close();
    const copy = await openSqliteStore({ directory: to, mends: true });
    assert.deepEqual(await readAll(copy, [1, 2, 3, 4]), texts);
    await copy.close();
  });

  it('is made anew each time, and says what is missing', async () => {
    const store = await openSqliteStore({ directory: data });
    await commit(store, aBatch(0, { emails: [anEmail(email(1), await staged(store, someBytes(LARGE)))] }));
    await store.snapshots.take();
    for (const name of readdirSync(join(data, 'shard-00', 'segments')))
      unlinkSync(join(data, 'shard-00', 'segments', name));
    const [shard] = await store.snapshots.take();
    assert.equal(shard?.missing.length, 1);
    assert.match(shard?.missing[0] ?? '', /^segments\/[0-9a-f]{8}\.seg$/);
    await store.snapshots.keep();
    await store.close();
    assert.ok(existsSync(join(data, SNAPSHOT, 'accounts.db')), 'a stop leaves it to whoever reads it');
  });

  it('of which an account was removed before the accounts were copied is without it', async () => {
    const kit = await openTestDomain({ data });
    const [ann, bob] = [
      await kit.addAccount('ann@example.com', 'secret'),
      await kit.addAccount('bob@example.com', 'secret'),
    ];
    for (const { id } of [ann, bob] as readonly AccountRecord[]) await kit.domain.accounts.open(id);
    await kit.domain.store.snapshots.take();
    const to = carriedAway();
    await kit.close();
    const db = new Database(join(to, 'accounts.db'));
    db.prepare('DELETE FROM account WHERE id = ?').run(bob.id);
    db.close();
    assert.equal(readyRestored(to, Date.now()).accounts, 1);
    assert.equal(accountIn(join(to, 'accounts.db'), 'ann@example.com')?.shard, 0);
    assert.equal(accountIn(join(to, 'accounts.db'), 'bob@example.com'), undefined);
    const again = await openTestDomain({ data: to });
    assert.equal(await again.domain.store.directory.find('bob@example.com'), undefined);
    const next = await again.addAccount('bob@example.com', 'secret');
    assert.ok(next.id > bob.id, 'its number is not given again');
    await again.close();
  });
});
