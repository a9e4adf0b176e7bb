/** `brevduva reshard N`: more shards, and the accounts spread over them, so that more workers can serve them. */
import { type Command, InvalidArgumentError } from 'commander';
import { dataOwner, isOurs } from '../admin/data-owner.ts';
import { EXIT, type ExitCode, UsageError } from './exit.ts';
import { type CommonOptions, configOf, withCommonOptions } from './options.ts';
import { othersData } from './preflight.ts';
import { runningServer } from './running-server.ts';
import { note } from './terminal.ts';

const MAX_SHARDS = 64;

export function reshard(parent: Command, done: (code: ExitCode) => void): void {
  const command = parent
    .command('reshard <shards>')
    .description(
      'divide the data folder into more shards, while no server runs; it can be interrupted and run again',
    );
  withCommonOptions(command).action(async (text: string, options: CommonOptions) => {
    const shards = Number(text);
    if (!Number.isInteger(shards) || shards < 1 || shards > MAX_SHARDS)
      throw new InvalidArgumentError(`Expected a number from 1 to ${MAX_SHARDS}.`);
    const { config } = configOf(options);
    const owner = dataOwner(config.data);
    if (owner === undefined)
      throw new UsageError(`there is no data folder ${config.data}; name it with --data or --config`);
    if (!isOurs(owner)) throw new UsageError(othersData(config.data, owner.name));
    const client = await runningServer(config);
    await client?.close();
    if (client !== undefined) throw new UsageError('a server runs on this data folder; stop it first');
    const { reshard: run } = await import('../store/sqlite/reshard.ts');
    const { moved, stayed } = await run({
      directory: config.data,
      shards,
      flags: config.store.flags,
      onNotice: note,
      onMoved: (address, from, to) => note(`${address}: from shard ${from} to shard ${to}`),
    });
    for (const { address, why } of stayed) note(`${address} stays where it is: ${why}`);
    process.stdout.write(
      `${shards} shards, ${moved} accounts moved, ${stayed.length} left where they were\n`,
    );
    done(stayed.length === 0 ? EXIT.ok : EXIT.failed);
  });
}
