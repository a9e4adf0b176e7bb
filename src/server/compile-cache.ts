/**
 * Node.js keeps compiled code between two runs, which takes a third off every command's time. It runs what it finds in that cache, so
 * whoever can write there decides what this program does. Node's default is a folder of a known name below the temporary
 * one, where anybody can be first; ours is in the program's own folder, whose writers could change the program itself.
 *
 * A folder that is not this user's alone only costs that gain: no cache is used.
 */
import { lstatSync, mkdirSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { privateFolderProblem } from '../admin/private-folder.ts';

const FOLDER = '.cache';

/**
 * Node.js opens the cache that the environment names before the first line of a program runs, and nothing closes it
 * again. Unless it is ours, the process begins anew without it; what it has loaded until then is this file and what it names.
 */
export function leaveForeignCache(root: string): void {
  const { NODE_COMPILE_CACHE: named, ...env } = process.env;
  if (named === undefined || named === '' || named === privateFolder(root)) return;
  process.execve?.(process.execPath, [process.execPath, ...process.execArgv, ...process.argv.slice(1)], env);
}

/** The folder in use, or undefined. `root`: where the program lies. */
export function startCompileCache(root: string): string | undefined {
  const folder = privateFolder(root);
  return folder === undefined ? undefined : enableCompileCache(folder).directory;
}

function privateFolder(root: string): string | undefined {
  const folder = join(root, FOLDER);
  try {
    if (isOpenToAll(root)) return undefined;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return privateFolderProblem(folder) === undefined ? folder : undefined;
  } catch {
    // The program belongs to somebody else, or its disk is read-only.
    return undefined;
  }
}

function isOpenToAll(root: string): boolean {
  const { uid, mode } = lstatSync(root);
  return uid !== process.geteuid?.() || (mode & 0o002) !== 0;
}
