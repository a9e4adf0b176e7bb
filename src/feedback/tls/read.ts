/** What somebody else's report says of TLS with the servers of a domain of ours (RFC 8460 §4.4). */
import { z } from 'zod';

export interface TlsFailureSum {
  readonly type: string;
  /** The server of ours; empty when it is not said. */
  readonly host: string;
  readonly reason: string;
  readonly sessions: number;
}

export interface TlsSummary {
  readonly organization: string;
  readonly email: string;
  readonly reportId: string;
  readonly beginMs: number;
  readonly endMs: number;
  readonly domain: string;
  readonly succeeded: number;
  readonly failed: number;
  /** `sts`, `tlsa`, `no-policy-found`. */
  readonly policies: readonly string[];
  readonly failures: readonly TlsFailureSum[];
}

const MAX_POLICIES = 100;
const MAX_DETAILS = 1000;
const KEPT_FAILURES = 50;
const MAX_DOMAINS = 20;

const words = z.string().transform((text) => text.replace(/\p{Cc}/gu, ' ').slice(0, 255));
const count = z.coerce.number().int().min(0).max(1e9);
const PolicySchema = z.object({
  policy: z.object({ 'policy-type': words, 'policy-domain': words }),
  summary: z.object({
    'total-successful-session-count': count,
    'total-failure-session-count': count,
  }),
  'failure-details': z
    .array(
      z.object({
        'result-type': words,
        'receiving-mx-hostname': words.optional(),
        'failed-session-count': count,
        'failure-reason-code': words.optional(),
      }),
    )
    .max(MAX_DETAILS)
    .nullish(),
});
const ReportSchema = z.object({
  'organization-name': words.default(''),
  'date-range': z.object({ 'start-datetime': z.string().max(100), 'end-datetime': z.string().max(100) }),
  'contact-info': words.default(''),
  'report-id': words.default(''),
  policies: z.array(PolicySchema).max(MAX_POLICIES),
});
type PolicyRead = z.output<typeof PolicySchema>;

/** One for each domain that it is about. Throws for what is none. */
export function readTlsReport(octets: Buffer): readonly TlsSummary[] {
  const report = ReportSchema.parse(JSON.parse(octets.toString('utf8').replace(/^\ufeff/, '')));
  const { 'start-datetime': begin, 'end-datetime': end } = report['date-range'];
  const [beginMs, endMs] = [Date.parse(begin), Date.parse(end)];
  if (!(beginMs <= endMs)) throw new TypeError('it does not say of which time it is');
  const byDomain = Map.groupBy(report.policies, ({ policy }) =>
    policy['policy-domain'].toLowerCase().replace(/\.$/, ''),
  );
  return [...byDomain].slice(0, MAX_DOMAINS).map(([domain, policies]) => ({
    organization: report['organization-name'] || report['contact-info'],
    email: report['contact-info'],
    reportId: report['report-id'],
    ...{ beginMs, endMs, domain },
    ...summed(policies),
  }));
}

function summed(policies: readonly PolicyRead[]) {
  const failures = new Map<string, TlsFailureSum>();
  let [succeeded, failed] = [0, 0];
  for (const { summary, 'failure-details': details } of policies) {
    succeeded += summary['total-successful-session-count'];
    failed += summary['total-failure-session-count'];
    for (const one of details ?? []) {
      const {
        'result-type': type,
        'receiving-mx-hostname': host = '',
        'failure-reason-code': reason = '',
      } = one;
      const key = `${type} ${host}`;
      const sessions = (failures.get(key)?.sessions ?? 0) + one['failed-session-count'];
      failures.set(key, { type, host, reason, sessions });
    }
  }
  const kinds = new Set(policies.map(({ policy }) => policy['policy-type']));
  const largest = [...failures.values()].sort((a, b) => b.sessions - a.sessions);
  return { succeeded, failed, policies: [...kinds].sort(), failures: largest.slice(0, KEPT_FAILURES) };
}
