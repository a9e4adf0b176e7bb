/** `brevduva health`: whether the running server can do its work; ends with 0 when it can, warnings or not, with 1 when not. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { HealthReport } from '../admin/admin.ts';
import type { Config } from '../config/options.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { type CommonOptions, configOf, withCommonOptions } from './options.ts';
import { runningServer } from './running-server.ts';
import { note, print } from './terminal.ts';

interface HealthOptions extends CommonOptions {
  readonly json?: boolean;
}

/** A server that takes longer is not well, whatever it would say. */
const PATIENCE_MS = 10_000;

export function health(parent: Command, done: (code: ExitCode) => void): void {
  const command = parent
    .command('health')
    .description('say whether the running server can do its work; for monitoring')
    .option('--json', 'one JSON object');
  withCommonOptions(command).action(async (options: HealthOptions) => {
    const { config } = configOf(options, { isSilent: true });
    const report = await ask(config);
    if (typeof report === 'string') {
      note(`brevduva: ${report}`);
      return done(EXIT.failed);
    }
    if (options.json === true) print(JSON.stringify(report));
    else {
      print(report.state);
      for (const { name, state, detail } of report.checks) print(`${state.padEnd(7)}  ${name}: ${detail}`);
    }
    done(report.state === 'failing' ? EXIT.failed : EXIT.ok);
  });
}

/** The report, or why there is none. */
async function ask(config: Config): Promise<HealthReport | string> {
  const stop = new AbortController();
  const late = sleep(PATIENCE_MS, undefined, { signal: stop.signal }).then(
    () => `the server does not answer within ${PATIENCE_MS / 1000} s`,
    () => 'nobody asked',
  );
  try {
    return await Promise.race([late, askNow(config)]);
  } finally {
    stop.abort();
  }
}

async function askNow(config: Config): Promise<HealthReport | string> {
  const server = await runningServer(config);
  if (server === undefined) return `no server runs on ${config.data}`;
  try {
    return await server.health();
  } finally {
    await server.close();
  }
}
