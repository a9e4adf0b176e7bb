/**
 * The composition root: configuration, log, store, domain, certificate, control socket, listeners, signals. The only
 * place that knows every part. Parts are loaded when they are needed, so that a command of a moment stays one.
 *
 * Life of the process: it is ready when every listener accepts, and says so in one line on standard output. It ends with
 * 0 when told to, with 1 when it could not start, when storage failed (the disk, or files that are gone), and when
 * something happened that nobody foresaw: a supervisor starts it again, and nothing acknowledged is lost.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RootLog } from './base/log.ts';
import type { ExitCode } from './cli/exit.ts';
import type { ChosenConfig } from './cli/options.ts';
import type { ServeOptions } from './cli/serve.ts';
import { leaveForeignCache, startCompileCache } from './server/compile-cache.ts';
import { endWithParent, type Signals } from './server/lifetime.ts';

const ROOT = join(import.meta.dirname, '..');
/** Which of several processes this is, when a supervisor has started it. No option of the configuration. */
const { BREVDUVA_WORKER: worker } = process.env;
delete process.env.BREVDUVA_WORKER;
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };

async function serve(chosen: ChosenConfig, options: ServeOptions): Promise<ExitCode | undefined> {
  if (worker !== undefined) return serveAsWorker(chosen, options);
  const { config, file, again } = chosen;
  const { createLog } = await import('./base/log.ts');
  const { endOnSurprise, outliveReaders, Signals } = await import('./server/lifetime.ts');
  const { assertUsable } = await import('./cli/preflight.ts');
  const { workerCount } = await import('./server/workers/count.ts');
  const warnings = await assertUsable(config);
  const log = createLog({ level: config.log.level, ...(config.log.file ? { file: config.log.file } : {}) });
  const signals = new Signals(log);
  outliveReaders(log);
  endOnSurprise(log);
  for (const warning of warnings) log.warn({}, warning);
  const { workers, wanted } = workerCount(config);
  if (workers < wanted)
    log.warn({ workers, wanted }, 'the data folder has fewer shards than workers were asked for');
  if (workers === 1) return serveAlone(chosen, options, log, signals);
  const { supervise } = await import('./server/workers/supervise.ts');
  return (await supervise({ config, file, version, workers, log, signals, again })) as ExitCode | undefined;
}

/** One process that holds everything. */
async function serveAlone(
  chosen: ChosenConfig,
  { wantsDemo }: ServeOptions,
  log: RootLog,
  signals: Signals,
): Promise<undefined> {
  const { config, file } = chosen;
  const { openServer } = await import('./server/open-server.ts');
  const onFatal = (error: Error): void => {
    log.error(
      { err: error },
      'storage failed; stopping, because what is promised from now on would not be stored',
    );
    process.exit(1);
  };
  const server = await openServer({ config, log, version, onFatal });
  const { ServiceManager } = await import('./server/service-manager.ts');
  const manager = new ServiceManager(process.env, log);
  try {
    const { system, tls, watch, listeners, apply } = server;
    const { welcome } = await import('./cli/welcome.ts');
    await welcome({ system, chosen, listeners, wantsDemo });
    const records = await system.domain.store.directory.list();
    const { Reload } = await import('./server/reload.ts');
    const reload = new Reload(config, { log, tls, read: chosen.again, apply });
    const stop = async (): Promise<void> => {
      manager.stopping();
      await server.close();
    };
    signals.obey({ stop, reload: () => reload.run() });
    log.info({ version, configuration: file, data: config.data, accounts: records.length }, 'ready');
    process.stdout.write(`ready ${listeners.map(({ name, address }) => `${name}=${address}`).join(' ')}\n`);
    manager.ready(`accounts: ${records.length}`, () => watch.isAlive());
    void import('./server/data-modes.ts').then(({ warnOfOpenData }) => warnOfOpenData(config.data, log));
    return undefined;
  } catch (error) {
    await server.close();
    throw error;
  }
}

async function serveAsWorker(chosen: ChosenConfig, { wantsDemo }: ServeOptions): Promise<undefined> {
  const { runWorker } = await import('./server/workers/worker.ts');
  const { welcome } = await import('./cli/welcome.ts');
  const { config, again } = chosen;
  await runWorker({
    ...{ config, again, version },
    welcome: ({ system, listeners }) => welcome({ system, chosen, listeners, wantsDemo }),
  });
  return undefined;
}

// Whatever is made, by the server or by a command, holds mail or passwords: for nobody else to read.
process.umask(0o077);
leaveForeignCache(ROOT);
startCompileCache(ROOT);
endWithParent();
// Hashing passwords and syncing files share the pool; its size is read at its first use.
process.env.UV_THREADPOOL_SIZE ??= '16';
const { runCommandLine } = await import('./cli/program.ts');
const exitCode = await runCommandLine(process.argv.slice(2), version, serve);
if (exitCode !== undefined) process.exit(exitCode);
