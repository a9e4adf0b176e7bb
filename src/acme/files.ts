/**
 * What is kept below the data folder: the account's key, the certificate that is served, how the last tries ended, and what
 * authorities that check a name are shown. All of it for this user alone; each file is written beside and renamed, so that a
 * kill leaves the old one or the new one.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const ONLY_OURS = 0o600;
const FOLDER = 0o700;

export interface AcmePaths {
  /** For the host name: the chain and its key in one file, so that one without the other is never there. */
  readonly served: string;
  /** A folder of the same for each domain. */
  readonly domains: string;
  readonly account: string;
  readonly state: string;
  readonly challenges: string;
}

export function acmePaths(data: string): AcmePaths {
  const folder = join(data, 'acme');
  return {
    served: join(folder, 'served.pem'),
    domains: join(folder, 'domains'),
    account: join(folder, 'account.json'),
    state: join(folder, 'state.json'),
    challenges: join(folder, 'challenges'),
  };
}

export async function makeFolders({ challenges, domains }: AcmePaths): Promise<void> {
  await mkdir(challenges, { recursive: true, mode: FOLDER });
  await mkdir(domains, { recursive: true, mode: FOLDER });
}

/** `domain` in ASCII, judged by whoever asks. */
export function domainPath({ domains }: Pick<AcmePaths, 'domains'>, domain: string): string {
  return join(domains, `${domain}.pem`);
}

/** What a kill left behind. Nobody is at work when this is called. */
export async function cleanUp({ challenges, domains, state }: AcmePaths): Promise<void> {
  for (const folder of [challenges, domains, dirname(state)]) {
    const names = await readdir(folder);
    const left = names.filter((name) => folder === challenges || name.endsWith('.new'));
    for (const name of left) await rm(join(folder, name), { force: true });
  }
}

export async function writeWhole(path: string, text: string): Promise<void> {
  const beside = `${path}.${randomBytes(6).toString('hex')}.new`;
  const file = await open(beside, 'wx', ONLY_OURS);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(beside, path);
}

/** Undefined when it is not there. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

export async function removeIfThere(path: string): Promise<void> {
  await rm(path, { force: true });
}
