/**
 * MTA-STS (RFC 8461) and reports about TLS (RFC 8460): whether the policy that this server publishes is found, is the one that the
 * record names, and covers every host that takes the mail of the domain.
 */
import type { Answer } from '../../dns/answer.ts';
import { type MtaStsPolicy, mtaStsRecord, policyText } from '../../setup/mta-sts.ts';
import { eachDomain } from '../domains.ts';
import { fail, type Outcome, ok, unknown, warn } from '../finding.ts';
import type { Check, World } from '../world.ts';
import { unanswered } from '../zone.ts';

const expected = 'a policy for mail that comes over TLS, and its record';

export const transportPolicy: Check = {
  name: 'mta-sts',
  async run(world) {
    // Only who takes mail from the world has something to say about it, and only over HTTPS.
    const { listen } = world.config;
    if (listen.smtp === undefined || listen.https === undefined) return [];
    return eachDomain(world, expected, async (domain) => {
      const [record, reports, mx] = await Promise.all([
        world.dns.ask(`_mta-sts.${domain}`, 'TXT'),
        world.dns.ask(`_smtp._tls.${domain}`, 'TXT'),
        world.dns.ask(domain, 'MX'),
      ]);
      const isPublished = record.kind === 'found';
      const page = isPublished
        ? await world.web(`https://mta-sts.${domain}/.well-known/mta-sts.txt`)
        : undefined;
      return [
        judge(domain, { record, reports, mx, page, policy: world.mtaSts, hostname: world.config.hostname }),
      ];
    });
  },
};

export interface TransportSeen {
  readonly record: Answer<'TXT'>;
  readonly reports: Answer<'TXT'>;
  readonly mx: Answer<'MX'>;
  /** What is served for the domain; undefined: not looked at. */
  readonly page: Awaited<ReturnType<World['web']>> | undefined;
  /** What this server publishes. */
  readonly policy: MtaStsPolicy;
  readonly hostname: string;
}

export function judge(
  domain: string,
  { record, reports, mx, page, policy, hostname }: TransportSeen,
): Outcome {
  const found = { subject: `${domain} MTA-STS`, expected };
  if (record.kind !== 'found' && record.kind !== 'nodata' && record.kind !== 'nxdomain')
    return unknown({ ...found, ...unanswered(record) });
  const wanted = mtaStsRecord(policy);
  const report = `_smtp._tls.${domain}. IN TXT "v=TLSRPTv1; rua=mailto:postmaster@${domain}"`;
  const lines = [
    `mta-sts.${domain}. IN CNAME ${hostname}.`,
    `_mta-sts.${domain}. IN TXT "${wanted}"`,
    report,
  ];
  const published =
    record.kind === 'found' ? record.records.filter((text) => /^v=STSv1\s*(?:;|$)/.test(text)) : [];
  const [text] = published;
  if (text === undefined)
    return warn({
      ...{ ...found, seen: 'no record, so senders may be talked out of TLS', records: lines },
      remedy: 'publish these, the policy is served already (docs/DNS.md)',
    });
  if (published.length > 1)
    return fail({
      ...found,
      seen: `${published.length} records`,
      remedy: 'leave one: with more than one none counts',
    });
  if (page === undefined || page.kind === 'failed')
    return fail({
      ...{ ...found, seen: `${text}, and the policy cannot be fetched: ${page?.why ?? 'not looked at'}` },
      remedy: `see that mta-sts.${domain} leads here at port 443, with a certificate for that name (acme.enabled gets one)`,
    });
  if (page.status !== 200 || page.body !== policyText(policy))
    return warn({
      ...{
        ...found,
        seen: `${text}, and what is served at mta-sts.${domain} (${page.status}) is not the policy of this server`,
      },
      remedy: 'restart the server if mta_sts was changed, or see who answers there',
    });
  const gap = uncoveredBy(policy, mx);
  if (gap !== undefined)
    return policy.mode === 'enforce' ? fail({ ...found, ...gap }) : warn({ ...found, ...gap });
  if (!text.replace(/\s/g, '').startsWith(wanted.replace(/\s|;$/g, '')))
    return warn({
      ...{
        ...found,
        seen: `${text}, which does not name the policy that is served`,
        records: [lines[1] as string],
      },
      remedy: 'publish this: senders fetch the policy anew only when the id changes',
    });
  if (reports.kind === 'nodata' || reports.kind === 'nxdomain')
    return warn({
      ...{ ...found, seen: `mode ${policy.mode}, and no address for reports`, records: [report] },
      remedy: 'publish this, with an address that is read, so that senders say what goes wrong (RFC 8460)',
    });
  return ok({ ...found, seen: `mode ${policy.mode} for ${policy.mx.join(', ')}` });
}

/** Hosts that take mail and are not in the policy. */
function uncoveredBy(
  { mode, mx: patterns }: MtaStsPolicy,
  mx: Answer<'MX'>,
): { seen: string; remedy: string } | undefined {
  const left = exchangers(mx).filter((host) => !patterns.some((pattern) => covers(pattern, host)));
  if (left.length === 0) return undefined;
  return {
    seen: `mode ${mode}, and ${left.join(', ')} in the MX is not in it`,
    remedy:
      'name all hosts that take mail in mta_sts.mx: senders who keep to the policy will not deliver to others',
  };
}

function exchangers(mx: Answer<'MX'>): readonly string[] {
  return mx.kind === 'found' ? mx.records.map(({ exchange }) => exchange).filter((name) => name !== '.') : [];
}

/** RFC 8461 §4.1: a star stands for one label. */
function covers(pattern: string, host: string): boolean {
  const [name, wanted] = [host.toLowerCase(), pattern.toLowerCase()];
  if (!wanted.startsWith('*.')) return name === wanted;
  return name.slice(name.indexOf('.') + 1) === wanted.slice(2);
}
