/**
 * Whether a folder is this user's alone: what lies in it may be believed or run, for nobody else can have put it there.
 */
import { lstatSync } from 'node:fs';

/** What is wrong with it, or undefined. `uid`: whose it must be; this process's user when absent. */
export function privateFolderProblem(path: string, uid = process.geteuid?.()): string | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 'is not there';
  if (stat.isSymbolicLink()) return 'is a link';
  if (!stat.isDirectory()) return 'is no folder';
  if (uid !== undefined && stat.uid !== uid) return `belongs to the user with number ${stat.uid}`;
  if ((stat.mode & 0o077) !== 0) return `is open to others (mode ${(stat.mode & 0o777).toString(8)})`;
  return undefined;
}
