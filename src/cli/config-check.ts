/** `brevduva config check`: every error of the configuration at once, or that there is none. */
import type { Command } from 'commander';
import type { ExitCode } from './exit.ts';
import { type CommonOptions, configOf, withCommonOptions } from './options.ts';
import { print } from './terminal.ts';

export function configCheck(parent: Command, _done: (code: ExitCode) => void): void {
  const command = parent.command('check').description('report every error of the configuration');
  withCommonOptions(command).action((options: CommonOptions) => {
    configOf(options);
    print('the configuration is good');
  });
}
