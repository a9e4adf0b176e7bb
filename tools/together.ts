import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT, type SourceFile } from './sources.ts';

/**
 * Which tests of a whole run share a process: small ones of the same folder, which need longer to load what they test than to test it.
 * Files stay apart that do something before or after each test of theirs (it would be done for all), and those that look at the
 * process itself: its environment, its memory, its clock, its event loop.
 */
const SHARED = /^(?:(?:src|web)\/[^/]+|test\/imap)/;
const IS_APART =
  /^(?:before|after|beforeEach|afterEach)\(|process\.(?:env|umask|memoryUsage|chdir|on\(|once\()|\bmock\.|globalThis|[eE]ventLoop|threadCpuUsage|gc\(/m;
/** Large: stores that are broken, killed and mended. */
const ALONE = /^src\/store\/sqlite\/|kill\.test\.ts$/;
const FOLDER = join(ROOT, '.cache', 'together');

/** Gives the files to run, from the root, in the order of the first of each. */
export function together(files: readonly SourceFile[]): readonly string[] {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true, mode: 0o700 });
  return [...groupsOf(files)].map(([name, paths]) =>
    paths.length === 1 ? (paths[0] as string) : put(name, paths),
  );
}

export function groupsOf(files: readonly SourceFile[]): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const { path, text } of files) {
    const shared = ALONE.test(path) || IS_APART.test(text) ? undefined : SHARED.exec(path)?.[0];
    const name = shared?.replace('/', '-') ?? path;
    groups.set(name, [...(groups.get(name) ?? []), path]);
  }
  return groups;
}

function put(name: string, paths: readonly string[]): string {
  const lines = paths.map((path) => `import ${JSON.stringify(pathToFileURL(join(ROOT, path)).href)};\n`);
  const file = join('.cache', 'together', `${name}.test.mjs`);
  writeFileSync(join(ROOT, file), lines.join(''));
  return file;
}
