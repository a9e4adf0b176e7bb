/** What others have reported of a domain of ours, put together: who sends in its name, how much of it is proved, how TLS fared. Pure. */
import type { AggregateSummary, SourceSum } from './dmarc/read.ts';
import type { ReceivedReport } from './ledger.ts';
import type { TlsFailureSum, TlsSummary } from './tls/read.ts';

export interface DomainOverview {
  readonly domain: string;
  readonly sinceMs: number;
  readonly mail: {
    readonly reports: number;
    readonly organizations: readonly string[];
    readonly messages: number;
    readonly passed: number;
    /** The largest first. */
    readonly sources: readonly SourceSum[];
  };
  readonly tls: {
    readonly reports: number;
    readonly organizations: readonly string[];
    readonly succeeded: number;
    readonly failed: number;
    readonly failures: readonly TlsFailureSum[];
  };
}

const MAX_SOURCES = 200;
const MAX_NAMES = 5;
const MAX_ORGANIZATIONS = 50;

export function overviewOf(
  domain: string,
  sinceMs: number,
  reports: readonly ReceivedReport[],
): DomainOverview {
  const of = <T>(kind: ReceivedReport['kind']): readonly T[] =>
    reports.filter((one) => one.kind === kind).map(({ summary }) => JSON.parse(summary) as T);
  return {
    ...{ domain, sinceMs },
    mail: mailOf(of<AggregateSummary>('dmarc')),
    tls: tlsOf(of<TlsSummary>('tls')),
  };
}

function mailOf(all: readonly AggregateSummary[]): DomainOverview['mail'] {
  const sources = new Map<string, SourceSum>();
  for (const source of all.flatMap((one) => one.sources)) {
    const known = sources.get(source.address);
    sources.set(source.address, known === undefined ? source : both(known, source));
  }
  return {
    reports: all.length,
    organizations: organizationsOf(all),
    messages: sum(all.map(({ messages }) => messages)),
    passed: sum(all.map(({ passed }) => passed)),
    sources: [...sources.values()].sort((a, b) => b.messages - a.messages).slice(0, MAX_SOURCES),
  };
}

function both(one: SourceSum, other: SourceSum): SourceSum {
  const names = (a: readonly string[], b: readonly string[]): string[] =>
    [...new Set([...a, ...b])].slice(0, MAX_NAMES);
  return {
    address: one.address,
    messages: one.messages + other.messages,
    passed: one.passed + other.passed,
    dkimPassed: one.dkimPassed + other.dkimPassed,
    spfPassed: one.spfPassed + other.spfPassed,
    quarantined: one.quarantined + other.quarantined,
    rejected: one.rejected + other.rejected,
    signers: names(one.signers, other.signers),
    senders: names(one.senders, other.senders),
  };
}

function tlsOf(all: readonly TlsSummary[]): DomainOverview['tls'] {
  const failures = new Map<string, TlsFailureSum>();
  for (const failure of all.flatMap((one) => one.failures)) {
    const key = `${failure.type} ${failure.host}`;
    const sessions = (failures.get(key)?.sessions ?? 0) + failure.sessions;
    failures.set(key, { ...failure, sessions });
  }
  return {
    reports: all.length,
    organizations: organizationsOf(all),
    succeeded: sum(all.map(({ succeeded }) => succeeded)),
    failed: sum(all.map(({ failed }) => failed)),
    failures: [...failures.values()].sort((a, b) => b.sessions - a.sessions),
  };
}

function organizationsOf(all: readonly { readonly organization: string }[]): readonly string[] {
  return [...new Set(all.map(({ organization }) => organization))].sort().slice(0, MAX_ORGANIZATIONS);
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
