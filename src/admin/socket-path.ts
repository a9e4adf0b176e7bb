/**
 * Where the control socket of a data directory is. A Unix socket's path has room for 107 octets; for a directory whose
 * path is longer it lies in a private directory below the system's temporary one, under a name derived from the path.
 */
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, realpathSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

const MAX_PATH_BYTES = 103;

/** The data directory must exist. */
export function controlSocketPath(data: string): string {
  const path = join(data, 'control.sock');
  if (Buffer.byteLength(path) <= MAX_PATH_BYTES) return path;
  const digest = createHash('sha256').update(realpathSync(data)).digest('hex').slice(0, 24);
  return join(privateDirectory(), `${digest}.sock`);
}

/** Others can write to the temporary directory: one of this name that is not ours could catch passwords. */
function privateDirectory(): string {
  const { uid } = userInfo();
  const path = join(tmpdir(), `brevduva-${uid}`);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const stat = lstatSync(path);
  if (!stat.isDirectory() || (uid >= 0 && stat.uid !== uid) || (stat.mode & 0o077) !== 0) {
    throw new Error(`${path} must be a directory that belongs to this user alone; remove it`);
  }
  return path;
}
