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
  const how = /^[\w.-]+$/.test(owner) ? `: sudo -u ${owner} ...` : '';
  return `the data folder ${data} belongs to ${owner}, and this is ${currentUser()}; files of two users in it cannot work. Run this as ${owner}${how}`;
}
