/** The server as a supervisor with workers: what the one process of a small machine does for itself. */
import type { RootLog } from '../../base/log.ts';
import type { Config } from '../../config/options.ts';
import type { Signals } from '../lifetime.ts';
import { ServiceManager } from '../service-manager.ts';
import { assertPortsAreFree } from './free-ports.ts';
import { Supervisor } from './supervisor.ts';

export interface SuperviseOptions {
  readonly config: Config;
  readonly file: string | undefined;
  readonly version: string;
  readonly workers: number;
  readonly log: RootLog;
  readonly signals: Signals;
  readonly again: () => Config;
}

/** Gives the exit code when it could not start; ends the process otherwise, some day. */
export async function supervise(options: SuperviseOptions): Promise<number | undefined> {
  const { config, file, version, workers, log, signals, again } = options;
  await assertPortsAreFree(config);
  const supervisor = new Supervisor(workers, log);
  process.on('exit', () => supervisor.kill());
  const manager = new ServiceManager(process.env, log);
  signals.obey({
    async stop() {
      manager.stopping();
      await supervisor.stop();
    },
    async reload() {
      log.reopen();
      log.setLevel(again().log.level);
      supervisor.reload();
    },
  });
  const ready = await supervisor.start();
  if ('exitCode' in ready) return ready.exitCode;
  const { listen, accounts } = ready;
  log.info({ version, configuration: file, data: config.data, accounts, workers }, 'ready');
  const ports = Object.entries(listen).map(([name, address]) => `${name}=${address}`);
  process.stdout.write(`ready ${ports.join(' ')}\n`);
  // Who stands still is ended by the supervisor; this is about the supervisor itself.
  manager.ready(`accounts: ${accounts}`, async () => true);
  return undefined;
}
