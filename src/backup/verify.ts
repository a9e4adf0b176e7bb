/**
 * Whether everything that snapshots name is in the set and is what was put there: every object is read to its end, once. Of what is missing or
 * damaged it is said which files of a data folder it is.
 */
import { createHash } from 'node:crypto';
import { BackupError } from './backup-error.ts';
import type { BackupSet } from './backup-set.ts';
import type { Progress } from './make-backup.ts';
import type { ManifestFile } from './manifest.ts';
import { objectName } from './place.ts';

export interface VerifyRequest {
  readonly set: BackupSet;
  /** This snapshot alone; all when absent. */
  readonly id?: string;
  readonly onProgress: (progress: Progress) => void;
}

export interface VerifyReport {
  readonly snapshots: number;
  readonly objects: number;
  readonly bytes: number;
  readonly problems: readonly string[];
}

interface Named {
  readonly object: ManifestFile['object'];
  /** As a data folder calls it, in which snapshots. */
  readonly path: string;
  readonly ids: string[];
}

export async function verifySet({ set, id, onProgress }: VerifyRequest): Promise<VerifyReport> {
  const ids = id === undefined ? await set.ids() : [id];
  const problems: string[] = [];
  const objects = new Map<string, Named>();
  for (const one of ids) await gather(set, one, { objects, problems });
  const totalBytes = [...objects.values()].reduce((sum, { object }) => sum + object.bytes, 0);
  let bytes = 0;
  for (const [name, named] of objects) {
    onProgress({ path: named.path, bytes, totalBytes });
    const fault = await faultOf(set, name, named.object);
    if (fault !== undefined) problems.push(`${named.path} of ${named.ids.join(', ')}: ${fault}`);
    bytes += named.object.bytes;
  }
  return { snapshots: ids.length, objects: objects.size, bytes, problems };
}

async function gather(
  set: BackupSet,
  id: string,
  { objects, problems }: { readonly objects: Map<string, Named>; readonly problems: string[] },
): Promise<void> {
  try {
    for (const { path, object } of (await set.manifest(id)).files) {
      const name = objectName(object.sha256);
      const known = objects.get(name);
      if (known === undefined) objects.set(name, { object, path, ids: [id] });
      else if (known.ids.at(-1) !== id) known.ids.push(id);
    }
  } catch (error) {
    // One that was removed meanwhile is none.
    if (!(error instanceof BackupError) || error.code === 'place') throw error;
    if (error.code !== 'missing') problems.push(error.message);
  }
}

async function faultOf(
  set: BackupSet,
  name: string,
  object: ManifestFile['object'],
): Promise<string | undefined> {
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const piece of set.place.read(name)) {
      hash.update(piece);
      bytes += piece.length;
    }
  } catch (error) {
    if (!(error instanceof BackupError)) throw error;
    return error.message;
  }
  if (bytes !== object.bytes) return `${name} has ${bytes} octets, and ${object.bytes} were put there`;
  return hash.digest('hex') === object.sha256
    ? undefined
    : `${name} is damaged: it is not what was put there`;
}
