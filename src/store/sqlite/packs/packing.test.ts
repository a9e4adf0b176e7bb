/** Packs in a store: what goes is gone, what is damaged hits nobody else, what is lost of the database packs tell. */
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { EmailId } from '../../../mailbox/model/model.ts';
import type { MailStore } from '../../../mailbox/port/store.ts';
import {
  ALICE,
  aBatch,
  anEmail,
  BOB,
  bytesOf,
  collect,
  commit,
  email,
  someBytes,
  staged,
} from '../../fixtures.ts';
import { bufferOf, Database } from '../database.ts';
import { openSqliteStore } from '../open.ts';
import { reshard } from '../reshard.ts';
import { findPacked } from '../salvage/packed.ts';
import { lastBlobBefore, noteBlobs } from './blob-age.ts';
import { COLUMNS, type Column, FactColumn, type StoredParts } from './fact-block.ts';
import { PACK_NAME } from './format.ts';
import { PackFiles, packsIn } from './pack-files.ts';
import type { PackSurvey } from './pack-work.ts';
import { chosen } from './rewriting.ts';

const HOUR_MS = 3600_000;
const DAY_MS = 24 * HOUR_MS;

let data = '';
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'brevduva-packing-'));
});
afterEach(() => rmSync(data, { recursive: true, force: true }));

const packs = (): string => join(data, 'shard-00', 'packs');
const open = (): Promise<MailStore> => openSqliteStore({ directory: data });

const attached = (bytes: Buffer): string => bytes.toString('base64').replace(/.{76}(?=.)/g, '$&\r\n');

function aMessage(text: string, attachment: Buffer): Buffer {
  return Buffer.from(
    `Subject: ${text} in the subject\r\n\r\n${text} in the text\r\n--b\r\n\r\n${attached(attachment)}\r\n--b--\r\n`,
  );
}

async function keep(store: MailStore, all: readonly Buffer[], modseq = 0, account = ALICE): Promise<void> {
  const emails = [];
  for (const [i, bytes] of all.entries()) {
    const id = email(modseq * 1000 + i + 1, account);
    const known = bytes.subarray(0, 100);
    const facts = { envelope: known, header: known, preview: known, search: known };
    emails.push(anEmail(id, await staged(store, bytes, [account]), facts));
  }
  await commit(store, aBatch(modseq, { account, emails }));
}

/** Every file below the folder, as it is and with the frames of packs and the blocks of facts opened. */
function everythingIn(folder: string): { readonly path: string; readonly bytes: Buffer }[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return everythingIn(path);
    const found = [{ path, bytes: readFileSync(path) as Buffer }];
    if (entry.name === 'meta.db') found.push(...blocksIn(path));
    if (!PACK_NAME.test(entry.name)) return found;
    const files = new PackFiles(folder);
    const pack = Number.parseInt(entry.name, 16);
    const { index } = files.facts(pack);
    for (let at = 48; at < index; ) {
      found.push({ path, bytes: Buffer.from(files.frame(pack, at)) });
      at = files.extent(pack, at).next;
    }
    files.close();
    return found;
  });
}

function blocksIn(path: string): { readonly path: string; readonly bytes: Buffer }[] {
  const db = new Database(path, { isReadOnly: true });
  const rows = db.prepare('SELECT id, wire, listing, search FROM fact_block').all();
  db.close();
  const names = Object.keys(COLUMNS) as Column[];
  return rows.flatMap(([id, ...columns]) =>
    columns.map((stored, i) => {
      const column = FactColumn.open(names[i] as Column, id as number, bufferOf(stored));
      const known = column.numbers.flatMap((number) => {
        const parts: StoredParts = {};
        column.read(number, COLUMNS[names[i] as Column], parts);
        return Object.values(parts) as Buffer[];
      });
      return { path: `${path}, ${names[i]}`, bytes: Buffer.concat(known) };
    }),
  );
}

/** In base64 at each place where octets may begin in it, without the characters that depend on what is around. */
function phasesOf(marker: string): string[] {
  return [0, 1, 2].map((n) =>
    Buffer.from('x'.repeat(n) + marker)
      .toString('base64')
      .slice(4, -4),
  );
}

describe('what has gone', () => {
  it('is nowhere any more, in no file and in no form', async () => {
    const marker = 'MARKER-which-nobody-may-find';
    const attachment = Buffer.concat([
      someBytes(9000, 3),
      Buffer.from(marker.repeat(40)),
      someBytes(9000, 4),
    ]);
    const store = await open();
    const others = Array.from({ length: 40 }, (_, i) => aMessage(`number ${i}`, someBytes(6000, i % 5)));
    await keep(store, [
      ...others,
      aMessage(marker, attachment),
      Buffer.concat([aMessage(marker, attachment), someBytes(90_000)]),
    ]);
    await store.packing.compact();
    const forms = [marker, ...phasesOf(marker)];
    const hits = (): string[] =>
      everythingIn(data)
        .filter(({ bytes }) => forms.some((form) => bytes.includes(form)))
        .map(({ path }) => path);
    assert.ok(hits().length > 0, 'it is there at first');
    assert.ok(
      hits().some((path) => path.endsWith(', listing')),
      'and what is known of it',
    );
    await commit(store, aBatch(1, { released: [email(41), email(42)] }));
    await store.packing.compact();
    assert.deepEqual(hits(), [], 'nor in the log of the database while it runs');
    await store.close();
    assert.deepEqual(hits(), []);
    const again = await open();
    for (const [i, bytes] of others.entries()) assert.ok((await bytesOf(again, email(i + 1)))?.equals(bytes));
    assert.deepEqual(await collect(again.inspect(false)), []);
    await again.close();
  });

  it('is chosen by its age, by how much it is, and with what is small', () => {
    const one = (pack: number, rest: Partial<PackSurvey>): PackSurvey => ({
      ...{ pack, createdMs: 100 * DAY_MS, fileBytes: 40_000_000, entries: 100, live: 100, deadShare: 0 },
      ...rest,
    });
    const numbers = (packs: PackSurvey[], nowMs: number, isGentle = true) =>
      chosen(packs, nowMs, isGentle).map((group) => group.map(({ pack }) => pack));
    const whole = one(1, {});
    const fresh = one(2, { live: 99, deadShare: 0.01, createdMs: 99 * DAY_MS });
    const old = one(3, { live: 99, deadShare: 0.01, createdMs: 93 * DAY_MS });
    const empty = one(4, { live: 50, deadShare: 0.5 });
    assert.deepEqual(numbers([whole, fresh, old, empty], 100 * DAY_MS), [[3], [4]]);
    assert.deepEqual(numbers([whole, fresh, old, empty], 100 * DAY_MS, false), [[2], [3], [4]]);
    const small = Array.from({ length: 16 }, (_, i) => one(10 + i, { fileBytes: 1_000_000 }));
    assert.equal(numbers([whole, ...small.slice(1)], 100 * DAY_MS).length, 0);
    assert.deepEqual(numbers([whole, ...small], 100 * DAY_MS), [small.map(({ pack }) => pack)]);
  });
});

describe('the age of mail', () => {
  it('is known by the hour, and never taken for more', async () => {
    await (await open()).close();
    const db = new Database(join(data, 'shard-00', 'meta.db'));
    for (let hour = 0; hour <= 200; hour++) noteBlobs(db, hour * HOUR_MS + 5, hour * 10, 48 * HOUR_MS);
    const now = 200 * HOUR_MS + 5;
    assert.equal(lastBlobBefore(db, now, 48 * HOUR_MS), 1510);
    assert.equal(lastBlobBefore(db, now, 1000 * HOUR_MS), 0);
    assert.ok((db.value("SELECT count(*) FROM store WHERE key LIKE 'blobs before%'") as number) <= 51);
    db.close();
  });
});

describe('a pack that is damaged', () => {
  it('takes no message with it but those in the frame, and the check names them', async () => {
    const store = await open();
    const all = Array.from({ length: 90 }, (_, i) => Buffer.from(`${i}`.repeat(9000 + i)));
    await keep(store, all);
    await store.packing.compact();
    await store.close();
    const [pack = 0] = packsIn(packs());
    const path = new PackFiles(packs()).path(pack);
    const bytes = readFileSync(path);
    bytes[90] = (bytes[90] as number) ^ 4;
    writeFileSync(path, bytes);
    const again = await open();
    const ids = all.map((_, i) => email(i + 1));
    const verdicts = await again.verifyEmails(ids);
    const read = await again.readRanges(ids.map((id) => ({ email: id, start: 0, end: 1e6 })));
    const hit = verdicts.filter((one) => one === 'damaged').length;
    assert.ok(hit > 0 && hit < 40, `${hit}`);
    for (const [i, verdict] of verdicts.entries())
      assert.equal(read[i]?.equals(all[i] as Buffer) ?? false, verdict === 'ok', `message ${i}`);
    await again.packing.compact();
    assert.deepEqual(await again.verifyEmails(ids), verdicts, 'and nothing makes it worse');
    await again.close();
  });

  it('or missing is named by the check, with every message in it', async () => {
    const store = await open();
    await keep(store, [aMessage('one', someBytes(9000)), aMessage('two', someBytes(9000))]);
    await store.packing.compact();
    for (const pack of packsIn(packs())) unlinkSync(new PackFiles(packs()).path(pack));
    const hit = new Set<EmailId | undefined>();
    for (const { email: id } of await collect(store.inspect(true))) hit.add(id);
    assert.deepEqual(hit, new Set([email(1), email(2)]));
    await store.close();
  });

  it('that nobody refers to, or is not whole, goes at the next start', async () => {
    const store = await open();
    await keep(store, [aMessage('one', someBytes(9000))]);
    await store.packing.compact();
    await store.close();
    const [pack = 0] = packsIn(packs());
    const files = new PackFiles(packs());
    const [stray, unfinished] = [files.path(pack + 7), `${files.path(pack + 8)}.tmp`];
    for (const path of [stray, unfinished]) writeFileSync(path, readFileSync(files.path(pack)));
    const again = await open();
    assert.deepEqual(
      [existsSync(stray), existsSync(unfinished), existsSync(files.path(pack))],
      [false, false, true],
    );
    await again.close();
  });
});

describe('rows that are lost', () => {
  it('are found again in the packs, and the parts of messages with them', async () => {
    const store = await open();
    const all = Array.from({ length: 30 }, (_, i) => aMessage(`number ${i}`, someBytes(6000, i % 4)));
    await keep(store, all);
    await store.packing.compact();
    await commit(store, aBatch(1, { released: [email(3)] }));
    await store.close();
    const db = new Database(join(data, 'shard-00', 'meta.db'));
    db.exec('DELETE FROM blob; DELETE FROM part_use; DELETE FROM part');
    findPacked(db, packs());
    db.close();
    const again = await open();
    for (const [i, bytes] of all.entries())
      if (i !== 2) assert.ok((await bytesOf(again, email(i + 1)))?.equals(bytes), `message ${i}`);
    assert.deepEqual(await collect(again.inspect(false)), []);
    // A number that a pack knows is given to nobody else.
    await keep(again, [someBytes(100)], 2);
    await again.packing.compact();
    assert.ok((await bytesOf(again, email(2001)))?.equals(someBytes(100)));
    assert.deepEqual(await collect(again.inspect(false)), []);
    await again.close();
  });
});

describe('what is known of packed mail', () => {
  const ids = Array.from({ length: 120 }, (_, i) => email(i + 1));
  const known = (store: MailStore) => store.loadEmails(ids, ['envelope', 'preview', 'sort']);

  async function packed(): Promise<Database> {
    const store = await open();
    await keep(
      store,
      ids.map((id) => Buffer.from(`Subject: ${id}\r\n\r\n${id} and more\r\n`.repeat(20))),
    );
    await store.packing.compact();
    await store.close();
    return new Database(join(data, 'shard-00', 'meta.db'));
  }

  it('is in blocks, and no row has it', async () => {
    const db = await packed();
    assert.deepEqual(db.prepare('SELECT sum(count), count(*) FROM fact_block').get(), [120, 3]);
    assert.equal(db.value('SELECT count(*) FROM derived'), 0);
    assert.equal(db.value("SELECT count(*) FROM email WHERE envelope >= 0 OR facts <> x''"), 0);
    db.close();
  });

  it('is lost with its block and no further, and is computed anew', async () => {
    const db = await packed();
    const [first, second] = db.prepare('SELECT id FROM fact_block ORDER BY id').all();
    const wire = bufferOf(db.prepare('SELECT wire FROM fact_block WHERE id = ?').get(first?.[0] ?? 0)?.[0]);
    wire[wire.length - 9] = (wire[wire.length - 9] as number) ^ 1;
    db.prepare('UPDATE fact_block SET wire = ? WHERE id = ?').run(wire, first?.[0] ?? 0);
    db.prepare('DELETE FROM fact_block WHERE id = ?').run(second?.[0] ?? 0);
    db.close();
    const store = await open();
    const found = await known(store);
    assert.deepEqual(
      found.map((one) => one?.envelope !== undefined),
      ids.map((_, i) => i >= 96),
    );
    assert.ok(await bytesOf(store, email(1)), 'and its octets are read');
    const {
      id: _,
      sizeBytes: __,
      blob: ___,
      ...facts
    } = anEmail(email(7), await staged(store, someBytes(9)));
    await commit(store, aBatch(1, { facts: ids.slice(0, 96).map((id) => ({ email: id, facts })) }));
    await store.packing.compact();
    const again = await known(store);
    assert.ok(again.every((one) => one?.envelope !== undefined && one.sort !== undefined));
    assert.deepEqual(await collect(store.inspect(false)), []);
    await store.close();
  });

  it('is put together with others when little is left, and waits when it is few', async () => {
    const db = await packed();
    db.close();
    const blocks = (): unknown => {
      const now = new Database(join(data, 'shard-00', 'meta.db'));
      const counts = now.prepare('SELECT count FROM fact_block ORDER BY id').all().flat();
      now.close();
      return counts;
    };
    assert.deepEqual(blocks(), [48, 48, 24]);
    const store = await open();
    await commit(store, aBatch(1, { released: ids.filter((_, i) => i % 3 !== 0) }));
    await store.packing.compact();
    const left = ids.filter((_, i) => i % 3 === 0);
    const found = await store.loadEmails(left, ['sort']);
    assert.deepEqual(
      found.map((one) => `${one?.sort}`),
      left.map((id) => `sort ${id}`),
    );
    await store.close();
    assert.deepEqual(blocks(), [40]);
  });
});

describe('an account with packed mail', () => {
  it('moves to another shard, octet for octet', async () => {
    const store = await open();
    const made = await store.directory.create(
      ['ann', 'bob'].map((name) => ({ address: `${name}@example.com`, credentials: [], createdMs: 1 })),
    );
    assert.equal(made.length, 2);
    const all = Array.from({ length: 12 }, (_, i) => aMessage(`number ${i}`, someBytes(6000, i % 4)));
    await keep(store, all, 0, ALICE);
    await keep(store, all, 0, BOB);
    await store.packing.compact();
    await store.close();
    assert.equal((await reshard({ directory: data, shards: 2 })).moved, 1);
    const again = await open();
    for (const account of [ALICE, BOB])
      for (const [i, bytes] of all.entries())
        assert.ok((await bytesOf(again, email(i + 1, account)))?.equals(bytes));
    const [facts] = await again.loadEmails([email(12, BOB)], ['preview']);
    assert.ok(all[11]?.subarray(0, 100).equals(facts?.preview as Buffer));
    assert.deepEqual(await collect(again.inspect(false)), []);
    await again.close();
  });
});
