/** Accounts of one shard are spread over several, and nobody can tell from what is there. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { openTestDomain, type TestDomain } from '../../../test/kit/domain.ts';
import { type AccountId, asModSeq, emailId } from '../../mailbox/model/model.ts';
import { outgoingId } from '../../mailbox/model/outgoing.ts';
import { ALL_RIGHTS } from '../../mailbox/model/rights.ts';
import { accountIdentity } from '../../mailbox/model/shares.ts';
import { appendMessages } from '../../mailbox/operations/append.ts';
import { deliver } from '../../mailbox/operations/deliver.ts';
import { receive } from '../../mailbox/operations/incoming.ts';
import { mailboxOf } from '../../mailbox/operations/mailboxes.ts';
import { acceptOutgoing } from '../../mailbox/operations/outgoing.ts';
import { changeShares } from '../../mailbox/operations/shares.ts';
import { checkMail } from '../../mailbox/upkeep/check.ts';
import { Database, IN_MEMORY } from './database.ts';
import { migrate } from './migrate.ts';
import { type MoveStep, OTHER_TABLES, TABLES } from './move-account.ts';
import { bringTogether, reshard } from './reshard.ts';
import { MAIL_SCHEMA } from './schema/mail.ts';

const PEOPLE = ['ann', 'bob', 'carl', 'dora', 'emil'].map((name) => `${name}@example.com`);

async function inDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'brevduva-reshard-'));
  try {
    await run(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A message for all, a large one for each, one with marks of an import. */
async function fill(kit: TestDomain): Promise<void> {
  const { domain, store } = kit;
  const records = [];
  for (const address of PEOPLE) records.push(await kit.addAccount(address, 'secret'));
  const everybody = records.map(({ id, address }) => ({ account: id, address }));
  const text = Buffer.from('Subject: to all\r\n\r\nhello\r\n');
  const ids = everybody.map(({ account }) => account);
  await deliver(domain, everybody, await receive(store, ids, text.length, text), 's@example.org');
  for (const [n, { id }] of records.entries()) {
    const account = await domain.accounts.open(id);
    const bytes = Buffer.from(`Subject: large ${n}\r\n\r\n${`line ${n}\r\n`.repeat(20_000)}`);
    const large = await receive(store, [id], bytes.length, bytes);
    const marks = {
      flags: 1,
      keywords: [`word${n}`],
      internalDate: 1_600_000_000,
      importKey: Buffer.alloc(16, n),
    };
    await appendMessages(domain, account, mailboxOf(account, 'Archive'), [
      { ...large, ...marks, externalId: `x${n}` },
    ]);
    const envelope = { kind: 'sent', sender: `s${n}@example.com`, expiresMs: 1e15 } as const;
    const flags = { isUtf8: false, isEightBit: false, requiresTls: false, isTlsOptional: false };
    const recipients = [{ address: `r${n}@example.org`, route: 'remote', notify: 2 } as const];
    await acceptOutgoing(domain, account, large, { envelope: { ...envelope, ...flags }, recipients });
  }
}

async function sentBy({ store }: TestDomain, account: AccountId): Promise<unknown> {
  const all = await store.outgoing.list(0, 100, account);
  return [all, await Promise.all(all.map(({ row }) => store.outgoing.loadLog(row.id, 100)))];
}

/** All that a client could see of the account, and some that it could not. */
async function portrait(kit: TestDomain, address: string): Promise<unknown> {
  const record = await kit.store.directory.find(address);
  assert.ok(record);
  const { id } = record;
  const loaded = await kit.store.loadAccount(id);
  const mailboxes = await Promise.all(
    (loaded?.mailboxes ?? []).map(async ({ id: mailbox }) => [
      await kit.store.loadChunks(id, mailbox, 0, 100),
      await kit.store.loadExternalIds(id, mailbox, 0, 100),
      await kit.store.whichImported(
        id,
        mailbox,
        PEOPLE.map((_, n) => Buffer.alloc(16, n)),
      ),
    ]),
  );
  return {
    loaded,
    mailboxes,
    history: await kit.store.loadHistory(id, asModSeq(0), 100),
    emails: await kit.store.listEmails(id, 0, 100),
    outgoing: await sentBy(kit, id),
    octets: [await kit.messagesOf(address), await kit.messagesOf(address, 'Archive')],
  };
}

async function portraits(directory: string): Promise<unknown[]> {
  const kit = await openTestDomain({ data: directory });
  try {
    const all: unknown[] = [];
    for (const address of PEOPLE) all.push(await portrait(kit, address));
    for await (const event of checkMail(kit.domain, { repair: false })) {
      assert.notEqual(event.kind, 'problem', JSON.stringify(event));
    }
    return all;
  } finally {
    await kit.close();
  }
}

async function placesIn(directory: string): Promise<number[]> {
  const kit = await openTestDomain({ data: directory });
  const records = await kit.store.directory.list();
  await kit.close();
  return records.map(({ shard }) => shard);
}

async function share({ domain, store }: TestDomain, owner: string, other: string): Promise<void> {
  const [from, to] = [await store.directory.find(owner), await store.directory.find(other)];
  assert.ok(from && to);
  const account = await domain.accounts.open(from.id);
  const change = { mode: 'replace', rights: ALL_RIGHTS } as const;
  await changeShares(domain, account, mailboxOf(account, 'Archive'), accountIdentity(to.id), change);
}

async function prepare(directory: string): Promise<unknown[]> {
  const kit = await openTestDomain({ data: directory });
  await fill(kit);
  await kit.close();
  return portraits(directory);
}

describe('resharding', { timeout: 600_000 }, () => {
  it('spreads accounts evenly, and changes nothing that they have', () =>
    inDirectory(async (directory) => {
      const before = await prepare(directory);
      const { moved, stayed } = await reshard({ directory, shards: 3 });
      assert.deepEqual([moved, stayed], [3, []]);
      assert.deepEqual((await placesIn(directory)).toSorted(), [0, 0, 1, 1, 2]);
      assert.deepEqual(await portraits(directory), before);
      assert.equal((await reshard({ directory, shards: 3 })).moved, 0, 'once is enough');
      await assert.rejects(reshard({ directory, shards: 2 }), /cannot be fewer/);
    }));

  describe('what an account has left behind hides nothing of those that have stayed', () => {
    /** Of an account that has moved away, and of one that is in the shard behind it. */
    const leftIn = async (directory: string) => {
      await prepare(directory);
      await reshard({ directory, shards: 2 });
      const before = await openTestDomain({ data: directory });
      const records = await before.store.directory.list();
      await before.close();
      const pairs = records.flatMap((gone) => records.map((stayed) => ({ gone, stayed })));
      const pair = pairs.find(({ gone, stayed }) => gone.shard !== stayed.shard && gone.id < stayed.id);
      assert.ok(pair !== undefined);
      return { ...pair, db: new DatabaseSync(join(directory, `shard-0${pair.stayed.shard}`, 'meta.db')) };
    };

    it('of what filters are to learn', () =>
      inDirectory(async (directory) => {
        const { gone, stayed, db } = await leftIn(directory);
        const put = db.prepare('INSERT INTO lesson (email, at, spam) VALUES (?, 0, 1)');
        for (let n = 1; n <= 55; n++) put.run(emailId(gone.id, n));
        put.run(emailId(stayed.id, 1));
        db.close();
        const kit = await openTestDomain({ data: directory });
        const lessons = await kit.store.loadLessons(0, 10);
        await kit.close();
        assert.deepEqual(
          lessons.map(({ email }) => email),
          [emailId(stayed.id, 1)],
        );
      }));

    it('of mail that is to leave', () =>
      inDirectory(async (directory) => {
        const { gone, db } = await leftIn(directory);
        const copy = (table: string, own: Readonly<Record<string, number>>): void => {
          const rest = db
            .prepare(`SELECT name FROM pragma_table_info('${table}')`)
            .all()
            .map(({ name }) => String(name))
            .filter((name) => name !== 'id' && own[name] === undefined);
          const names = [...Object.keys(own), ...rest].join();
          const values = [...Object.values(own), ...rest].join();
          db.exec(`INSERT INTO ${table} (${names}) SELECT ${values} FROM ${table} ORDER BY id DESC LIMIT 1`);
        };
        for (let n = 101; n <= 120; n++) {
          const id = outgoingId(gone.id, n);
          copy('recipient', { outgoing: id, next: 0 });
          db.exec(`CREATE TEMP TABLE one AS SELECT * FROM outgoing ORDER BY id DESC LIMIT 1; UPDATE one SET id = ${id};
            INSERT INTO outgoing SELECT * FROM one; DROP TABLE one`);
        }
        db.close();
        const kit = await openTestDomain({ data: directory });
        const { outgoing } = kit.store;
        const due = await outgoing.loadDue(Number.MAX_SAFE_INTEGER, 10);
        const pages = [await outgoing.loadDue(Number.MAX_SAFE_INTEGER, 1), await outgoing.list(0, 10)];
        const last = due.at(-1);
        const behind = await outgoing.loadDue(Number.MAX_SAFE_INTEGER, 10, last);
        await kit.close();
        assert.deepEqual(
          [due, ...pages, behind].map(({ length }) => length),
          [5, 1, 5, 0],
        );
      }));
  });

  it('accounts that share stay together, and are brought together by name', () =>
    inDirectory(async (directory) => {
      await prepare(directory);
      const kit = await openTestDomain({ data: directory });
      await share(kit, 'ann@example.com', 'emil@example.com');
      await share(kit, 'emil@example.com', 'carl@example.com');
      await kit.close();
      const before = await portraits(directory);
      await reshard({ directory, shards: 3 });
      const placeOf = async (): Promise<Map<string, number>> => {
        const places = await placesIn(directory);
        return new Map(PEOPLE.map((address, at) => [address, places[at] as number]));
      };
      const spread = await placeOf();
      assert.equal(spread.get('ann@example.com'), spread.get('emil@example.com'));
      assert.equal(spread.get('ann@example.com'), spread.get('carl@example.com'));
      assert.ok(new Set(spread.values()).size > 1);
      assert.deepEqual(await portraits(directory), before);
      const addresses = ['bob@example.com', 'dora@example.com', 'carl@example.com'];
      await assert.rejects(
        bringTogether({ directory, addresses: ['nobody@example.com'] }),
        /there is no account nobody@example\.com/,
      );
      const { moved, stayed } = await bringTogether({ directory, addresses });
      assert.ok(moved > 0);
      assert.deepEqual(stayed, []);
      const together = await placeOf();
      assert.deepEqual(
        new Set(together.values()),
        new Set([spread.get('ann@example.com')]),
        'where most of them were',
      );
      assert.deepEqual(await portraits(directory), before);
      assert.equal((await bringTogether({ directory, addresses })).moved, 0, 'once is enough');
    }));

  for (const step of ['cleared', 'copied', 'switched'] as const satisfies readonly MoveStep[])
    it(`stopped when an account was ${step}, bringing together goes on to the same place`, () =>
      inDirectory(async (directory) => {
        await prepare(directory);
        await reshard({ directory, shards: 2 });
        const before = await portraits(directory);
        const stop = (at: MoveStep): void => {
          if (at === step) throw new Error('stopped');
        };
        const addresses = [
          'bob@example.com',
          'ann@example.com',
          'carl@example.com',
          'dora@example.com',
          'emil@example.com',
        ];
        await assert.rejects(bringTogether({ directory, addresses, onStep: stop }), /stopped/);
        assert.deepEqual(await portraits(directory), before, 'served in between');
        await bringTogether({ directory, addresses });
        assert.equal(new Set(await placesIn(directory)).size, 1);
        assert.deepEqual(await portraits(directory), before);
      }));

  it('an accounts.db from before is noticed, and mended', () =>
    inDirectory(async (directory) => {
      const before = await prepare(directory);
      const accounts = join(directory, 'accounts.db');
      await reshard({ directory, shards: 3 });
      const db = new DatabaseSync(accounts);
      db.exec(`UPDATE account SET shard = 0`);
      db.close();
      await assert.rejects(openTestDomain({ data: directory }), /which accounts\.db has in shard-00/);
      await (await openTestDomain({ data: directory, mends: true })).close();
      assert.deepEqual(await portraits(directory), before);
    }));

  for (const step of ['cleared', 'copied', 'switched'] as const satisfies readonly MoveStep[]) {
    it(`stopped when an account was ${step}, it goes on`, () =>
      inDirectory(async (directory) => {
        const before = await prepare(directory);
        const stop = (at: MoveStep): void => {
          if (at === step) throw new Error('stopped');
        };
        await assert.rejects(reshard({ directory, shards: 4, onStep: stop }), /stopped/);
        assert.deepEqual(await portraits(directory), before, 'served in between');
        await reshard({ directory, shards: 4 });
        assert.deepEqual((await placesIn(directory)).toSorted(), [0, 0, 1, 2, 3]);
        assert.deepEqual(await portraits(directory), before);
      }));
  }
});

it('every table of a shard is moved, or is known not to be', () => {
  const db = new Database(IN_MEMORY);
  migrate(db, MAIL_SCHEMA, { mayBeEmpty: true });
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all();
  db.close();
  const known = [...TABLES.map(({ name }) => name), ...OTHER_TABLES].sort();
  assert.deepEqual(
    tables.map(([name]) => name).filter((name) => !String(name).startsWith('sqlite_')),
    known,
  );
});
