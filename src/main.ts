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
import type { ChosenConfig } from './cli/options.ts';
import type { ServeOptions } from './cli/serve.ts';
import { leaveForeignCache, startCompileCache } from './server/compile-cache.ts';
import { endWithParent } from './server/lifetime.ts';
import type { BoundListener } from './server/protocols.ts';

/** What is under way gets this long to finish. */
const GRACE_MS = 6000;

const ROOT = join(import.meta.dirname, '..');
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };

async function serve(chosen: ChosenConfig, { wantsDemo }: ServeOptions): Promise<void> {
  const { config, file } = chosen;
  const { createLog } = await import('./base/log.ts');
  const { endOnSurprise, outliveReaders, Signals } = await import('./server/lifetime.ts');
  const { ControlServer } = await import('./admin/control-server.ts');
  const { openMailSystem } = await import('./server/mail-system.ts');
  const { startProtocols } = await import('./server/protocols.ts');
  const { startReaper } = await import('./mailbox/upkeep/reaper.ts');
  const { startRenewal } = await import('./mailbox/upkeep/renew-facts.ts');
  const { assertUsable } = await import('./cli/preflight.ts');
  const warnings = await assertUsable(config);
  const log = createLog({ level: config.log.level, ...(config.log.file ? { file: config.log.file } : {}) });
  const signals = new Signals(log);
  outliveReaders(log);
  endOnSurprise(log);
  for (const warning of warnings) log.warn({}, warning);
  const system = await openMailSystem(config, log, (error) => {
    log.error(
      { err: error },
      'storage failed; stopping, because what is promised from now on would not be stored',
    );
    process.exit(1);
  });
  const { domain, accounts } = system;
  const facts = { pid: process.pid, version, startedMs: domain.clock.nowMs() };
  const opened: (() => Promise<void>)[] = [() => system.close()];
  try {
    const { TlsFiles } = await import('./net/tls.ts');
    const { certificateFiles } = await import('./server/certificate.ts');
    const tls = await TlsFiles.open(await certificateFiles(config, log), log);
    opened.push(async () => tls.close());
    const { watchOver } = await import('./server/watch.ts');
    const watch = watchOver(system, { config, log, tls, version });
    const control = await ControlServer.open({ data: config.data, admin: system.admin, facts, watch, log });
    opened.push(() => control.close(GRACE_MS));
    const { listeners, apply } = await startProtocols({ ...system, config, log, tls, watch, version });
    opened.push(() => closeAll(listeners));
    const reaper = startReaper(domain);
    opened.push(() => reaper.stop());
    const renewal = startRenewal(domain);
    opened.push(() => renewal.stop());
    void accounts.resumeRemovals().catch((err) => log.warn({ err }, 'an account is not removed yet'));
    const { welcome } = await import('./cli/welcome.ts');
    await welcome({ system, chosen, listeners, wantsDemo });
    const records = await domain.store.directory.list();
    const { Reload } = await import('./server/reload.ts');
    const reload = new Reload(config, { log, tls, read: chosen.again, apply });
    const { ServiceManager } = await import('./server/service-manager.ts');
    const manager = new ServiceManager(process.env, log);
    opened.push(async () => manager.stopping());
    signals.obey({ stop: () => closeInOrder(opened), reload: () => reload.run() });
    log.info({ version, configuration: file, data: config.data, accounts: records.length }, 'ready');
    process.stdout.write(`ready ${listeners.map(({ name, address }) => `${name}=${address}`).join(' ')}\n`);
    manager.ready(`accounts: ${records.length}`, () => watch.isAlive());
    void import('./server/data-modes.ts').then(({ warnOfOpenData }) => warnOfOpenData(config.data, log));
  } catch (error) {
    await closeInOrder(opened);
    throw error;
  }
}

/** What was opened last goes first: nobody is left who writes when the store closes. */
async function closeInOrder(opened: readonly (() => Promise<void>)[]): Promise<void> {
  for (const close of opened.toReversed()) await close();
}

async function closeAll(listeners: readonly BoundListener[]): Promise<void> {
  await Promise.all(listeners.map((listener) => listener.close(GRACE_MS)));
}

// Whatever is made, by the server or by a command, holds mail or passwords: for nobody else to read.
process.umask(0o077);
leaveForeignCache();
startCompileCache(ROOT);
endWithParent();
// Hashing passwords and syncing files share the pool; its size is read at its first use.
process.env.UV_THREADPOOL_SIZE ??= '16';
const { runCommandLine } = await import('./cli/program.ts');
const exitCode = await runCommandLine(process.argv.slice(2), version, serve);
if (exitCode !== undefined) process.exit(exitCode);
