/**
 * What a store meets in the field: a killed process, a second process, a full disk, broken files, a newer schema.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../../config/load.ts';
import { OPTIONS } from '../../config/options.ts';
import type { EmailId } from '../../mailbox/model/model.ts';
import { type MailStore, StoreError } from '../../mailbox/port/store.ts';
import {
  ALICE,
  aBatch,
  aChunk,
  aMailbox,
  anEmail,
  aRow,
  bytesOf,
  collect,
  commit,
  email,
  INBOX,
  someBytes,
  staged,
} from '../fixtures.ts';
import { Database } from './database.ts';
import { MODSEQ_JUMP } from './lifecycle.ts';
import { LINEAGE_MODSEQ_JUMP } from './lineage.ts';
import { openSqliteStore } from './open.ts';

/** A copy of a live folder is a crash, and a copy. */
const JUMP = MODSEQ_JUMP + LINEAGE_MODSEQ_JUMP;

async function inDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'brevduva-trouble-'));
  try {
    await run(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const metaDb = (directory: string) => join(directory, 'shard-00', 'meta.db');

/** Emails 1, 2, ... of these sizes, with facts so large that each row has pages of its own. */
async function fill(directory: string, sizes: readonly number[]): Promise<void> {
  const store = await openSqliteStore({ directory });
  const emails = [];
  for (const [i, size] of sizes.entries()) {
    const parts = Buffer.alloc(3000, `parts of ${i + 1};`);
    emails.push(anEmail(email(i + 1), await staged(store, someBytes(size, i)), { parts }));
  }
  await commit(store, aBatch(0, { emails, chunks: [aChunk(1, 'one')], mailboxes: [aMailbox()] }));
  await store.close();
}

describe('a killed process', () => {
  it('leaves nothing stale and loses nothing that it said was durable', () =>
    inDirectory(async (directory) => {
      for (let round = 0; round < 3; round++) {
        const script = fileURLToPath(new URL('./killed-writer.ts', import.meta.url));
        const writer = spawn(process.execPath, [script, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
        let said = '';
        for await (const chunk of writer.stdout) {
          said += chunk;
          if (said.split('\n').length > 60) writer.kill('SIGKILL');
        }
        const durable = Number(said.trim().split('\n').at(-1));
        const store = await openSqliteStore({ directory });
        const stored = (await store.loadAccount(ALICE))?.row.modseq ?? 0;
        assert.ok(stored >= durable, `${durable} said, ${stored} stored`);
        const ids = (await store.listEmails(ALICE, 0, 10_000)).map((it) => it.id);
        assert.equal(ids.length, stored);
        assert.deepEqual(new Set(await store.verifyEmails(ids)), new Set(['ok']));
        assert.deepEqual(await collect(store.inspect(false)), []);
        await store.close();
      }
    }));
});

describe('ownership', () => {
  it('refuses a second opener and names the first, inside the process and from another', () =>
    inDirectory(async (directory) => {
      const store = await openSqliteStore({ directory });
      const refused = new RegExp(`in use by process ${process.pid}`);
      await assert.rejects(openSqliteStore({ directory }), refused);
      const script = fileURLToPath(new URL('./killed-writer.ts', import.meta.url));
      const other = spawnSync(process.execPath, [script, directory], { encoding: 'utf8' });
      assert.match(other.stderr, refused);
      await commit(store, aBatch(0));
      await store.close();
      await (await openSqliteStore({ directory })).close();
    }));

  it('refuses a newer schema, and a shard that has vanished', () =>
    inDirectory(async (directory) => {
      await fill(directory, [10]);
      const db = new Database(metaDb(directory));
      db.exec('PRAGMA user_version = 99');
      db.close();
      await assert.rejects(openSqliteStore({ directory }), /newer version/);
      renameSync(join(directory, 'shard-00'), join(directory, 'elsewhere'));
      await assert.rejects(openSqliteStore({ directory }), /meta\.db is missing/);
    }));

  it('keeps the number of shards that the directory was made with', () =>
    inDirectory(async (directory) => {
      await (await openSqliteStore({ directory, shards: 2 })).close();
      await (await openSqliteStore({ directory, shards: 5 })).close();
      assert.deepEqual(
        readdirSync(directory)
          .filter((name) => name.startsWith('shard'))
          .sort(),
        ['shard-00', 'shard-01'],
      );
      await assert.rejects(
        openSqliteStore({ directory: join(directory, 'x'), shards: 0 }),
        /number of shards/,
      );
    }));
});

describe('what the configuration may ask for', () => {
  const configured = (flags: Readonly<Record<string, string>>) => loadConfig({ env: {}, flags }, OPTIONS);

  it('can be had: the most shards that it takes, and both kinds of flags', () =>
    inDirectory(async (directory) => {
      const { shards, flags } = configured({ 'store.shards': '64', 'store.flags': 'delayed' }).store;
      const store = await openSqliteStore({ directory: join(directory, 'x'), shards, flags });
      await commit(store, aBatch(0));
      await store.close();
      assert.throws(() => configured({ 'store.shards': '65' }), /store\.shards/);
      const { flags: plain } = configured({}).store;
      await (await openSqliteStore({ directory: join(directory, 'y'), flags: plain })).close();
    }));

  it('is said by the names of this version, and 0.1 is understood', () => {
    assert.equal(configured({}).blobs.url, 'files:');
    assert.equal(configured({ 'blobs.url': 'packs:' }).blobs.url, 'packs:');
    assert.throws(() => configured({ 'blobs.url': 's3:' }), /only place for messages this version has/);
  });
});

describe('flags = "delayed"', () => {
  it('answers before the sync, and never gives a number twice after a crash', () =>
    inDirectory(async (directory) => {
      const crashed = join(directory, 'crashed');
      const store = await openSqliteStore({ directory: join(directory, 'live'), flags: 'delayed' });
      await commit(store, aBatch(0));
      await commit(store, aBatch(1, { deferrable: true }));
      execFileSync('cp', ['-r', join(directory, 'live'), crashed]);
      await store.close();

      const again = await openSqliteStore({ directory: crashed, flags: 'delayed' });
      const row = (await again.loadAccount(ALICE))?.row;
      assert.equal(row?.modseq, 2 + JUMP);
      assert.equal((await again.loadAccount(ALICE))?.row.modseq, 2 + JUMP);
      assert.equal((await again.write([aBatch(2)]).committed)[0]?.code, 'conflict');
      await commit(again, aBatch(2 + JUMP));
      await again.close();

      const clean = await openSqliteStore({ directory: crashed });
      assert.equal((await clean.loadAccount(ALICE))?.row.modseq, 3 + JUMP);
      await clean.close();
    }));
});

const isRoot = process.getuid?.() === 0;

describe('a full disk', { skip: isRoot ? false : 'needs root, to mount a small file system' }, () => {
  it('refuses with `full`, keeps all it had, and goes on when there is room', () =>
    inDirectory(async (directory) => {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', directory]);
      try {
        await fillUp(directory);
      } finally {
        execFileSync('umount', ['-l', directory]);
      }
    }));
});

async function fillUp(directory: string): Promise<void> {
  const ballast = [3_000_000, 1_000_000].map((size) => {
    const path = join(directory, `ballast-${size}`);
    writeFileSync(path, Buffer.alloc(size));
    return path;
  });
  const store = await openSqliteStore({ directory, checkpointBytes: 500_000 });
  const stored: number[] = [];
  let modseq = 0;
  const add = async (n: number, size: number): Promise<StoreError | undefined> => {
    try {
      const blob = await staged(store, someBytes(size, n));
      await commit(store, aBatch(modseq, { emails: [anEmail(email(n), blob)] }));
      modseq++;
      stored.push(n);
      return undefined;
    } catch (error) {
      assert.ok(error instanceof StoreError, `${error}`);
      return error;
    }
  };
  const addUntilFull = async (from: number, size: number) => {
    for (let n = from; n < from + 1000; n++) {
      const error = await add(n, size);
      if (error) {
        assert.equal(error.code, 'full', `${error.stack}`);
        return;
      }
    }
    assert.fail('the disk was never full');
  };
  const check = async (it: MailStore) => {
    const ids = stored.map((n) => email(n));
    assert.deepEqual(
      (await it.listEmails(ALICE, 0, 10_000)).map((row) => row.id),
      ids,
    );
    assert.deepEqual(new Set(await it.verifyEmails(ids)), new Set(['ok']));
    assert.deepEqual(await collect(it.inspect(false)), []);
  };
  await addUntilFull(1, 300_000);
  await addUntilFull(2000, 60_000);
  await addUntilFull(4000, 500);
  await check(store);
  rmSync(ballast[0] as string);
  assert.equal(await add(6000, 500), undefined);
  assert.equal(await add(6001, 200_000), undefined);
  await addUntilFull(7000, 60_000);
  await check(store);
  await store.close();
  // It may start with the room that the log of the accounts gives back; else it says why it does not.
  await openSqliteStore({ directory }).then(
    (opened) => opened.close(),
    (error: StoreError) => assert.equal(error.code, 'full'),
  );
  rmSync(ballast[1] as string);
  const again = await openSqliteStore({ directory });
  await check(again);
  await again.close();
}

describe('broken files', () => {
  const all = [2000, 3000, 100_000, 4000, 90_000, 5000];

  const read = async (store: MailStore): Promise<(number | undefined)[]> => {
    const ids = all.map((_, i) => email(i + 1));
    const found = await store.readRanges(ids.map((id) => ({ email: id, start: 0, end: 1e9 })));
    return found.map((it) => it?.length);
  };

  const overwrite = (
    path: string,
    find: (bytes: Buffer) => number,
    change: (bytes: Buffer, at: number) => void,
  ) => {
    const bytes = readFileSync(path);
    const at = find(bytes);
    assert.ok(at > 0, 'the place to break was found');
    change(bytes, at);
    writeFileSync(path, bytes);
  };

  const hit = (problems: readonly { readonly email?: EmailId }[]) => [
    ...new Set(problems.flatMap((it) => it.email ?? [])),
  ];

  it('a page of the database: one message is lost, named, and the others are there', () =>
    inDirectory(async (directory) => {
      await fill(directory, all);
      const zeroPage = (bytes: Buffer, at: number) =>
        bytes.fill(0, at - (at % 4096), at - (at % 4096) + 4096);
      overwrite(metaDb(directory), (bytes) => bytes.indexOf(`envelope ${email(4)}`), zeroPage);
      const store = await openSqliteStore({ directory });
      const facts = await store.loadEmails(
        all.map((_, i) => email(i + 1)),
        ['parts'],
      );
      assert.deepEqual(
        facts.map((it) => it?.parts?.length),
        [3000, 3000, 3000, undefined, 3000, 3000],
      );
      assert.deepEqual(await read(store), [2000, 3000, 100_000, undefined, 90_000, 5000]);
      assert.notEqual((await store.verifyEmails([email(4)]))[0], 'ok');
      const problems = await collect(store.inspect(true));
      assert.ok(problems.length > 0);
      assert.deepEqual(await read(store), [2000, 3000, 100_000, undefined, 90_000, 5000]);
      await commit(store, aBatch(1, { chunks: [aChunk(1, 'goes on')] }));
      await store.close();
    }));

  it('a flipped bit in a small and in a large message is found by verifying', () =>
    inDirectory(async (directory) => {
      await fill(directory, all);
      const flip = (bytes: Buffer, at: number) => bytes.writeUInt8((bytes[at + 20] as number) ^ 1, at + 20);
      overwrite(metaDb(directory), (bytes) => bytes.indexOf(someBytes(5000, 5).subarray(0, 100)), flip);
      const segments = join(directory, 'shard-00', 'segments');
      const [segment] = readdirSync(segments).sort() as [string];
      overwrite(
        join(segments, segment),
        (bytes) => bytes.indexOf(someBytes(100_000, 2).subarray(0, 100)),
        flip,
      );
      const store = await openSqliteStore({ directory });
      const verdicts = await store.verifyEmails(all.map((_, i) => email(i + 1)));
      assert.deepEqual(verdicts, ['ok', 'ok', 'damaged', 'ok', 'ok', 'damaged']);
      await store.close();
    }));

  it('a cut and a missing segment: the messages in it are named', () =>
    inDirectory(async (directory) => {
      await fill(directory, all);
      const segments = join(directory, 'shard-00', 'segments');
      const [segment] = readdirSync(segments).sort() as [string];
      truncateSync(join(segments, segment), 150_000);
      let store = await openSqliteStore({ directory });
      assert.deepEqual(hit(await collect(store.inspect(false))), [email(5)]);
      assert.deepEqual(await read(store), [2000, 3000, 100_000, 4000, undefined, 5000]);
      await assert.rejects(collect(store.readStream({ email: email(5), start: 0, end: 1e9 })), {
        code: 'damaged',
      });
      await store.close();
      rmSync(join(segments, segment));
      store = await openSqliteStore({ directory });
      assert.deepEqual(hit(await collect(store.inspect(false))), [email(3), email(5)]);
      assert.deepEqual(await store.verifyEmails([email(1), email(3)]), ['ok', 'damaged']);
      await store.close();
    }));

  it('a message in the place of another is not taken for it', () =>
    inDirectory(async (directory) => {
      await fill(directory, all);
      const db = new Database(metaDb(directory));
      db.exec('UPDATE blob SET offset = offset + 512 WHERE id = (SELECT blob FROM email WHERE size = 90000)');
      db.close();
      const store = await openSqliteStore({ directory });
      assert.deepEqual(hit(await collect(store.inspect(true))), [email(5)]);
      assert.deepEqual(await store.verifyEmails([email(3), email(5)]), ['ok', 'damaged']);
      await store.close();
    }));
});

describe('repairing', () => {
  it('beside writers, who wait for none of it, and whose work is not undone', () =>
    inDirectory(async (directory) => {
      await fill(directory, [2000, 100_000, 3000]);
      const db = new Database(metaDb(directory));
      db.exec(`
        UPDATE blob SET refs = refs + 5;
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
        INSERT INTO spool SELECT 1000 + i, randomblob(200) FROM n;
        INSERT INTO blob SELECT blob, 1, 200, 0, 0, 0, 0 FROM spool WHERE blob > 1000;
      `);
      db.close();
      const store = await openSqliteStore({ directory });
      let modseq = (await store.loadAccount(ALICE))?.row.modseq ?? 0;
      let isRepairing = true;
      const waits: number[] = [];
      const writing = (async () => {
        for (let n = 10; isRepairing; n++) {
          const start = performance.now();
          const blob = await staged(store, someBytes(500, n));
          // Two emails of the same octets, one of which goes again.
          const emails = [anEmail(email(n * 10), blob), anEmail(email(n * 10 + 1), blob)];
          await commit(store, aBatch(modseq++, { emails, row: aRow({ modseq: modseq as never }) }));
          await commit(
            store,
            aBatch(modseq++, { released: [email(n * 10)], row: aRow({ modseq: modseq as never }) }),
          );
          waits.push(performance.now() - start);
        }
      })();
      const repaired = await collect(store.inspect(true));
      isRepairing = false;
      await writing;
      assert.ok(repaired.length > 1000 && repaired.every((problem) => problem.repaired));
      assert.ok(waits.length > 20, `${waits.length} turns of the writer in ${repaired.length} repairs`);
      assert.deepEqual(await collect(store.inspect(false)), []);
      await store.close();
    }));

  it('sets counts right, removes what nobody refers to, gives a lost mailbox a row, touches no message', () =>
    inDirectory(async (directory) => {
      await fill(directory, [2000, 100_000, 3000]);
      const db = new Database(metaDb(directory));
      db.exec(`
        UPDATE blob SET refs = 7 WHERE id = 1;
        INSERT INTO blob VALUES (50, 1, 3, 0, 0, 0, 0), (51, 1, 3, 0, 1, 77, 32);
        INSERT INTO spool VALUES (50, 'abc'), (60, 'abc');
        INSERT INTO extra_reference VALUES (1, 1), (${email(1)}, 0);
        INSERT INTO chunk (mailbox, first, count, maxmod, records) VALUES (${ALICE * 2 ** 32 + 9}, 1, 1, 1, 'x');
      `);
      db.close();
      const store = await openSqliteStore({ directory });
      const found = await collect(store.inspect(false));
      assert.equal(found.length, 7, JSON.stringify(found, undefined, 1));
      assert.ok(found.every((problem) => !problem.repaired));
      const writing = commit(store, aBatch(1, { chunks: [aChunk(1, 'meanwhile')] }));
      const repaired = await collect(store.inspect(true));
      await writing;
      assert.equal(repaired.filter((problem) => problem.repaired).length, 7);
      assert.deepEqual(await collect(store.inspect(false)), []);
      const mailboxes = (await store.loadAccount(ALICE))?.mailboxes ?? [];
      const recovered = mailboxes.find(({ name }) => name === 'Recovered 9');
      assert.deepEqual([recovered?.exists, recovered?.uidNext], [1, 2]);
      assert.deepEqual(await store.loadBuried(ALICE), []);
      assert.deepEqual(await store.verifyEmails([email(1), email(2), email(3)]), ['ok', 'ok', 'ok']);
      await commit(store, aBatch(2, { released: [email(1), email(2)] }));
      assert.equal(await bytesOf(store, email(1)), undefined);
      assert.deepEqual(await collect(store.inspect(false)), []);
      assert.deepEqual((await store.loadChunks(ALICE, INBOX, 0, 9)).length, 1);
      await store.close();
    }));
});
