/**
 * Which files a snapshot has: those of the store's own snapshot, and beside them what the server keeps in the data folder and could not make
 * again. Not what it makes by itself: the index of texts, uploads under way, what it remembers of senders and policies.
 */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { SnapshotPart } from '../mailbox/port/snapshots.ts';

export interface SourceFile {
  /** As it is called in a data folder. */
  readonly path: string;
  /** Where it is read. */
  readonly file: string;
  readonly codec: 'raw' | 'zstd';
  /** It is appended to, or written anew, while the server runs. */
  readonly isLive: boolean;
}

/** Files and folders of the data folder, as far as they are there. */
const BESIDE = [
  'tls-cert.pem',
  'tls-key.pem',
  'web-push.key',
  'known-time.json',
  'queue-paused',
  'acme',
  'activity',
];

/** Databases last: of what they refer to all is there then. */
export async function sourcesOf(
  data: string,
  parts: readonly SnapshotPart[],
): Promise<readonly SourceFile[]> {
  const files: SourceFile[] = [];
  for (const name of BESIDE) files.push(...(await filesBelow(data, name, { at: name, isLive: true })));
  for (const { folder, of } of parts)
    files.push(...(await filesBelow(data, folder, { at: of, isLive: false })));
  return files.sort((a, b) => Number(a.codec === 'zstd') - Number(b.codec === 'zstd'));
}

async function filesBelow(
  data: string,
  name: string,
  { at, isLive }: { readonly at: string; readonly isLive: boolean },
): Promise<SourceFile[]> {
  const file = join(data, name);
  const facts = await lstat(file).catch(() => undefined);
  if (facts?.isDirectory()) {
    const names = (await readdir(file)).filter((one) => !one.startsWith('.') && !one.endsWith('.tmp')).sort();
    const below = names.map((one) => filesBelow(data, join(name, one), { at: join(at, one), isLive }));
    return (await Promise.all(below)).flat();
  }
  if (!facts?.isFile()) return [];
  const codec = !isLive && file.endsWith('.db') ? 'zstd' : 'raw';
  return [{ path: at.replaceAll('\\', '/'), file, codec, isLive }];
}
