/**
 * Whose a data folder is. One user owns everything in it: a file of somebody else's, left there by one command run as root,
 * is a file that the server cannot open the next time.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, type Stats, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
  /** For people: `brevduva`, or `the user with number 1000` when it has no name. */
  readonly name: string;
}

/** The owner of the accounts in it, else of the folder: a volume may belong to root, and what a service made in it does not. */
export function dataOwner(data: string): Owner | undefined {
  const stat = statOf(join(data, 'accounts.db')) ?? statOf(data);
  return stat === undefined ? undefined : ownerOf(stat);
}

/** Nobody has made a store there yet; whoever only looks must not be the first. */
export function isUnused(data: string): boolean {
  try {
    return !readdirSync(data).some((name) => name === 'accounts.db' || name.startsWith('shard-'));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

/** Of the nearest folder above one that is not there yet. */
export function ownerAbove(data: string): Owner {
  let folder = dirname(data);
  for (; statOf(folder) === undefined && folder !== dirname(folder); ) folder = dirname(folder);
  return ownerOf(statSync(folder));
}

/** Windows has no such numbers; there everything is ours. */
export function isOurs(owner: Owner | undefined): boolean {
  return owner === undefined || process.geteuid === undefined || owner.uid === process.geteuid();
}

export function isRoot(): boolean {
  return process.geteuid?.() === 0;
}

export function currentUser(): string {
  const uid = process.geteuid?.() ?? -1;
  return passwdLine(uid)?.[0] ?? `the user with number ${uid}`;
}

function ownerOf({ uid, gid }: Stats): Owner {
  const line = passwdLine(uid);
  if (line === undefined) return { uid, gid, name: `the user with number ${uid}` };
  return { uid, gid: Number(line[3]), name: line[0] as string };
}

/** Users may come from a directory service, which `getent` asks. */
function passwdLine(uid: number): readonly string[] | undefined {
  const isIts = (line: string): boolean => line.split(':')[2] === String(uid);
  const own = readFile('/etc/passwd').split('\n').find(isIts);
  if (own !== undefined) return own.split(':');
  const { stdout } = spawnSync('getent', ['passwd', String(uid)], { encoding: 'utf8', timeout: 5000 });
  return stdout?.split('\n').find(isIts)?.split(':');
}

function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Undefined also where this user may not look: then the folder itself says whose it is. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
