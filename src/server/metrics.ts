/**
 * The numbers of a running server as Prometheus reads them. Whoever owns a number keeps it where it is, as a plain one;
 * all of them are collected when somebody asks. The library that writes them down, and measures the process itself, is
 * loaded at the first question: a server that nobody watches pays nothing.
 */
import { statfs } from 'node:fs/promises';
import type { MetricObject, Registry } from 'prom-client';
import type { Samples } from '../admin/admin.ts';
import type { RootLog } from '../base/log.ts';
import type { Activity } from '../identity/activity.ts';
import type { Accounts } from '../mailbox/accounts.ts';
import type { Connections } from '../net/connections.ts';
import type { TlsFiles } from '../net/tls.ts';
import type { Family } from './metric-family.ts';
import { type QueueNumbers, queueCounters, queueGauges } from './queue-metrics.ts';

export interface MetricSources {
  readonly version: string;
  readonly data: string;
  readonly activity: Pick<Activity, 'counts'>;
  readonly connections: Pick<Connections, 'counts' | 'refusals'>;
  readonly accounts: Pick<Accounts, 'all'>;
  readonly tls: Pick<TlsFiles, 'certificate'>;
  readonly log: Pick<RootLog, 'omitted'>;
  readonly queue: () => QueueNumbers | undefined;
}

export class Metrics {
  readonly #sources: MetricSources;
  #registry: Promise<Registry> | undefined;

  constructor(sources: MetricSources) {
    this.#sources = sources;
  }

  /** In the text format of Prometheus, version 0.0.4. */
  async text(): Promise<string> {
    this.#registry ??= register(this.#sources);
    return (await this.#registry).metrics();
  }

  /** Of this process, for whoever adds them up. */
  async samples(): Promise<Samples> {
    this.#registry ??= register(this.#sources);
    return (await this.#registry).getMetricsAsJSON();
  }
}

/** Of several processes together: what is counted is added up, what all see alike is said once. */
export async function summed(all: readonly Samples[]): Promise<string> {
  const { AggregatorRegistry } = await import('prom-client');
  return AggregatorRegistry.aggregate(all.map((samples) => [...samples] as MetricObject[])).metrics();
}

async function register(sources: MetricSources): Promise<Registry> {
  const { Registry, Gauge, Counter, collectDefaultMetrics } = await import('prom-client');
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const { name, help, labels = [], isShared = false, read } of gaugesOf(sources)) {
    new Gauge({
      ...{ name, help, labelNames: [...labels], registers: [registry] },
      aggregator: isShared ? 'first' : 'sum',
      async collect() {
        this.reset();
        for (const sample of await read()) this.set(sample.labels ?? {}, sample.value);
      },
    });
  }
  for (const { name, help, labels = [], read } of countersOf(sources)) {
    new Counter({
      ...{ name, help, labelNames: [...labels], registers: [registry] },
      async collect() {
        this.reset();
        for (const sample of await read()) this.inc(sample.labels ?? {}, sample.value);
      },
    });
  }
  return registry;
}

function gaugesOf({ version, data, connections, accounts, tls, queue }: MetricSources): Family[] {
  return [
    ...queueGauges(queue),
    {
      name: 'brevduva_info',
      help: 'The version that runs; always 1.',
      labels: ['version'],
      isShared: true,
      read: () => [{ labels: { version }, value: 1 }],
    },
    {
      name: 'brevduva_connections',
      help: 'Connections that are open.',
      labels: ['service'],
      read: () => connections.counts().map(({ service, open: value }) => ({ labels: { service }, value })),
    },
    {
      name: 'brevduva_signed_in',
      help: 'Connections that are signed in.',
      labels: ['service'],
      read: () =>
        connections.counts().map(({ service, signedIn: value }) => ({ labels: { service }, value })),
    },
    {
      name: 'brevduva_accounts_in_memory',
      help: 'Accounts that somebody uses or has used a moment ago.',
      read: () => [{ value: [...accounts.all()].length }],
    },
    {
      name: 'brevduva_certificate_expires_seconds',
      help: 'When the certificate in use ends, in seconds since 1970.',
      isShared: true,
      read: () => [{ value: tls.certificate.validToDate.getTime() / 1000 }],
    },
    {
      name: 'brevduva_disk_free_bytes',
      help: 'What is left to the server on the disk of the data folder.',
      isShared: true,
      read: async () => {
        const { bavail, bsize } = await statfs(data);
        return [{ value: bavail * bsize }];
      },
    },
  ];
}

function countersOf({ activity, connections, log, queue }: MetricSources): Family[] {
  return [
    ...queueCounters(queue),
    {
      name: 'brevduva_events_total',
      help: 'What happened to accounts: sign-ins and failures, deliveries, refusals, deletions, changes.',
      labels: ['event', 'service'],
      read: () =>
        [...activity.counts()].map(({ what: event, service, count: value }) => ({
          labels: { event, service },
          value,
        })),
    },
    {
      name: 'brevduva_connections_refused_total',
      help: 'Connections that found no place, or lost it to a newcomer before they signed in.',
      labels: ['service', 'reason'],
      read: () =>
        [...connections.refusals()].map(({ service, reason, count: value }) => ({
          labels: { service, reason },
          value,
        })),
    },
    {
      name: 'brevduva_log_lines_omitted_total',
      help: 'Lines of the log that its limits left out, or that its output did not take.',
      labels: ['reason'],
      read: () => [
        { labels: { reason: 'limit' }, value: log.omitted.leftOut },
        { labels: { reason: 'output' }, value: log.omitted.lost },
      ],
    },
  ];
}
