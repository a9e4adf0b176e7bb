/**
 * The queue, put together: what sends the mail that `mailbox/operations/outgoing.ts` has accepted. It works on the accounts that are
 * held here, and says what it does.
 */
import { isIP } from 'node:net';
import type { Log } from '../base/log.ts';
import type { Dns } from '../dns/answer.ts';
import type { Counter } from '../feedback/observation.ts';
import type { Activity } from '../identity/activity.ts';
import type { Recipients } from '../identity/recipients.ts';
import type { Domain } from '../mailbox/domain.ts';
import type { OutgoingId } from '../mailbox/model/outgoing.ts';
import type { OutgoingCounts } from '../mailbox/port/outgoing.ts';
import type { AddressRules } from './addresses.ts';
import { TIMEOUTS, type Timeouts } from './client/session.ts';
import type { HopOptions } from './hop.ts';
import { HopPool } from './hop-pool.ts';
import { Jobs } from './jobs.ts';
import { Lines } from './lines.ts';
import { LocalRoute, type PassedOn } from './local.ts';
import { LocalJobs, type LocalJobsOptions } from './local-jobs.ts';
import type { KeysOf } from './message.ts';
import { type FetchPolicy, MtaSts, type StsMemory } from './mta-sts.ts';
import { type LanguageOf, Reporter } from './reporter.ts';
import { RoomWaiters } from './room-waiters.ts';
import { RouteMap } from './route-map.ts';
import { SCHEDULE, type Schedule } from './schedule.ts';
import { Settler } from './settler.ts';
import type { Smarthosts } from './smarthosts.ts';
import { TlsPolicies } from './tls-policy.ts';
import { Worker } from './worker.ts';

export interface QueueOptions {
  readonly domain: Domain;
  readonly log: Log;
  readonly activity: Activity;
  readonly dns: Dns;
  readonly recipients: Pick<Recipients, 'resolve' | 'routeOf'>;
  /** In EHLO and in reports. */
  readonly hostname: string;
  readonly addresses: AddressRules;
  /** Absent: all mail goes to the servers of its recipients. */
  readonly smarthosts?: Smarthosts;
  readonly keysOf?: KeysOf;
  /** Ours: of reports, and of the signatures of what is passed on. */
  readonly ownDomain: string;
  readonly rewrite?: (sender: string) => string;
  readonly languageOf?: LanguageOf;
  readonly passOn?: (passed: PassedOn) => Promise<{ readonly code: number; readonly text: string }>;
  readonly forgetAt?: LocalJobsOptions['forgetAt'];
  readonly schedule?: Schedule;
  /** After each attempt of a message, when what came of it is written down. */
  readonly onTried?: (id: OutgoingId) => void;
  readonly localAddress?: HopOptions['localAddress'];
  readonly stsMemory?: StsMemory;
  readonly most?: number;
  /** Absent: no domain is told how its servers could be spoken to. */
  readonly counter?: Pick<Counter, 'session'>;
  /** For tests: of the hosts, of how long things take, of whom is believed. */
  readonly port?: number;
  readonly timeouts?: Timeouts;
  readonly ca?: string;
  readonly fetchPolicy?: FetchPolicy;
  readonly probeMs?: number;
}

/** As an administrator sees a place where mail goes. */
export interface DestinationState {
  readonly key: string;
  readonly waiting: number;
  readonly active: number;
  readonly limit: number;
  /** Nothing is brought there before. */
  readonly restsUntilMs?: number;
  readonly isDown: boolean;
}

const MOST_CONNECTIONS = 100;
const LOG_MS = 30 * 24 * 3600_000;
const PRUNE_MS = 3600_000;
const PRUNED_AT_ONCE = 1000;

export class Queue {
  readonly #options: QueueOptions;
  readonly #worker: Worker;
  readonly #lines: Lines;
  readonly #pool: HopPool;
  readonly #jobs: Jobs;
  readonly #settler: Settler;
  readonly #local: LocalJobs;
  readonly #waiters: RoomWaiters;
  readonly #pruning: NodeJS.Timeout;

  constructor(options: QueueOptions) {
    const {
      domain,
      log,
      activity,
      dns,
      recipients,
      hostname,
      ownDomain,
      smarthosts,
      schedule = SCHEDULE,
    } = options;
    const random = Math.random;
    this.#options = options;
    this.#lines = new Lines({ first: 2, most: 10, ...(options.probeMs ? { probeMs: options.probeMs } : {}) });
    this.#settler = new Settler(domain.store.outgoing, log);
    this.#pool = poolOf(options);
    const isOurs = (host: string): boolean => host === hostname.toLowerCase();
    const routing = { dns, isOurs, ...(options.port === undefined ? {} : { port: options.port }) };
    const routes = new RouteMap({ ...routing, ...(smarthosts === undefined ? {} : { smarthosts }) });
    const { passOn, forgetAt, rewrite = (sender) => sender, keysOf = () => [] } = options;
    const waiters = new RoomWaiters(domain);
    this.#waiters = waiters;
    const onFull = waiters.note.bind(waiters);
    const shared = { domain, recipients, hostname, activity, onFull };
    const route = new LocalRoute({ ...shared, ...(passOn ? { passOn } : {}) });
    this.#local = new LocalJobs({ domain, log, route, ...(forgetAt ? { forgetAt } : {}) });
    const reporter = reporterOf(options);
    this.#jobs = new Jobs({
      ...{
        domain,
        log,
        activity,
        lines: this.#lines,
        pool: this.#pool,
        routes,
        local: this.#local,
        reporter,
      },
      ...{
        settler: this.#settler,
        schedule,
        signing: { keysOf, ownDomain, sealsAs: hostname },
        rewrite,
        random,
      },
      expect: (id, nextMs) => this.#worker.expect(id, nextMs),
      onSettled: (id) => waiters.settled(id),
      onParked: options.onTried,
    });
    const { most = MOST_CONNECTIONS, onTried } = options;
    this.#worker = new Worker({ domain, log, jobs: this.#jobs, lines: this.#lines, most, onTried });
    this.#pruning = setInterval(() => void this.#prune(), PRUNE_MS).unref();
  }

  start(): void {
    this.#worker.start();
    void this.#prune();
  }

  /** What is under way gets so long. */
  async stop(graceMs: number): Promise<void> {
    clearInterval(this.#pruning);
    await this.#waiters.stop();
    await this.#worker.stop(graceMs);
    this.#settler.close();
    await this.#local.forget();
    this.#pool.close();
  }

  get isPaused(): boolean {
    return this.#worker.isPaused;
  }

  /** Nothing new is begun; what comes is accepted. */
  pause(): void {
    this.#worker.isPaused = true;
  }

  resume(): void {
    this.#worker.isPaused = false;
    this.#worker.run();
  }

  /** Places that were not there are asked at once. */
  forgive(): void {
    for (const destination of this.#lines.destinations()) destination.forgive();
    this.#worker.run();
  }

  /**
   * What became of these and could not be written down when it was known is written now, so that they may be tried again. Rejects
   * (MailboxError `unavailable`) when the store does not take it even now.
   */
  writeDown(ids: readonly OutgoingId[]): Promise<void> {
    return this.#settler.writeDown(ids);
  }

  get tries(): Jobs['tries'] {
    return this.#jobs.tries;
  }

  get connections(): number {
    return this.#worker.active;
  }

  measure(): Promise<OutgoingCounts> {
    const { store, clock } = this.#options.domain;
    return store.outgoing.measure(clock.nowMs());
  }

  /** Those that somebody waits for, or that are not there. */
  destinations(): readonly DestinationState[] {
    const nowMs = this.#options.domain.clock.nowMs();
    const all = [...this.#lines.destinations()].filter(
      (one) => !one.isIdle || one.restsUntilMs > nowMs || one.isDown,
    );
    return all.map(({ key, length: waiting, active, limit, restsUntilMs, isDown }) => ({
      ...{ key, waiting, active, limit, isDown },
      ...(restsUntilMs > nowMs ? { restsUntilMs } : {}),
    }));
  }

  async #prune(): Promise<void> {
    const { domain, log } = this.#options;
    try {
      const beforeMs = domain.clock.nowMs() - LOG_MS;
      while ((await domain.store.outgoing.pruneLog(beforeMs, PRUNED_AT_ONCE)) === PRUNED_AT_ONCE);
    } catch (err) {
      log.debug({ err }, 'the log of outgoing mail is kept longer');
    }
  }
}

function reporterOf({
  domain,
  hostname,
  ownDomain,
  recipients,
  languageOf,
  schedule,
}: QueueOptions): Reporter {
  return new Reporter({
    ...{ domain, hostname, postmaster: `postmaster@${ownDomain}` },
    languageOf: languageOf ?? (() => 'en'),
    giveUpReportsMs: (schedule ?? SCHEDULE).giveUpReportsMs,
    routeOf: (address) => recipients.routeOf(address),
  });
}

function poolOf(options: QueueOptions): HopPool {
  const { dns, addresses, hostname, localAddress, ca, timeouts = TIMEOUTS } = options;
  const { domain, stsMemory, fetchPolicy } = options;
  const sts = new MtaSts(dns, {
    nowMs: () => domain.clock.nowMs(),
    ...(stsMemory === undefined ? {} : { memory: stsMemory }),
    ...(fetchPolicy === undefined ? {} : { fetch: fetchPolicy }),
  });
  const hops: HopOptions = {
    ...{ dns, timeouts, addresses, hostname: heloOf(hostname) },
    ...(localAddress === undefined ? {} : { localAddress }),
    ...(ca === undefined ? {} : { ca }),
  };
  return new HopPool(hops, new TlsPolicies(dns, sts), options.counter);
}

/** RFC 5321 §4.1.3: an address is written in brackets. */
function heloOf(hostname: string): string {
  const family = isIP(hostname);
  return family === 0 ? hostname : family === 6 ? `[IPv6:${hostname}]` : `[${hostname}]`;
}
