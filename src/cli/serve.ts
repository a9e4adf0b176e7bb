/** `brevduva serve`: runs the server until it is told to stop. */
import type { Command } from 'commander';
import type { Config } from '../config/options.ts';
import type { ExitCode } from './exit.ts';
import { type CommonOptions, configOf, withCommonOptions } from './options.ts';

export interface ServeOptions {
  /** Make an account to try things with when the data folder is new. */
  readonly wantsDemo: boolean;
}

export type Serve = (config: Config, options: ServeOptions) => Promise<void>;

export function serve(parent: Command, start: Serve, done: (code: ExitCode | undefined) => void): void {
  const command = parent
    .command('serve')
    .description('run the server; a new data folder gets an account to try it with')
    .option('--no-demo', 'make no account in a new data folder');
  withCommonOptions(command).action(async (options: CommonOptions & { demo: boolean }) => {
    await start(configOf(options), { wantsDemo: options.demo });
    done(undefined);
  });
}
