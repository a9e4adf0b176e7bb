/**
 * The files that `web/build.mjs` made, as they are served: found in a folder of builds, each with what it is compressed. All
 * builds that lie there are served, since an open tab still asks for the parts of the one it began with; the current one gives
 * the page.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

export interface BuildFile {
  readonly type: string;
  readonly octets: Buffer;
  /** Absent where compressing makes nothing smaller. */
  readonly brotli?: Buffer;
  readonly gzip?: Buffer;
}

export interface Builds {
  /** The stamp of the current one. */
  readonly stamp: string;
  readonly page: BuildFile;
  /** By path: `assets/main-ABCDEFGH.js`. */
  readonly files: ReadonlyMap<string, BuildFile>;
}

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png',
  webmanifest: 'application/manifest+json',
  json: 'application/json',
};
const STAMP = /^[0-9a-f]{16}$/;
const PAGE = 'index.html';
const MANIFEST = z.object({
  stamp: z.string().regex(STAMP),
  files: z.record(z.string(), z.object({ size: z.number(), gzip: z.number().optional() })),
});

/** Undefined: the build is not there. `stamp` absent: the newest one, as a published package has it. */
export async function readBuilds(folder: string, stamp?: string): Promise<Builds | undefined> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => STAMP.test(name));
  const current = stamp ?? (names.length === 1 ? names[0] : undefined);
  if (current === undefined || !names.includes(current)) return undefined;
  const files = new Map<string, BuildFile>();
  for (const name of names.filter((one) => one !== current)) {
    // An old one that is being taken away is no reason not to serve.
    const old = await readBuild(join(folder, name)).catch(() => new Map<string, BuildFile>());
    for (const [path, file] of old) files.set(path, file);
  }
  for (const [path, file] of await readBuild(join(folder, current))) files.set(path, file);
  const page = files.get(PAGE);
  files.delete(PAGE);
  return page && { stamp: current, page, files };
}

async function readBuild(folder: string): Promise<Map<string, BuildFile>> {
  const manifest = MANIFEST.parse(JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')));
  const entries = Object.entries(manifest.files).map(async ([path, { gzip }]) => {
    const octets = await readFile(join(folder, path));
    const type = TYPES[path.slice(path.lastIndexOf('.') + 1)] ?? 'application/octet-stream';
    if (gzip === undefined) return [path, { type, octets }] as const;
    const compressed = [readFile(join(folder, `${path}.br`)), readFile(join(folder, `${path}.gz`))];
    const [brotli, zipped] = (await Promise.all(compressed)) as [Buffer, Buffer];
    return [path, { type, octets, brotli, gzip: zipped }] as const;
  });
  return new Map(await Promise.all(entries));
}
