/**
 * A server as it runs in one process: the mail system, its certificate, its ports, what looks after it. Alone it has
 * everything; as one of several workers it has a part, and brings what belongs to others to them.
 */
import { type ControlOptions, ControlServer } from '../admin/control-server.ts';
import type { Log, RootLog } from '../base/log.ts';
import type { Config } from '../config/options.ts';
import type { Domain } from '../mailbox/domain.ts';
import { startIndexing } from '../mailbox/search/indexing.ts';
import { startReaper } from '../mailbox/upkeep/reaper.ts';
import { startRenewal } from '../mailbox/upkeep/renew-facts.ts';
import { startRetaining } from '../mailbox/upkeep/retain.ts';
import { startRoomNotices } from '../mailbox/upkeep/room-notices.ts';
import { type SeeBelongings, startWaking } from '../mailbox/upkeep/waker.ts';
import { TlsFiles } from '../net/tls.ts';
import { administrationOf } from './administration.ts';
import { countSent } from './allowance-file.ts';
import { applePushFor } from './apple-push.ts';
import { certificateFiles } from './certificate.ts';
import { certificateKeeper } from './certificate-keeper.ts';
import { feedbackOf } from './feedback.ts';
import { rememberTime } from './keeping.ts';
import { startKeyWatch } from './key-watch.ts';
import { LocalDomains } from './local-domains.ts';
import { startMailQueue } from './mail-queue.ts';
import { type MailSystem, openMailSystem } from './mail-system.ts';
import { type BoundListener, type RunningProtocols, startProtocols } from './protocols.ts';
import { resolverOf } from './resolver.ts';
import { noticeWriter } from './room-notice.ts';
import { spamServices, startTraining } from './spam.ts';
import { type ServerWatch, watchOver } from './watch.ts';
import type { Colleagues } from './workers/colleagues.ts';

/** What is under way gets this long to finish. */
const GRACE_MS = 6000;
/** A server that takes mail slowly holds up no stop: what is cut off is sent again. */
const SENDING_GRACE_MS = 2500;

export interface ServerOptions {
  readonly config: Config;
  readonly log: RootLog;
  readonly version: string;
  /** Storage failed. Must end the process. */
  readonly onFatal: (error: Error) => void;
  /** As one of several. */
  readonly colleagues?: Colleagues;
}

export interface OpenServer {
  readonly system: MailSystem;
  readonly tls: TlsFiles;
  readonly watch: ServerWatch;
  readonly listeners: readonly BoundListener[];
  readonly apply: RunningProtocols['apply'];
  /** What was opened last goes first: nobody is left who writes when the store closes. */
  close(): Promise<void>;
}

export async function openServer(options: ServerOptions): Promise<OpenServer> {
  const { config, log, version, onFatal, colleagues } = options;
  const part = colleagues?.part;
  const system = await openMailSystem(config, log, onFatal, { version, ...(part && { part }) });
  const { domain } = system;
  const facts = { pid: process.pid, version, startedMs: domain.clock.nowMs() };
  const opened: (() => Promise<void>)[] = [() => system.close()];
  try {
    const tls = await TlsFiles.open(await certificateFiles(config, log), log);
    opened.push(async () => tls.close());
    const watch = watchOver(system, { config, log, tls, version });
    await colleagues?.join(system, tls.ticketKeys);
    opened.push(async () => colleagues?.leave());
    const spokesman = colleagues?.spokesman(system.admin, watch) ?? { admin: system.admin, watch };
    const control = await openControl(options, { facts, ...spokesman });
    opened.push(() => control.close(GRACE_MS));
    const dns = resolverOf(config);
    const domains = new LocalDomains(domain.store.directory.domains, config.auth.defaultDomain);
    const feedback = feedbackOf({ config, log, system, dns });
    const spam = spamServices(config, log, system.directory.installation);
    const isSpokesman = colleagues?.isSpokesman ?? true;
    const administration = administrationOf({
      ...{ config, tls, facts, watch: spokesman.watch },
      ...(isSpokesman && { admin: spokesman.admin }),
    });
    opened.push(() => administration.close());
    const protocols = await startProtocols({
      ...{ ...system, config, log, tls, version, domains, dns, feedback, spam, administration },
      ...{ watch: spokesman.watch, installation: system.directory.installation },
      ...(colleagues === undefined ? {} : { relay: colleagues.relay, isShared: true }),
    });
    const { listeners, apply } = protocols;
    const counting = { folder: config.data, worker: part?.worker, clock: domain.clock, log };
    opened.push(countSent(protocols, counting));
    watch.listensOn(listeners);
    const arrivals = colleagues?.receive(system, protocols);
    opened.push(async () => {
      const all = [...listeners.map((listener) => listener.close(GRACE_MS)), arrivals?.close(GRACE_MS)];
      await Promise.all(all);
    });
    const mail = startMailQueue({
      ...{ config, log, system, dns, stream: protocols.stream },
      ...(feedback.counter && { counter: feedback.counter }),
      ...(part === undefined ? {} : { worker: part.worker }),
      ...(colleagues === undefined ? {} : { relay: colleagues.relay }),
    });
    watch.sends(mail.queue);
    opened.push(() => mail.stop(SENDING_GRACE_MS));
    opened.push(feedback.start());
    if (isSpokesman) opened.push(...(await keepersOf({ config, log, tls, domains, listeners }, system)));
    opened.push(...upkeepOf(domain, config, log, mail.sees));
    const resumed = system.accounts.resumeRemovals();
    void resumed.catch((err) => log.warn({ err }, 'an account is not removed yet'));
    return { system, tls, watch, listeners, apply, close: () => closeInOrder(opened) };
  } catch (error) {
    await closeInOrder(opened);
    throw error;
  }
}

/** What looks after certificates and keys, once for all processes; gives the ways to end it. */
async function keepersOf(
  options: Parameters<typeof certificateKeeper>[0],
  system: MailSystem,
): Promise<(() => Promise<void>)[]> {
  const keeper = await certificateKeeper(options);
  keeper?.start();
  system.domains.whenLookedAt(() => keeper?.lookNow());
  const keyWatch = startKeyWatch(system.keyWatch, options.log);
  const { config, log } = options;
  return [
    async () => keeper?.stop(),
    async () => keyWatch.stop(),
    rememberTime(system.knownTime, config, log),
  ];
}

/** What looks after the mail by itself; gives the ways to end it. */
function upkeepOf(domain: Domain, config: Config, log: Log, sees: SeeBelongings): (() => Promise<void>)[] {
  const upkeep = [
    startReaper(domain),
    startRetaining(domain),
    startWaking(domain, undefined, sees),
    startRenewal(domain),
    startTraining(config, domain, log),
  ];
  const { notices } = config.quota;
  upkeep.push(startRoomNotices(domain, notices ? noticeWriter(config, domain.clock) : undefined));
  if (config.search.index !== 'off') upkeep.push(startIndexing(domain));
  const applePush = applePushFor(config, domain, log);
  if (applePush !== undefined) upkeep.push(applePush);
  return upkeep.map((one) => () => one.stop());
}

/** The command line speaks to one process, which speaks to the others. */
async function openControl(
  { config: { data }, log, colleagues }: ServerOptions,
  answers: Pick<ControlOptions, 'admin' | 'facts' | 'watch'>,
): Promise<ControlServer> {
  const options = { data, log, ...answers };
  if (colleagues === undefined || colleagues.isSpokesman) return ControlServer.open(options);
  const control = ControlServer.within(options);
  colleagues.obey(control);
  return control;
}

async function closeInOrder(opened: readonly (() => Promise<void>)[]): Promise<void> {
  for (const close of opened.toReversed()) await close();
}
