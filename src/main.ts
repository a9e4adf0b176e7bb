/**
 * The composition root: configuration, log, store, domain, certificate, control socket, listeners, signals. The only
 * place that knows every part. Parts are loaded when they are needed, so that a command of a moment stays one.
 *
 * Life of the process: it is ready when every listener accepts, and says so in one line on standard output. It ends with
 * 0 when told to, with 1 when it could not start, when the disk failed (what was promised may be gone), and when
 * something happened that nobody foresaw: a supervisor starts it again, and nothing acknowledged is lost.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import type { Log } from './base/log.ts';
import type { ServeOptions } from './cli/serve.ts';
import type { Config } from './config/options.ts';
import type { TlsFiles } from './net/tls.ts';
import type { MailSystem } from './server/mail-system.ts';
import type { BoundListener } from './server/protocols.ts';

/** What is under way gets this long to finish. */
const GRACE_MS = 6000;
/** Then the process goes: everything that was acknowledged is stored, and the next start takes up the rest. */
const END_MS = 9500;

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

async function serve(config: Config, { wantsDemo }: ServeOptions): Promise<void> {
  const { createLog } = await import('./base/log.ts');
  const { ControlServer } = await import('./admin/control-server.ts');
  const { openMailSystem } = await import('./server/mail-system.ts');
  const { startProtocols } = await import('./server/protocols.ts');
  const { startReaper } = await import('./mailbox/upkeep/reaper.ts');
  const log = createLog({ level: config.log.level });
  outliveReaders(log);
  endOnSurprise(log);
  const isNew = wantsDemo && isMissingOrEmpty(config.data);
  const system = await openMailSystem(config, log, (error) => {
    log.error({ err: error }, 'the disk failed; stopping, because what was promised may not be stored');
    process.exit(1);
  });
  const { domain, accounts } = system;
  const facts = { pid: process.pid, version, startedMs: domain.clock.nowMs() };
  const opened: (() => Promise<void>)[] = [() => system.close()];
  try {
    const control = await ControlServer.open({ data: config.data, admin: system.admin, facts, log });
    opened.push(() => control.close(GRACE_MS));
    const tls = await openTls(config, log);
    opened.push(async () => tls.close());
    const { authenticator } = system;
    const listeners = await startProtocols({ config, log, domain, authenticator, tls, version });
    opened.push(() => closeAll(listeners));
    const records = await domain.store.directory.list();
    const reaper = startReaper(domain);
    opened.push(() => reaper.stop());
    void accounts.resumeRemovals().catch((err) => log.warn({ err }, 'an account is not removed yet'));
    if (isNew && records.length === 0) await welcome(system, config, listeners);
    stopOnSignal(log, () => closeInOrder(opened));
    log.info({ version, data: config.data, accounts: records.length }, 'ready');
    process.stdout.write(`ready ${listeners.map(({ name, address }) => `${name}=${address}`).join(' ')}\n`);
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

async function openTls(config: Config, log: Log): Promise<TlsFiles> {
  const { TlsFiles } = await import('./net/tls.ts');
  const { certificate, key } = config.tls;
  if ((certificate === undefined) !== (key === undefined)) {
    throw new Error('tls.certificate and tls.key: give both or neither');
  }
  if (certificate !== undefined && key !== undefined) {
    return TlsFiles.open({ certificatePath: certificate, keyPath: key }, log);
  }
  const { selfSignedFiles } = await import('./net/self-signed.ts');
  return TlsFiles.open(await selfSignedFiles(config.data, config.hostname), log);
}

async function welcome(
  system: MailSystem,
  config: Config,
  listeners: readonly BoundListener[],
): Promise<void> {
  const { makeDemoAccount, printWelcome } = await import('./cli/demo.ts');
  printWelcome(await makeDemoAccount(system, config), config, listeners);
}

function isMissingOrEmpty(folder: string): boolean {
  return !existsSync(folder) || readdirSync(folder).length === 0;
}

/** The first signal stops in order, the second at once. */
function stopOnSignal(log: Log, stop: () => Promise<void>): void {
  let isStopping = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (isStopping) process.exit(1);
    isStopping = true;
    log.info({ signal }, 'stopping');
    setTimeout(() => {
      log.warn({ signal }, 'not everything ended in time; the next start takes it up');
      process.exit(0);
    }, END_MS).unref();
    stop().then(
      () => process.exit(0),
      (err) => {
        log.error({ err }, 'could not stop in order');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}

/** Whoever read our output may go away; that is no reason to end. What Node.js warns of belongs into the log. */
function outliveReaders(log: Log): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  process.removeAllListeners('warning');
  process.on('warning', (err) => log.warn({ err }, 'a warning of Node.js'));
}

function endOnSurprise(log: Log): void {
  process.on('uncaughtException', (err, origin) => {
    log.error({ err, origin }, 'something nobody foresaw; ending, to be started again');
    process.exit(1);
  });
}

enableCompileCache();
// Hashing passwords and syncing files share the pool; its size is read at its first use.
process.env.UV_THREADPOOL_SIZE ??= '16';
const { runCommandLine } = await import('./cli/program.ts');
const exitCode = await runCommandLine(process.argv.slice(2), version, serve);
if (exitCode !== undefined) process.exit(exitCode);
