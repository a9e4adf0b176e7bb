/** This machine as the doctor sees it: disks, files, clock. Looks, and changes nothing. */
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readdir, readFile, stat, statfs } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { accountUri } from '../acme/account.ts';
import { acmePaths } from '../acme/files.ts';
import { readState } from '../acme/state.ts';
import { dataOwner, isOurs, isRoot } from '../admin/data-owner.ts';
import type { Config } from '../config/options.ts';
import type { CertificateFile, DataFolder, Disk, FileFacts, Machine } from '../doctor/world.ts';
import { selfSignedPaths } from '../net/self-signed.ts';
import { findOpenData } from './data-modes.ts';

/** statfs(2): where locks or syncs are not what the store takes them for. */
const DOUBTFUL: Readonly<Record<number, string>> = {
  26985: 'NFS',
  4283649346: 'CIFS',
  4266872130: 'SMB',
  1702057286: 'FUSE',
  16914839: '9p',
  16914836: 'tmpfs, which is memory',
};
const MAX_FILES = 1000;
const TIMEDATECTL_MS = 3000;

export function machineOf(config: Config): Machine {
  const { data } = config;
  return {
    disk,
    dataFolder: () => dataFolder(data),
    logFile: async (path) => ({ file: await factsOf(path), folder: await factsOf(dirname(path)) }),
    certificateFile: () => certificateFile(config),
    acmeState: () => readState(acmePaths(data)),
    acmeAccount: () => accountUri(acmePaths(data), config.acme.directory),
    newestFile: () => newestFile(data),
    isClockKept,
  };
}

/** Of all interfaces; a zone is of no use to others. */
export function ownAddresses(): readonly string[] {
  const all = Object.values(networkInterfaces()).flatMap((one) => one ?? []);
  return [...new Set(all.map(({ address }) => address))];
}

async function disk(path: string): Promise<Disk> {
  const { bavail, blocks, bsize, ffree, files, type } = await statfs(await nearest(path));
  const doubtful = DOUBTFUL[type >>> 0];
  return {
    freeBytes: bavail * bsize,
    totalBytes: blocks * bsize,
    freeFiles: ffree,
    totalFiles: files,
    doubtful,
  };
}

/** The folder, or the one above it in which the start makes it. */
async function nearest(path: string): Promise<string> {
  for (let at = path; at !== dirname(at); at = dirname(at)) {
    if ((await factsOf(at)) !== undefined) return at;
  }
  return '/';
}

async function dataFolder(data: string): Promise<DataFolder | undefined> {
  const owner = dataOwner(data);
  if (owner === undefined) return undefined;
  const isSeen = isOurs(owner) || isRoot();
  return { owner, isSeen, open: isSeen ? await findOpenData(data) : undefined };
}

async function factsOf(path: string): Promise<FileFacts | undefined> {
  try {
    const { mode, uid, gid } = await stat(path);
    return { mode, uid, gid };
  } catch {
    return undefined;
  }
}

async function certificateFile({ acme, data, tls }: Config): Promise<CertificateFile> {
  const own = acme.enabled ? acmePaths(data).served : selfSignedPaths(data).certificatePath;
  const path = tls.certificate ?? own;
  try {
    return { path, certificate: new X509Certificate(await readFile(path)) };
  } catch (error) {
    return { path, why: (error as Error).message };
  }
}

/** Of what is written all the time: the databases, which lie in the folder and in those of the shards. */
async function newestFile(data: string): Promise<{ path: string; mtimeMs: number } | undefined> {
  const names = await readdir(data).catch((): string[] => []);
  const shards = names.filter((name) => name.startsWith('shard-'));
  const below = await Promise.all(
    shards.map(async (shard) => {
      const own = await readdir(join(data, shard)).catch((): string[] => []);
      return own.map((name) => join(shard, name));
    }),
  );
  let newest: { path: string; mtimeMs: number } | undefined;
  for (const name of [...names, ...below.flat()].slice(0, MAX_FILES)) {
    const path = join(data, name);
    const mtimeMs = await stat(path).then(
      (found) => found.mtimeMs,
      () => 0,
    );
    if (mtimeMs > (newest?.mtimeMs ?? 0)) newest = { path, mtimeMs };
  }
  return newest;
}

/** What the kernel was told by whichever time service there is; systemd knows how to ask it. */
async function isClockKept(): Promise<boolean | undefined> {
  try {
    const args = ['show', '--property=NTPSynchronized', '--value'];
    const { stdout } = await promisify(execFile)('timedatectl', args, { timeout: TIMEDATECTL_MS });
    const said = stdout.trim();
    return said === 'yes' || said === 'no' ? said === 'yes' : undefined;
  } catch {
    return undefined;
  }
}
