/**
 * `brevduva reshard N`: more shards, and the accounts spread over them, so that more workers can serve them. `reshard --together A B`: accounts
 * that are to share mailboxes into one.
 */
import { type Command, InvalidArgumentError } from 'commander';
import { dataOwner, isOurs } from '../admin/data-owner.ts';
import type { Config } from '../config/options.ts';
import { canonicalAddress, newDomainName } from '../identity/address.ts';
import { isWholeDomain } from '../identity/targets.ts';
import { EXIT, type ExitCode, UsageError } from './exit.ts';
import { type CommonOptions, configOf, withCommonOptions } from './options.ts';
import { othersData } from './preflight.ts';
import { runningServer } from './running-server.ts';
import { note } from './terminal.ts';

const MAX_SHARDS = 64;

interface ReshardOptions extends CommonOptions {
  readonly together?: readonly string[];
}

export function reshard(parent: Command, done: (code: ExitCode) => void): void {
  const command = parent
    .command('reshard [shards]')
    .description(
      'divide the data folder into more shards, or bring accounts into one, while no server runs; it can be interrupted and run again',
    )
    .option(
      '--together <addresses...>',
      'accounts that are to share mailboxes, or all of a domain (@example.org): into one shard, with all that they share with',
    );
  withCommonOptions(command).action(async (text: string | undefined, options: ReshardOptions) => {
    const { together } = options;
    if ((text === undefined) === (together === undefined))
      throw new UsageError('give either how many shards there are to be, or --together and addresses');
    const { config } = configOf(options);
    const addresses = (together ?? []).map((one) => addressOf(one, config.auth.defaultDomain));
    if (addresses.length === 1 && !isWholeDomain(addresses[0] as string))
      throw new UsageError('name two accounts at least, or a domain as @example.org');
    const shards = text === undefined ? undefined : shardsIn(text);
    await requireNoServer(config);
    const { bringTogether, reshard: spread } = await import('../store/sqlite/reshard.ts');
    const how = {
      directory: config.data,
      flags: config.store.flags,
      onNotice: note,
      onMoved: (address: string, from: number, to: number) =>
        note(`${address}: from shard ${from} to shard ${to}`),
    };
    const report =
      shards === undefined
        ? await bringTogether({ ...how, addresses }).catch(asUsage)
        : await spread({ ...how, shards });
    for (const { address, why } of report.stayed) note(`${address} stays where it is: ${why}`);
    process.stdout.write(
      `${report.shards} shards, ${report.moved} accounts moved, ${report.stayed.length} left where they were\n`,
    );
    done(report.stayed.length === 0 ? EXIT.ok : EXIT.failed);
  });
}

function shardsIn(text: string): number {
  const shards = Number(text);
  if (!Number.isInteger(shards) || shards < 1 || shards > MAX_SHARDS)
    throw new InvalidArgumentError(`Expected a number from 1 to ${MAX_SHARDS}.`);
  return shards;
}

function addressOf(text: string, defaultDomain: string): string {
  if (isWholeDomain(text)) return `@${newDomainName(text.slice(1))}`;
  const address = canonicalAddress(text, defaultDomain);
  if (address === undefined) throw new UsageError(`${text} is not a mail address`);
  return address;
}

async function requireNoServer(config: Config): Promise<void> {
  const owner = dataOwner(config.data);
  if (owner === undefined)
    throw new UsageError(`there is no data folder ${config.data}; name it with --data or --config`);
  if (!isOurs(owner)) throw new UsageError(othersData(config.data, owner.name));
  const client = await runningServer(config);
  await client?.close();
  if (client !== undefined)
    throw new UsageError(`a server runs on the data folder ${config.data}; stop it first`);
}

/** An account that is not there was named wrongly. */
function asUsage(error: unknown): never {
  if (error instanceof Error && error.message.startsWith('there is no account'))
    throw new UsageError(error.message);
  throw error;
}
