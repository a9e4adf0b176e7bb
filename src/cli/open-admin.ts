/**
 * The way to a data directory: through the server when one runs, else by opening its store. Between the two lies a moment
 * in which a server has the lock and does not answer yet (it is starting or ending); that moment is waited for.
 *
 * Only the owner of the data opens the store. For root a process of that user does, and this one asks it: what root
 * left there the server could not open, and what root reads elsewhere the owner may not see.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin } from '../admin/admin.ts';
import { ControlClient } from '../admin/control-client.ts';
import { dataOwner, isOurs, isRoot, type Owner, ownerAbove } from '../admin/data-owner.ts';
import { controlSocketPath } from '../admin/socket-path.ts';
import type { Config } from '../config/options.ts';
import { UsageError } from './exit.ts';
import type { Opening } from './local-system.ts';
import { othersData } from './preflight.ts';
import { openAsOwner } from './proxy.ts';

const ATTEMPTS = 15;
const PAUSE_MS = 200;

export async function openAdmin(config: Config, how: Opening): Promise<Admin> {
  const owner = dataOwner(config.data);
  if (owner === undefined) {
    if (!how.makesData)
      throw new UsageError(`there is no data folder ${config.data}; name it with --data or --config`);
    const above = ownerAbove(config.data);
    return isRoot() ? openStore(config, above, how) : openLocal(config, how);
  }
  for (let attempt = 1; ; attempt++) {
    const client = await ControlClient.connect(controlSocketPath(config.data)).catch((error: unknown) => {
      // The socket is there, and only its owner may use it.
      if ((error as NodeJS.ErrnoException).code !== 'EACCES' || isOurs(owner)) throw error;
    });
    if (client !== undefined) return client;
    try {
      return await openStore(config, owner, how);
    } catch (error) {
      if (!isInUse(error) || attempt >= ATTEMPTS) throw error;
    }
    await sleep(PAUSE_MS);
  }
}

async function openStore(config: Config, owner: Owner, how: Opening): Promise<Admin> {
  if (isOurs(owner)) return openLocal(config, how);
  if (isRoot()) return openAsOwner(config, owner, how);
  throw new UsageError(othersData(config.data, owner.name));
}

async function openLocal(config: Config, how: Opening): Promise<Admin> {
  const { openLocalSystem } = await import('./local-system.ts');
  return (await openLocalSystem(config, how)).admin;
}

function isInUse(error: unknown): boolean {
  return error instanceof Error && / is in use by /.test(error.message);
}
