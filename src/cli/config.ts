/** `brevduva config`: looks at the configuration. */
import type { Command } from 'commander';
import { configCheck } from './config-check.ts';
import { configPrint } from './config-print.ts';
import type { ExitCode } from './exit.ts';

export function config(program: Command, done: (code: ExitCode) => void): void {
  const group = program.command('config').description('look at the configuration');
  for (const verb of [configPrint, configCheck]) verb(group, done);
}
