/**
 * Where the configuration is when nobody says: `brevduva.toml` in the working folder, then the one of the system. Every
 * command looks in the same places, so that an account is made where the server looks for it.
 */
import { type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from './load.ts';

const NAME = 'brevduva.toml';
export const SYSTEM_FILE = '/etc/brevduva/brevduva.toml';

export interface Places {
  /** The working folder. */
  readonly folder: string;
  readonly system?: string;
  /** Whoever runs the command. */
  readonly uid?: number | undefined;
}

export function findConfigFile({
  folder,
  system = SYSTEM_FILE,
  uid = process.geteuid?.(),
}: Places): string | undefined {
  const here = join(folder, NAME);
  const stat = statOf(here);
  if (stat !== undefined) {
    const fault = strangersFault(stat, uid);
    if (fault !== undefined)
      throw new ConfigError([
        `${here} ${fault}, so it is not taken unasked; name it with --config, or begin in another folder`,
      ]);
    return here;
  }
  return statOf(system) === undefined ? undefined : system;
}

/** In a shared folder anybody could leave a file that says where passwords and mail go. */
function strangersFault(stat: Stats, uid: number | undefined): string | undefined {
  if (uid !== undefined && stat.uid !== uid && stat.uid !== 0) return 'belongs to another user';
  return (stat.mode & 0o002) === 0 ? undefined : 'can be changed by everybody';
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOTDIR') return undefined;
    throw new ConfigError([`${path}: cannot be read: ${message}; name another one with --config`]);
  }
}
