/**
 * Before the server opens anything: what would go wrong is said at once and in full. Gives what is only doubtful.
 */
import { currentUser, dataOwner, isOurs } from '../admin/data-owner.ts';
import { ConfigError } from '../config/load.ts';
import type { Config } from '../config/options.ts';
import { doubtsOf } from '../server/doubts.ts';
import { UsageError } from './exit.ts';

export async function assertUsable(config: Config): Promise<readonly string[]> {
  const owner = dataOwner(config.data);
  if (owner !== undefined && !isOurs(owner)) throw new UsageError(othersData(config.data, owner.name));
  const { errors, warnings } = await doubtsOf(config);
  if (errors.length > 0) throw new ConfigError(errors);
  return warnings;
}

export function othersData(data: string, owner: string): string {
  const user = currentUser();
  const whose = `the data folder ${data} belongs to ${owner}, and this is ${user}; files of two users in it cannot work`;
  // No server is to run as root: what root put there, a backup for example, is given to who serves it.
  if (owner === 'root' && isName(user)) return `${whose}. Give it to ${user}: sudo chown -R ${user}: ${data}`;
  return `${whose}. ${runAs(owner)}`;
}

/** For those who may not ask the running server. */
export function othersServer(data: string, owner: string): string {
  return `the server on ${data} answers only ${owner}, and this is ${currentUser()}. ${runAs(owner)}`;
}

function runAs(owner: string): string {
  return `Run this as ${owner}${isName(owner) ? `: sudo -u ${owner} ...` : ''}`;
}

function isName(user: string): boolean {
  return /^[\w.-]+$/.test(user);
}
