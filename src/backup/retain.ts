/** Which snapshots stay, and the objects that none of those needs any more, or that a run that was stopped has left. */
import { BackupError } from './backup-error.ts';
import type { BackupSet } from './backup-set.ts';
import { manifestName, OBJECTS, objectName } from './place.ts';
import type { SetLock } from './set-lock.ts';

export interface Retained {
  readonly keptSnapshots: number;
  readonly removedSnapshots: number;
  readonly removedObjects: number;
  readonly removedBytes: number;
  readonly problems: readonly string[];
}

/**
 * The newest `keep`; without it all, and nothing is looked at. Where a snapshot that stays cannot be read, nothing is removed: nobody knows
 * what it needs.
 */
export async function retain(set: BackupSet, lock: SetLock, keep: number | undefined): Promise<Retained> {
  const { place } = set;
  const ids = await set.ids();
  const removed = { removedSnapshots: 0, removedObjects: 0, removedBytes: 0 };
  if (keep === undefined) return { keptSnapshots: ids.length, ...removed, problems: [] };
  const kept = ids.slice(-keep);
  const needed = new Set<string>();
  const problems: string[] = [];
  for (const id of kept) {
    try {
      for (const { object } of (await set.manifest(id)).files) needed.add(objectName(object.sha256));
    } catch (error) {
      if (!(error instanceof BackupError)) throw error;
      problems.push(`${error.message}; nothing is removed from the backup before it is: ${manifestName(id)}`);
    }
  }
  if (problems.length > 0) return { keptSnapshots: ids.length, ...removed, problems };
  await lock.assertHeld();
  for (const id of ids.slice(0, ids.length - kept.length)) {
    await place.remove(manifestName(id));
    removed.removedSnapshots++;
  }
  await place.settle();
  for await (const { name, bytes } of place.list(OBJECTS)) {
    if (needed.has(name)) continue;
    await place.remove(name);
    removed.removedObjects++;
    removed.removedBytes += bytes;
  }
  return { keptSnapshots: kept.length, ...removed, problems };
}
