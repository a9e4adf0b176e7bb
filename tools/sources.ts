import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What the structural checks look at: the project's own TypeScript files as text, and how a check reports. A check is a
 * function from files to problems, so its test feeds it made-up files; run by itself it prints what it found.
 */
export interface SourceFile {
  /** From the root, with slashes: `src/net/stream.ts`. */
  readonly path: string;
  readonly text: string;
}

export const ROOT = join(import.meta.dirname, '..');

export function readSources(
  folders: readonly string[],
  root = ROOT,
  endings: readonly string[] = ['.ts'],
): SourceFile[] {
  const present = folders.filter((folder) => existsSync(join(root, folder)));
  return present.flatMap((folder) => {
    const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
    return names
      .filter((name) => endings.some((ending) => name.endsWith(ending)))
      .sort()
      .map((name) => `${folder}/${name}`.replaceAll('\\', '/'))
      .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
  });
}

export function isTest(path: string): boolean {
  return path.endsWith('.test.ts');
}

export function report(problems: readonly string[]): void {
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
}
