/** The server that runs on a data folder, for commands that ask it about itself and open nothing when it is not there. */
import { ControlClient } from '../admin/control-client.ts';
import { dataOwner, isOurs } from '../admin/data-owner.ts';
import { controlSocketPath } from '../admin/socket-path.ts';
import type { Config } from '../config/options.ts';
import { UsageError } from './exit.ts';
import { othersServer } from './preflight.ts';

/** Undefined when none answers. Only its owner and root may ask it. */
export async function runningServer({ data }: Config): Promise<ControlClient | undefined> {
  const owner = dataOwner(data);
  if (owner === undefined) return undefined;
  try {
    return await ControlClient.connect(controlSocketPath(data));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES' || isOurs(owner)) throw error;
    throw new UsageError(othersServer(data, owner.name));
  }
}
