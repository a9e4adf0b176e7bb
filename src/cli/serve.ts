/** `brevduva serve`: runs the server until it is told to stop. */
import type { Command } from 'commander';
import type { ExitCode } from './exit.ts';
import { type ChosenConfig, type CommonOptions, configOf, withCommonOptions } from './options.ts';

export interface ServeOptions {
  /** Make an account to try things with where there never was one. */
  readonly wantsDemo: boolean;
}

export type Serve = (chosen: ChosenConfig, options: ServeOptions) => Promise<void>;

export function serve(parent: Command, start: Serve, done: (code: ExitCode | undefined) => void): void {
  const command = parent
    .command('serve')
    .description(
      'run the server; on loopback and without a configuration, a first start makes an account to try',
    )
    .option('--no-demo', 'make no account to try');
  withCommonOptions(command).action(async (options: CommonOptions & { demo: boolean }) => {
    await start(configOf(options, { isSilent: true }), { wantsDemo: options.demo });
    done(undefined);
  });
}
