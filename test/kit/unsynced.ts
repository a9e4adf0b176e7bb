/**
 * A folder for stores that are tested for what they hold, and not for what outlives a power cut: memory, where there is enough of it.
 * A store of three shards syncs thousands of times in its contract.
 */
import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';

const MEMORY = '/dev/shm';
const LEAST_BYTES = 2 ** 30;

export const UNSYNCED = hasRoom() ? MEMORY : tmpdir();

function hasRoom(): boolean {
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize > LEAST_BYTES;
  } catch {
    return false;
  }
}
