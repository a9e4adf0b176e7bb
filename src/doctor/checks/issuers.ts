/** CAA (RFC 8659): whether the authority that this server gets its certificate from may issue for its name. */
import type { IssuerAuthorization } from '../../dns/answer.ts';
import { eachDomain } from '../domains.ts';
import { fail, type Outcome, ok, unknown } from '../finding.ts';
import type { Check, World } from '../world.ts';
import { unanswered } from '../zone.ts';

const expected = 'nothing that forbids the authority to issue (CAA)';
/** By the host of the directory, how the authority is called in such records. Others are not known here. */
const AUTHORITIES: Readonly<Record<string, string>> = {
  'acme-v02.api.letsencrypt.org': 'letsencrypt.org',
  'acme-staging-v02.api.letsencrypt.org': 'letsencrypt.org',
  'acme.zerossl.com': 'sectigo.com',
  'dv.acme-v02.api.pki.goog': 'pki.goog',
};

export const issuers: Check = {
  name: 'caa',
  async run({ config, dns, machine }) {
    const authority = AUTHORITIES[new URL(config.acme.directory).host];
    if (!config.acme.enabled || authority === undefined) return [];
    return [await look(dns, config.hostname, { authority, account: await machine.acmeAccount() })];
  },
};

/** Of the names under each domain that have certificates here (`setup-names.ts`). */
export const domainIssuers: Check = {
  name: 'domain caa',
  async run(world) {
    const { config, dns, machine } = world;
    const authority = AUTHORITIES[new URL(config.acme.directory).host];
    if (!config.acme.enabled || authority === undefined || config.listen.https === undefined) return [];
    const issuer = { authority, account: await machine.acmeAccount() };
    return eachDomain(world, expected, async (domain) => [await look(dns, domain, issuer)]);
  },
};

export interface Issuer {
  readonly authority: string;
  /** Nobody else's account with that authority then gets one (RFC 8657 §3). */
  readonly account: string | undefined;
}

/** The first name upwards that has such records decides (§3). */
async function look(dns: World['dns'], hostname: string, issuer: Issuer): Promise<Outcome> {
  const labels = hostname.split('.');
  for (let i = 0; i < labels.length; i++) {
    const name = labels.slice(i).join('.');
    const answer = await dns.ask(name, 'CAA');
    if (answer.kind === 'found') return judge(name, answer.records, issuer);
    if (answer.kind !== 'nodata' && answer.kind !== 'nxdomain')
      return unknown({ subject: `${name} CAA`, expected, ...unanswered(answer) });
  }
  const records = [recordOf(hostname, issuer)];
  return ok({ subject: `${hostname} CAA`, expected, seen: 'none, so any authority may', records });
}

export function judge(
  name: string,
  records: readonly IssuerAuthorization[],
  { authority, account }: Issuer,
): Outcome {
  const found = { subject: `${name} CAA`, expected };
  const named = records.filter(({ tag }) => tag.toLowerCase() === 'issue').map(({ value }) => value);
  const isAllowed =
    named.length === 0 || named.some((value) => value.split(';', 1)[0]?.trim().toLowerCase() === authority);
  const seen = named.length === 0 ? 'says nothing about who issues' : `issue: ${named.join(', ')}`;
  if (isAllowed) return ok({ ...found, seen });
  return fail({
    ...{
      ...found,
      seen,
      records: [recordOf(name, { authority, account })],
    },
    remedy: `publish this beside them, or take another authority with acme.directory`,
  });
}

/** With the account, so that nobody else's with that authority gets a certificate (RFC 8657 §3). */
function recordOf(name: string, { authority, account }: Issuer): string {
  return `${name}. IN CAA 0 issue "${authority}${account === undefined ? '' : `; accounturi=${account}`}"`;
}
