/**
 * Who can read the mail besides its owner. What this program makes, it makes for its owner alone; a folder that was there
 * before, a copy that was put back or an older version may have left more.
 */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { dataOwner, type Owner } from '../admin/data-owner.ts';
import type { Log } from '../base/log.ts';

/** The rest is like the first ones. */
const MAX_NAMED = 5;
const MAX_ENTRIES = 100_000;

export interface OpenData {
  /** The first few: `accounts.db (644)`. */
  readonly named: readonly string[];
  readonly more: number;
  /** Some belong to another user, who ran something here once. */
  readonly hasStrangers: boolean;
  /** What puts it right. */
  readonly remedy: string;
}

/** Files and folders in which others may read or write, and those that belong to others; undefined when all is well. */
export async function findOpenData(data: string): Promise<OpenData | undefined> {
  const owner = dataOwner(data);
  if (owner === undefined) return undefined;
  const found = { named: [] as string[], more: 0, hasStrangers: false };
  let seen = 0;
  for (const folders = ['']; folders.length > 0 && seen < MAX_ENTRIES; ) {
    const folder = folders.pop() as string;
    const names = await readdir(join(data, folder)).catch((): string[] => []);
    for (const name of folder === '' ? ['', ...names] : names) {
      seen++;
      const path = join(folder, name);
      const stat = await lstat(join(data, path)).catch(() => undefined);
      if (stat === undefined || stat.isSymbolicLink()) continue;
      if (stat.isDirectory() && name !== '') folders.push(path);
      const isStrangers = stat.uid !== owner.uid && !(name === '' && stat.uid === 0);
      found.hasStrangers ||= isStrangers;
      if (!isStrangers && (stat.mode & 0o077) === 0) continue;
      if (found.named.length >= MAX_NAMED) found.more++;
      else found.named.push(describe(name === '' ? 'the folder itself' : path, stat, isStrangers));
    }
  }
  if (found.named.length === 0) return undefined;
  return { ...found, remedy: remedyOf(data, owner, found.hasStrangers) };
}

/** A folder that cannot be opened because of somebody else's files says so. */
export async function rethrowWithRemedy(error: unknown, data: string): Promise<never> {
  const open = error instanceof Error ? await findOpenData(data) : undefined;
  if (!(error instanceof Error) || !open?.hasStrangers) throw error;
  const message = `${error.message}; not all of it belongs to its owner: ${open.named.join(', ')}; to mend it: ${open.remedy}`;
  throw Object.assign(new Error(message, { cause: error }), { name: error.name });
}

export async function warnOfOpenData(data: string, log: Log): Promise<void> {
  const open = await findOpenData(data);
  if (open !== undefined) log.warn({ ...open }, OPEN_DATA);
}

export const OPEN_DATA = 'others than the owner of the data folder can read or change what is in it';

function describe(path: string, { mode, uid }: { mode: number; uid: number }, isStrangers: boolean): string {
  return `${path} (${isStrangers ? `of user ${uid}` : (mode & 0o777).toString(8)})`;
}

function remedyOf(data: string, owner: Owner, hasStrangers: boolean): string {
  const modes = `chmod -R go= ${data}`;
  return hasStrangers ? `chown -R ${owner.uid}:${owner.gid} ${data} && ${modes}` : modes;
}
