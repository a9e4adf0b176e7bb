/** `brevduva serve`: runs the server until it is told to stop. */
import type { Command } from 'commander';
import type { ExitCode } from './exit.ts';
import {
  type ChosenConfig,
  type CommonOptions,
  configOf,
  countArgument,
  withCommonOptions,
} from './options.ts';

export interface ServeOptions {
  /** Make an account to try things with where there never was one. */
  readonly wantsDemo: boolean;
}

/** Resolves with the exit code when it could not start and has said why; else when it runs. */
export type Serve = (chosen: ChosenConfig, options: ServeOptions) => Promise<ExitCode | undefined>;

export function serve(parent: Command, start: Serve, done: (code: ExitCode | undefined) => void): void {
  const command = parent
    .command('serve')
    .description(
      'run the server; on loopback and without a configuration, a first start makes an account to try',
    )
    .option('--no-demo', 'make no account to try')
    .option('--workers <n>', 'processes that serve; else as many as the configuration says', countArgument);
  withCommonOptions(command).action(async (options: CommonOptions & { demo: boolean; workers?: number }) => {
    const { workers, demo: wantsDemo, set } = options;
    const chosen = workers === undefined ? set : [...set, ['workers', String(workers)] as const];
    const exitCode = await start(configOf({ ...options, set: chosen }, { isSilent: true }), { wantsDemo });
    done(exitCode);
  });
}
