/** Which snapshots and objects stay in a set, and which of its snapshots is meant by a time. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, it } from 'node:test';
import { BackupError } from './backup-error.ts';
import { BackupSet } from './backup-set.ts';
import { sourceOf } from './file-source.ts';
import { FolderPlace } from './folder-place.ts';
import { type ManifestFile, nextId } from './manifest.ts';
import { OBJECTS, objectName } from './place.ts';
import { retain } from './retain.ts';
import { lockSet } from './set-lock.ts';

const root = mkdtempSync(join(tmpdir(), 'brevduva-retain-'));
after(() => rmSync(root, { recursive: true, force: true }));
let folder = '';
let place: FolderPlace;
let set: BackupSet;

beforeEach(async () => {
  folder = mkdtempSync(join(root, 'set-'));
  place = new FolderPlace(folder);
  set = await BackupSet.openOrBegin(place);
});

/** What the clock said that a name is of. */
const msOf = (id: string): number =>
  Date.parse(id.replace(/^(....)(..)(..)T(..)(..)(..)Z.*$/, '$1-$2-$3T$4:$5:$6Z'));

async function add(id: string, ...texts: string[]): Promise<void> {
  await addAt(id, msOf(id), ...texts);
}

async function addAt(id: string, createdMs: number, ...texts: string[]): Promise<void> {
  const files: ManifestFile[] = [];
  for (const text of texts) {
    const source = sourceOf(Buffer.from(text));
    const { bytes, sha256 } = source;
    await place.put(objectName(sha256), source);
    files.push({ path: text, bytes, sha256, mtimeMs: 0, object: { sha256, bytes, codec: 'raw' } });
  }
  await set.add({ id, createdMs, version: 'v', files });
}

async function objects(): Promise<number> {
  return (await Array.fromAsync(place.list(OBJECTS))).length;
}

describe('retention', () => {
  it('removes the oldest, and what none of the others needs', async () => {
    await add('20260101T000000Z', 'old', 'shared');
    await add('20260102T000000Z', 'middle', 'shared');
    await add('20260103T000000Z', 'new', 'shared');
    await place.put(objectName('f'.repeat(64)), sourceOf(Buffer.from('of a run that was killed')));
    writeFileSync(join(folder, 'objects', 'ff', 'half.part'), 'half');
    const lock = await lockSet(place);
    assert.equal((await retain(set, lock, undefined)).removedObjects, 0);
    const done = await retain(set, lock, 2);
    assert.deepEqual([done.keptSnapshots, done.removedSnapshots, done.removedObjects], [2, 1, 3]);
    assert.equal(await objects(), 3);
    assert.deepEqual(await set.ids(), ['20260102T000000Z', '20260103T000000Z']);
    await lock.release();
  });

  it('keeps what was just made, when the clock went back', async () => {
    const lock = await lockSet(place);
    for (const [n, at] of ['20361128T120000Z', '20261128T120000Z', '20261129T120000Z'].entries())
      await addAt(nextId(await set.ids(), msOf(at)), msOf(at), `text ${n}`);
    assert.equal((await retain(set, lock, 1)).removedSnapshots, 2);
    const [id = '', ...others] = await set.ids();
    assert.deepEqual(others, []);
    assert.equal((await set.manifest(id)).createdMs, msOf('20261129T120000Z'));
    assert.equal((await set.manifest(id)).files[0]?.path, 'text 2');
    await lock.release();
  });

  it('removes nothing without the lock, nor beside a snapshot that cannot be read', async () => {
    await add('20260101T000000Z', 'old');
    await add('20260102T000000Z', 'new');
    const lock = await lockSet(place);
    await assert.rejects(lockSet(place), (error: BackupError) => error.code === 'busy');
    writeFileSync(join(folder, 'lock'), '{}');
    await assert.rejects(retain(set, lock, 1), (error: BackupError) => error.code === 'busy');
    rmSync(join(folder, 'lock'));
    const again = await lockSet(place);
    writeFileSync(join(folder, 'snapshots', '20260102T000000Z.jsonl'), 'nonsense');
    const done = await retain(set, again, 1);
    assert.equal(done.problems.length, 1);
    assert.equal(await objects(), 2);
    await again.release();
  });
});

describe('a snapshot of a time', () => {
  it('is the newest whose clock said so', async () => {
    await add('20261127T120000Z', 'a');
    for (const at of ['20361128T120000Z', '20261128T120000Z', '20261129T120000Z'])
      await addAt(nextId(await set.ids(), msOf(at)), msOf(at), 'a');
    const [first, ahead, second, third] = await set.ids();
    for (const [at, id] of [
      ['2026-11-27', first],
      ['2026-11-28', second],
      ['2026-12-24', third],
      ['2036-12-01', third],
      [ahead as string, ahead],
    ] as const)
      assert.equal(await set.find(at), id, at);
  });

  it('is the newest of it or before', async () => {
    for (const id of ['20260101T120000Z', '20260102T120000Z', '20260102T120000Z-2', '20260102T120000Z-10'])
      await add(id, 'a');
    assert.equal(await set.find(undefined), '20260102T120000Z-10');
    for (const [at, id] of [
      ['2026-01-02', '20260102T120000Z-10'],
      ['2026-01-02 11:59', '20260101T120000Z'],
      ['2026-01-02T12:00:00Z', '20260102T120000Z-10'],
      ['20260102T120000Z', '20260102T120000Z'],
      ['2027-01-01', '20260102T120000Z-10'],
    ] as const)
      assert.equal(await set.find(at), id, at);
    for (const at of ['2025-12-31', 'then', '2026', ''])
      await assert.rejects(
        set.find(at),
        (error) => error instanceof BackupError && error.code === 'usage',
        at,
      );
  });
});
