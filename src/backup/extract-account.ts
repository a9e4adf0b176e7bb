/**
 * Of a snapshot as much as is needed to read the mail of one account: the accounts, the database of the shard that has it, and those files
 * beside that which its messages are in. It is a data folder with one of its shards, for reading alone.
 */
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { shardName } from '../store/sqlite/agreement.ts';
import { accountIn, filesOf, readyPart, type SnapshotAccount } from '../store/sqlite/snapshot/restored.ts';
import { BackupError } from './backup-error.ts';
import { BackupSet } from './backup-set.ts';
import type { Progress } from './make-backup.ts';
import type { ManifestFile } from './manifest.ts';
import type { Place } from './place.ts';
import { roomError, writeFiles } from './restore.ts';

export interface ExtractRequest {
  readonly place: Place;
  /** Of the newest of this time, or the newest of all; see `BackupSet.find`. */
  readonly at?: string;
  /** In its canonical spelling. */
  readonly address: string;
  /** An empty folder. */
  readonly into: string;
  readonly onProgress: (progress: Progress) => void;
}

export interface Extracted extends SnapshotAccount {
  /** Of the snapshot. */
  readonly snapshot: string;
  readonly createdMs: number;
}

/** Throws BackupError; `usage` when the account was not there then. */
export async function extractAccount(request: ExtractRequest): Promise<Extracted> {
  const { place, address, into } = request;
  const set = await BackupSet.open(place);
  const { id, createdMs, files } = await set.manifest(await set.find(request.at));
  const write = async (names: readonly string[]): Promise<void> => {
    const wanted = named(files, names, id);
    await assertRoom(into, wanted);
    await writeFiles(place, wanted, { data: into, onProgress: request.onProgress });
  };
  await write(['accounts.db']);
  const account = accountIn(join(into, 'accounts.db'), address);
  if (account === undefined)
    throw new BackupError('usage', `there was no account ${address} in the snapshot ${id}`);
  const shard = shardName(account.shard);
  await write([`${shard}/meta.db`]);
  await readyPart(into, createdMs, account.shard);
  const beside = filesOf(join(into, shard, 'meta.db'), account.id).map((name) => `${shard}/${name}`);
  // What the data folder had lost before is not in the backup: its messages are named when they are read.
  const there = new Set(files.map(({ path }) => path));
  await write(beside.filter((name) => there.has(name)));
  return { ...account, snapshot: id, createdMs };
}

function named(files: readonly ManifestFile[], names: readonly string[], id: string): ManifestFile[] {
  return names.map((name) => {
    const file = files.find(({ path }) => path === name);
    if (file === undefined) throw new BackupError('missing', `${name} is missing in the snapshot ${id}`);
    return file;
  });
}

async function assertRoom(folder: string, files: readonly ManifestFile[]): Promise<void> {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= bytes) return;
  throw roomError(
    `what is needed of the snapshot`,
    { bytes, folder, free: bavail * bsize },
    'TMPDIR names another folder',
  );
}
