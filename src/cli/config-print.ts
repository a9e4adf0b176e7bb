/**
 * `brevduva config print`: every option as the server would see it, as a file that it would read as the same
 * configuration. Secrets are left out.
 */
import type { Command } from 'commander';
import { listOptions } from '../config/names.ts';
import { type Config, OPTIONS } from '../config/options.ts';
import type { ExitCode } from './exit.ts';
import { type CommonOptions, configOf, withCommonOptions } from './options.ts';
import { print } from './terminal.ts';

export function configPrint(parent: Command, _done: (code: ExitCode) => void): void {
  const command = parent.command('print').description('print every option with the value that is in use');
  withCommonOptions(command).action((options: CommonOptions) => {
    const { config, file } = configOf(options, { isSilent: true });
    print(`# ${file === undefined ? 'No configuration file was read.' : `From ${file}.`}`);
    for (const line of configLines(config)) print(line);
  });
}

export function configLines(config: Config): string[] {
  return listOptions(OPTIONS).map(({ name, path, option }) => {
    if (option.isSecret) return `# ${name} is a secret and not shown`;
    const value = path.reduce((at: unknown, key) => (at as Record<string, unknown>)[key], config);
    return `${name} = ${option.toml(value)}`;
  });
}
