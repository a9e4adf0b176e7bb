/** What a set says of its snapshots: the same comes back, and whatever was changed in it is known. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { BackupError } from './backup-error.ts';
import { decodeManifest, encodeManifest, type Manifest, nextId } from './manifest.ts';

const SHA = 'a'.repeat(64);
const file = (path: string) => ({
  ...{ path, bytes: 5, sha256: SHA, mtimeMs: 12.5 },
  object: { sha256: SHA, bytes: 5, codec: 'raw' as const },
});
const manifest = (...paths: string[]): Manifest => ({
  ...{ id: '20261128T061838Z', createdMs: 1, version: '1.2.3' },
  files: paths.map(file),
});
const damaged = (error: unknown): boolean => error instanceof BackupError && error.code === 'damaged';

describe('the manifest of a snapshot', () => {
  it('is read as it was written', () => {
    const path = fc.stringMatching(/^[a-z0-9][\w@+-]{0,20}$/u);
    fc.assert(
      fc.property(fc.array(fc.array(path, { minLength: 1, maxLength: 4 }), { maxLength: 20 }), (paths) => {
        const one = manifest(...paths.map((parts) => parts.join('/')));
        assert.deepEqual(decodeManifest(encodeManifest(one), one.id), one);
      }),
    );
  });

  it('is refused when an octet of it is another, or it is cut', () => {
    const octets = encodeManifest(manifest('accounts.db', 'shard-00/meta.db'));
    fc.assert(
      fc.property(fc.nat(octets.length - 2), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const broken = Buffer.from(octets);
        broken[at] = (broken[at] as number) ^ flip;
        assert.throws(() => decodeManifest(broken, 'it'), BackupError);
        assert.throws(() => decodeManifest(octets.subarray(0, at), 'it'), damaged);
      }),
    );
  });

  it('names nothing outside of the folder that it is put into', () => {
    for (const path of ['../a', '/etc/passwd', 'a/../b', 'a//b', '.', '', 'a/', '.hidden', 'a\0b', 'a\\b'])
      assert.throws(() => decodeManifest(encodeManifest(manifest(path)), 'it'), damaged, path);
  });

  it('is named by its time', () => {
    const ms = Date.UTC(2026, 10, 28, 6, 18, 38, 999);
    const id = '20261128T061838Z';
    assert.equal(nextId([], ms), id);
    assert.equal(nextId(['20261128T061837Z'], ms), id);
    assert.equal(nextId([id], ms), `${id}-2`);
    assert.equal(nextId([id, `${id}-2`, `${id}-10`], ms), `${id}-11`);
    assert.equal(nextId([`${id}-2`], ms), `${id}-3`, 'behind one that stayed');
  });

  it('is the last, whatever the clock says', () => {
    const hour = fc
      .integer({ min: -3000, max: 3000 })
      .map((hours) => Date.UTC(2026, 0, 1) + hours * 3_600_000);
    fc.assert(
      fc.property(fc.array(hour, { maxLength: 40 }), fc.nat(3), (times, kept) => {
        let ids: string[] = [];
        for (const ms of times) {
          const id = nextId(ids, ms);
          const sorted = [...ids, id].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
          assert.deepEqual(sorted, [...ids, id]);
          ids = sorted.slice(-kept - 1);
        }
      }),
    );
    const ahead = '20361128T061838Z';
    assert.equal(
      nextId([ahead], Date.UTC(2026, 10, 28)),
      `${ahead}-2`,
      'behind one of a clock that was ahead',
    );
  });
});
