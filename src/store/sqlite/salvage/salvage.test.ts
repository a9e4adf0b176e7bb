/** Each table and index of both databases loses its first page, so that SQLite cannot find any of its rows. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { runs } from '../../../../test/kit/runs.ts';
import { UNSYNCED } from '../../../../test/kit/unsynced.ts';
import { asUid } from '../../../mailbox/model/model.ts';
import type { MailStore } from '../../../mailbox/port/store.ts';
import {
  ALICE,
  aBatch,
  aChunk,
  aMailbox,
  anEmail,
  anExpunge,
  anId,
  anOutgoing,
  aPassword,
  aRow,
  aThread,
  bytesOf,
  collect,
  commit,
  email,
  INBOX,
  someBytes,
  staged,
} from '../../fixtures.ts';
import { Database, IN_MEMORY } from '../database.ts';
import { migrate } from '../migrate.ts';
import { openSqliteStore } from '../open.ts';
import { ACCOUNTS_SCHEMA } from '../schema/accounts.ts';
import { MAIL_SCHEMA } from '../schema/mail.ts';
import { fits, shapesOf } from './shapes.ts';

/** Enough of each that the first page of a table has none of its rows. */
const MANY = 600;
const PAGE_BYTES = 4096;
const MAIL = join('shard-00', 'meta.db');

let root = '';
let sound = '';
let whole: Seen;

interface Seen {
  readonly accounts: readonly string[];
  readonly row: unknown;
  readonly mailboxes: readonly unknown[];
  readonly chunks: number;
  readonly emails: number;
  readonly thread: number;
  readonly matches: number;
  readonly octets: readonly (string | undefined)[];
  readonly expunged: number;
  externalIds: number;
  readonly imported: readonly boolean[];
  readonly outgoing: number;
  readonly recipients: number;
  domains: number;
  keys: number;
  aliases: number;
}

before(async () => {
  root = mkdtempSync(join(UNSYNCED, 'brevduva-salvage-'));
  sound = join(root, 'sound');
  const store = await openSqliteStore({ directory: sound });
  await fill(store);
  whole = await look(store);
  await store.close();
});
after(() => rmSync(root, { recursive: true, force: true }));

const NAMED = 40;

async function fill(store: MailStore): Promise<void> {
  const people = Array.from({ length: MANY }, (_, i) => ({
    address: `person-${i}@example.com`,
    credentials: [aPassword('x'.repeat(100))],
    createdMs: i,
  }));
  await store.directory.create(people);
  const { domains } = store.directory;
  for (let n = 0; n < NAMED; n++) {
    const record = `v=DKIM1; k=rsa; p=${'A'.repeat(390)}`;
    const key = {
      algorithm: 'rsa',
      privateKey: 'x'.repeat(1700),
      record,
      state: 'active',
      sinceMs: n,
    } as const;
    const keys = ['a', 'b'].map((selector) => ({ ...key, selector }));
    await domains.create({ name: `d${n}.example`, createdMs: n, keys });
    const added = Array.from({ length: 20 }, (_, i) => `person-${i}@example.com`);
    await domains.changeAlias(`list@d${n}.example`, { added, createdMs: n });
  }
  const mailboxes = Array.from({ length: MANY }, (_, i) =>
    aMailbox({ id: (i + 1) as never, name: `Box ${i + 1}` }),
  );
  const numbers = { nextEmail: 2 * MANY + 1, nextMailbox: MANY + 1 };
  await commit(store, aBatch(0, { mailboxes, row: aRow({ modseq: 1, ...numbers }) }));
  let modseq = 1;
  for (let at = 0; at < MANY; at += 100) {
    const emails = [];
    for (let n = at + 1; n <= at + 100; n++) {
      const blob = await staged(store, someBytes(n % 100 === 0 ? 70_000 : 300, n));
      const thread = aThread(n % 3 === 0 ? n : 1, `id ${n}`, `id ${n - 1}`);
      emails.push(anEmail(email(n), blob, { parts: Buffer.alloc(500, `parts of ${n};`), thread }));
    }
    const each = Array.from({ length: 100 }, (_, i) => at + i + 1);
    await commit(
      store,
      aBatch(modseq, {
        emails,
        row: aRow({ modseq: modseq + 1, ...numbers }),
        chunks: each.map((n) => aChunk(n, `records of ${n}`)),
        history: each.map((n) => anExpunge(1000 + n)),
        externalIds: each.map((n) => ({ mailbox: INBOX, uid: asUid(n), id: `name-${n}` })),
        imported: each.map((n) => ({ mailbox: INBOX, key: keyOf(n) })),
        retained: each.map((n) => email(n)),
        outgoing: each.map((n) =>
          anOutgoing(MANY + n, { email: email(n), header: Buffer.alloc(300, `header ${n} `) }),
        ),
      }),
    );
    modseq++;
  }
}

const JUMPING = {
  changesFloor: 0,
  emailModseq: 0,
  mailboxModseq: 0,
  factsVersion: 0,
  unthreaded: 0,
  modseq: 0,
  nextUidValidity: 0,
  nextEmail: 0,
  nextMailbox: 0,
};
const NAMES = Array.from({ length: MANY }, (_, i) => anId(`id ${i + 1}`));
const keyOf = (n: number): Buffer => Buffer.alloc(16, `key ${n} `);

async function look(store: MailStore): Promise<Seen> {
  const loaded = await store.loadAccount(ALICE);
  const domains = await store.directory.domains.list();
  const octets: (string | undefined)[] = [];
  for (let n = 1; n <= MANY; n += 37)
    octets.push((await bytesOf(store, email(n)))?.toString('hex').slice(0, 40));
  octets.push((await bytesOf(store, email(MANY)))?.toString('hex').slice(0, 40));
  return {
    domains: domains.length,
    keys: domains.reduce((sum, { keys }) => sum + keys.length, 0),
    aliases: (await store.directory.domains.listAliases()).length,
    accounts: (await store.directory.list()).map(({ address }) => address),
    // The folder is a copy, and what is made anew begins a new epoch: numbers jump ahead.
    row: loaded && { ...loaded.row, ...JUMPING, usedBytes: 0, usedMessages: 0 },
    mailboxes: (loaded?.mailboxes ?? []).map((one) => ({ ...one, modseq: 0, uidNext: 0, expungedFloor: 0 })),
    chunks: (await store.loadChunks(ALICE, INBOX, 0, 9999)).length,
    emails: (await store.listEmails(ALICE, 0, 9999)).length,
    thread: await store.countThread(ALICE, 1),
    matches: (await store.loadThreadMatches(ALICE, NAMES, 'any', 9)).flat().length,
    octets,
    expunged: (await store.loadExpunged(ALICE, INBOX, 0 as never, 9999)).length,
    externalIds: (await store.loadExternalIds(ALICE, INBOX, 0, 9999)).length,
    imported: await store.whichImported(ALICE, INBOX, [keyOf(1), keyOf(MANY), keyOf(MANY + 1)]),
    outgoing: (await store.outgoing.list(0, 9999)).length,
    recipients: await store.outgoing.countRecipients(ALICE, 9999),
  };
}

function rootsOf(file: string, folder: string): readonly (readonly [name: string, page: number])[] {
  const db = new Database(join(folder, file));
  const rows = db
    .prepare('SELECT name, rootpage FROM sqlite_schema WHERE rootpage > 0 ORDER BY rootpage')
    .all();
  db.close();
  return rows.map(([name, page]) => [name as string, page as number]);
}

function damage(path: string, page: number, fill: number): void {
  const bytes = readFileSync(path);
  bytes.fill(fill, (page - 1) * PAGE_BYTES, page * PAGE_BYTES);
  writeFileSync(path, bytes);
}

describe('every table has a shape of its own', () => {
  for (const schema of [MAIL_SCHEMA, ACCOUNTS_SCHEMA]) {
    it(`of ${schema.applicationId.toString(16)}`, () => {
      const db = new Database(IN_MEMORY);
      migrate(db, schema, { mayBeEmpty: true });
      const shapes = shapesOf(db);
      for (const shape of shapes) {
        const values = shape.columns.map(({ type, isRowid }) => {
          if (isRowid) return null;
          return type === 'TEXT'
            ? shape.table === 'orphan_subscriptions'
              ? '[]'
              : 'x'
            : type === 'BLOB'
              ? Buffer.from(shape.table === 'buried' ? '{}' : 'x')
              : shape.table === 'remembered'
                ? 2 ** 32 + 1
                : 1;
        });
        const rowid = ['derived', 'rule_entry'].includes(shape.table) ? 2 ** 32 + 1 : 1;
        const row = { rowid: shape.hasRowid ? rowid : undefined, values, isDoubtful: false };
        assert.deepEqual(
          shapes.filter((one) => fits(one, row)).map(({ table }) => table),
          [shape.table],
        );
      }
      db.close();
    });
  }
});

/** What a page is full of: each of them on every second page, now these and now the others. */
const OCTETS = [0, 0xff];
const CHANCE = Date.now() % 6;
/** Of the tables and indexes: another third each time, or all. */
const SHARE = runs(1) > 1 ? 1 : 3;
/** Tables that say which addresses there are. */
const ADDRESS_TABLES = ['account', 'domain', 'alias'];

describe('a broken first page', () => {
  // The roots are known only when the folder is made.
  it('of any table or index keeps nothing shut, and a repair brings back what was there', async (t) => {
    for (const file of [MAIL, 'accounts.db']) {
      for (const [at, [name, page]] of rootsOf(file, sound).entries()) {
        if ((at + CHANCE) % SHARE !== 0) continue;
        const octets = runs(1) > 1 ? OCTETS : [OCTETS[(at + CHANCE) % 2] as number];
        await t.test(`${file}: ${name} (of ${octets.join(', ')})`, async () => {
          for (const octet of octets) {
            const folder = join(root, `${file.length}-${name}-${octet}`);
            cpSync(sound, folder, { recursive: true });
            damage(join(folder, file), page, octet);
            await opens(folder, file === 'accounts.db' && ADDRESS_TABLES.includes(name));
            await comesBack(folder, file, name);
            rmSync(folder, { recursive: true });
          }
        });
      }
    }
  });

  it('of the file itself is refused in words, and a repair brings back what was there', async () => {
    for (const file of [MAIL, 'accounts.db']) {
      const folder = join(root, `first-page-${file.length}`);
      cpSync(sound, folder, { recursive: true });
      damage(join(folder, file), 1, 0xff);
      const bytes = readFileSync(join(folder, file));
      await assert.rejects(openSqliteStore({ directory: folder }), {
        code: 'damaged',
        message: /restore .* from a backup, or let "brevduva check --repair"/,
      });
      assert.ok(readFileSync(join(folder, file)).equals(bytes), 'it is not touched');
      await comesBack(folder, file, 'sqlite_schema');
    }
  });

  it('with the last changes in the log alone: they come back as well', async () => {
    const folder = join(root, 'log');
    cpSync(sound, folder, { recursive: true });
    const store = await openSqliteStore({ directory: folder, checkpointBytes: 1e9 });
    const { row } = (await store.loadAccount(ALICE)) ?? assert.fail();
    await commit(store, aBatch(row.modseq, { chunks: [aChunk(5000, 'the last')] }));
    const killed = join(root, 'log-killed');
    cpSync(folder, killed, { recursive: true });
    await store.close();
    const path = join(killed, MAIL);
    damage(path, 1, 0);
    // The log has a page 1 of its own: SQLite would find its way by it.
    const log = readFileSync(`${path}-wal`);
    const again = await openSqliteStore({ directory: killed, mends: true });
    assert.equal((await again.loadChunks(ALICE, INBOX, 4999, 9)).length, 1);
    assert.ok(log.length > 0);
    await again.close();
  });

  it('is mended for nobody but who asks for it, and what is sound is left alone', async () => {
    const folder = join(root, 'sound-repaired');
    cpSync(sound, folder, { recursive: true });
    const store = await openSqliteStore({ directory: folder, mends: true });
    assert.deepEqual(await collect(store.inspect(true)), []);
    assert.deepEqual(await look(store), whole);
    await store.close();
    assert.deepEqual(
      readdirSync(join(folder, 'shard-00')).filter((name) => /damaged/.test(name)),
      [],
    );
  });
});

describe('a row that is damaged', () => {
  it('of an email keeps the message: the rest follows from its octets', async () => {
    const folder = join(root, 'row');
    cpSync(sound, folder, { recursive: true });
    const path = join(folder, MAIL);
    const bytes = readFileSync(path);
    // The row begins so: its length, its number, the length of its head, then what its columns are. Pages keep old copies of rows.
    const heads: number[] = [];
    for (
      let facts = bytes.indexOf('parts of 7;');
      facts >= 0;
      facts = bytes.indexOf('parts of 7;', facts + 501)
    ) {
      const head = bytes.lastIndexOf(Buffer.from([1, 2, 0]), facts) - 2;
      if (head > 0 && facts - head < 100) heads.push(head);
    }
    assert.ok(heads.length > 0, 'there are id, blob, size and prefix');
    // The facts are longer than they were, or not there at all.
    for (const [at, octet] of [
      [8, 0x04],
      [7, 0x40],
    ] as const) {
      const hit = Buffer.from(bytes);
      for (const head of heads) hit[head + at] = (hit[head + at] as number) ^ octet;
      writeFileSync(path, hit);
      const store = await openSqliteStore({ directory: folder, mends: true });
      const problems = await collect(store.inspect(true));
      assert.match(problems.map(({ what }) => what).join(), new RegExp(`email ${MANY} `), `at ${at}`);
      assert.deepEqual(await bytesOf(store, email(7)), someBytes(300, 7));
      const [listed] = await store.listEmails(ALICE, email(6), 1);
      assert.deepEqual(listed, { id: email(7), references: 2, sizeBytes: 300, thread: undefined });
      await store.close();
    }
  });
});

/** The server starts: whoever can be served is. */
async function opens(folder: string, areAccountsBroken: boolean): Promise<void> {
  const store = await openSqliteStore({ directory: folder });
  const problems = await collect(store.inspect(true));
  assert.ok(problems.length > 0);
  // Nobody is told that a person is not there who may be.
  const found = store.directory.find('nobody@example.com');
  if (areAccountsBroken) await assert.rejects(found, { code: 'unreadable' });
  else assert.equal(await found, undefined);
  await store.close();
}

const ON_FIRST_PAGES = [
  ['external_id', 'externalIds'],
  ['domain', 'domains'],
  ['domain_key', 'keys'],
  ['alias', 'aliases'],
] as const;

async function comesBack(folder: string, file: string, name: string): Promise<void> {
  const store = await openSqliteStore({ directory: folder, mends: true });
  const problems = await collect(store.inspect(true));
  const seen = await look(store);
  // A table without row numbers has rows on its first page, however large it is.
  const expected = { ...whole };
  for (const [table, counted] of ON_FIRST_PAGES) {
    const lost = whole[counted] - seen[counted];
    assert.ok(name === table ? lost >= 0 && lost < 8 : lost === 0, `${counted}: ${lost}`);
    expected[counted] = seen[counted];
  }
  assert.deepEqual(seen, expected, `${file}: ${name}: ${JSON.stringify(problems)}`);
  assert.deepEqual(await collect(store.inspect(false)), []);
  const [created] = await store.directory.create([
    { address: 'new@example.com', credentials: [aPassword('x')], createdMs: 1 },
  ]);
  assert.ok(created !== 'exists' && created !== undefined && created.id > MANY);
  await store.close();
}
