/** What is told of a domain's servers, as JSON (RFC 8460 §4.4), of one day. Pure. */
import type { TlsObservation } from '../observation.ts';

export type TlsRow = Omit<TlsObservation, 'domain' | 'host' | 'address'> &
  Partial<Pick<TlsObservation, 'host' | 'address'>> & { readonly count: number };

export interface TlsReport {
  readonly organization: string;
  readonly email: string;
  readonly reportId: string;
  readonly beginMs: number;
  readonly endMs: number;
  readonly domain: string;
  readonly rows: readonly TlsRow[];
}

export function tlsReportJson(report: TlsReport): string {
  const { organization, email, reportId, beginMs, endMs, domain, rows } = report;
  const byPolicy = Map.groupBy(rows, ({ policy }) => JSON.stringify(policy));
  return JSON.stringify({
    'organization-name': organization,
    'date-range': { 'start-datetime': moment(beginMs), 'end-datetime': moment(endMs - 1000) },
    'contact-info': email,
    'report-id': reportId,
    policies: [...byPolicy.values()].map((some) => policyOf(domain, some)),
  });
}

function policyOf(domain: string, rows: readonly TlsRow[]): object {
  const [{ policy }] = rows as [TlsRow];
  const sum = (some: readonly TlsRow[]): number => some.reduce((all, { count }) => all + count, 0);
  const failed = rows.filter(({ failure }) => failure !== undefined);
  return {
    policy: {
      'policy-type': policy.type,
      'policy-string': policy.text,
      'policy-domain': domain,
      ...(policy.hosts.length === 0 ? {} : { 'mx-host': policy.hosts }),
    },
    summary: {
      'total-successful-session-count': sum(rows) - sum(failed),
      'total-failure-session-count': sum(failed),
    },
    ...(failed.length === 0 ? {} : { 'failure-details': failed.map(failureOf) }),
  };
}

function failureOf({ failure, host = '', address = '', count }: TlsRow): object {
  return {
    'result-type': failure?.type,
    ...(host === '' ? {} : { 'receiving-mx-hostname': host }),
    ...(address === '' ? {} : { 'receiving-ip': address }),
    'failed-session-count': count,
    ...(failure?.reason ? { 'failure-reason-code': failure.reason } : {}),
  };
}

/** RFC 3339, in UTC. */
function moment(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
