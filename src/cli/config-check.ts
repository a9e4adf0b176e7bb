/** `brevduva config check`: everything that is wrong with the configuration at once, or that nothing is. */
import type { Command } from 'commander';
import { ConfigError } from '../config/load.ts';
import { doubtsOf } from '../server/doubts.ts';
import type { ExitCode } from './exit.ts';
import { type CommonOptions, configOf, withCommonOptions } from './options.ts';
import { print } from './terminal.ts';

export function configCheck(parent: Command, _done: (code: ExitCode) => void): void {
  const command = parent
    .command('check')
    .description('report everything that is wrong with the configuration');
  withCommonOptions(command).action(async (options: CommonOptions) => {
    const { config, file } = configOf(options, { isSilent: true });
    const { errors, warnings } = await doubtsOf(config);
    for (const warning of warnings) print(`warning: ${warning}`);
    if (errors.length > 0) throw new ConfigError(errors, file);
    print(`the configuration is good${file === undefined ? '' : `: ${file}`}`);
  });
}
