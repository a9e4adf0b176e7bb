/** That the log can be written by the server, and read by it alone: it has addresses of people in it. */
import { dirname } from 'node:path';
import type { Owner } from '../../admin/data-owner.ts';
import { fail, type Outcome, ok, unknown, warn } from '../finding.ts';
import type { Check, FileFacts } from '../world.ts';

const expected = 'a file that the server can write, in a folder that is there';

export const logFile: Check = {
  name: 'log',
  async run({ config, machine }) {
    const path = config.log.file;
    if (path === undefined)
      return [ok({ subject: 'log.file', expected: 'a place for the log', seen: 'standard error' })];
    const [{ file, folder }, data] = await Promise.all([machine.logFile(path), machine.dataFolder()]);
    return [judge(path, { file, folder, owner: data?.owner })];
  },
};

interface Seen {
  readonly file: FileFacts | undefined;
  readonly folder: FileFacts | undefined;
  /** Who runs the server. */
  readonly owner: Owner | undefined;
}

export function judge(subject: string, { file, folder, owner }: Seen): Outcome {
  const found = { subject, expected };
  if (folder === undefined)
    return fail({
      ...found,
      seen: `there is no folder ${dirname(subject)}`,
      remedy: `make it, for the user of the server`,
    });
  const target = file ?? folder;
  if (owner !== undefined && !mayWrite(target, owner))
    return fail({
      ...{ ...found, seen: `${owner.name} may not write ${file === undefined ? dirname(subject) : subject}` },
      remedy: `chown ${owner.uid}:${owner.gid} ${file === undefined ? dirname(subject) : subject}`,
    });
  if (file === undefined)
    return unknown({
      ...found,
      seen: 'not there yet',
      remedy: 'the server makes it when it starts, or at the next reload',
    });
  if ((file.mode & 0o004) !== 0)
    return warn({
      ...{
        ...found,
        expected: 'a file for its owner alone',
        seen: `everybody on this machine can read it (${octal(file)})`,
      },
      remedy: `chmod o= ${subject}`,
    });
  return ok({ ...found, seen: `there, ${octal(file)}` });
}

/** By owner, group and others; what access lists add is not seen. */
function mayWrite({ mode, uid, gid }: FileFacts, owner: Owner): boolean {
  if (owner.uid === 0) return true;
  if (uid === owner.uid) return (mode & 0o200) !== 0;
  return (gid === owner.gid && (mode & 0o020) !== 0) || (mode & 0o002) !== 0;
}

const octal = ({ mode }: FileFacts): string => (mode & 0o777).toString(8);
