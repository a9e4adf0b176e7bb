/**
 * Where the control socket of a data directory is. A Unix socket's path has room for 107 octets; for a directory whose
 * path is longer it lies in a private directory below the system's temporary one, under a name derived from the path.
 * The private directory is that of the owner of the data, so that root finds the socket of a server that is not root's.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dataOwner, isOurs } from './data-owner.ts';
import { privateFolderProblem } from './private-folder.ts';

const MAX_PATH_BYTES = 103;

/** The data directory must exist. */
export function controlSocketPath(data: string): string {
  return socketPath(data, 'control');
}

/** Of any socket in the data directory. */
export function socketPath(data: string, name: string): string {
  const path = join(data, `${name}.sock`);
  if (Buffer.byteLength(path) <= MAX_PATH_BYTES) return path;
  const digest = createHash('sha256').update(realpathSync(data)).digest('hex').slice(0, 24);
  return join(privateDirectory(data), name === 'control' ? `${digest}.sock` : `${digest}-${name}.sock`);
}

/** Others can write to the temporary directory: one of this name that is not the owner's could catch passwords. */
function privateDirectory(data: string): string {
  const owner = dataOwner(data);
  const uid = owner?.uid ?? -1;
  const path = join(tmpdir(), `brevduva-${uid}`);
  if (isOurs(owner)) mkdirSync(path, { recursive: true, mode: 0o700 });
  const problem = privateFolderProblem(path, owner?.uid);
  // Where there is none, nobody listens.
  if (problem === 'is not there') return path;
  if (problem !== undefined)
    throw new Error(`${path} ${problem} and must be a directory of the owner of ${data} alone; remove it`);
  return path;
}
