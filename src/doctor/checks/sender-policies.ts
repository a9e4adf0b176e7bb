/**
 * What others ask the DNS when mail comes from a domain here: who may send for it (SPF, RFC 7208) and what is to become of mail
 * that is not authentic (DMARC, RFC 9989).
 */
import { isPrivateAddress } from '../../base/ip-address.ts';
import type { Answer } from '../../dns/answer.ts';
import { spfOf } from '../../message-auth/spf.ts';
import { eachDomain } from '../domains.ts';
import { fail, type Outcome, ok, unknown, warn } from '../finding.ts';
import type { Check, World } from '../world.ts';
import { unanswered } from '../zone.ts';
import { publishedAddresses } from './addresses.ts';

const SPF = 'a policy that lets this machine send for the domain';
const DMARC = 'a policy that says what is to become of mail that is not authentic';
const MAX_ADDRESSES = 8;

export const senderPolicy: Check = {
  name: 'spf',
  async run(world) {
    const published = await publishedAddresses(world);
    const addresses = published.filter((address) => !isPrivateAddress(address)).slice(0, MAX_ADDRESSES);
    return eachDomain(world, SPF, async (domain) => [await lookAtSpf(world, domain, addresses)]);
  },
};

export const authorPolicy: Check = {
  name: 'dmarc',
  run: (world) =>
    eachDomain(world, DMARC, async (domain) => [
      judgeDmarc(domain, await world.dns.ask(`_dmarc.${domain}`, 'TXT')),
    ]),
};

async function lookAtSpf(
  { dns, config }: World,
  domain: string,
  addresses: readonly string[],
): Promise<Outcome> {
  const found = { subject: `${domain} SPF`, expected: SPF };
  const answer = await dns.ask(domain, 'TXT');
  const records = [`${domain}. IN TXT "v=spf1 mx -all"`];
  const policies = textsOf(answer).filter((text) => /^v=spf1(?: |$)/i.test(text));
  if (!isSaid(answer)) return unknown({ ...found, ...unanswered(answer) });
  const [policy] = policies;
  if (policy === undefined)
    return warn({
      ...{ ...found, seen: 'none', records },
      remedy:
        'publish this, with whatever else sends mail for the domain; many refuse mail of a domain that has none',
    });
  if (policies.length > 1)
    return fail({
      ...{ ...found, seen: `${policies.length} policies: ${policies.join(' and ')}` },
      remedy: 'make one of them: with more than one none counts',
    });
  const results = await Promise.all(addresses.map((address) => spfOf(dns, address, domain, config.hostname)));
  const refused = addresses.filter((_, i) => results[i] !== 'pass');
  if (refused.length === 0) return ok({ ...found, seen: policy });
  const seen = `${policy}, by which ${refused.map((address) => `${address}: ${results[addresses.indexOf(address)]}`).join(', ')}`;
  const remedy =
    'name this machine in it (mx, or its address), unless mail of the domain leaves by another one';
  return results.includes('permerror')
    ? fail({ ...found, seen, remedy: 'mend it: whoever reads it finds a mistake, or too many questions' })
    : warn({ ...found, seen, remedy });
}

export function judgeDmarc(domain: string, answer: Answer<'TXT'>): Outcome {
  const found = { subject: `${domain} DMARC`, expected: DMARC };
  if (!isSaid(answer)) return unknown({ ...found, ...unanswered(answer) });
  const policies = textsOf(answer).filter((text) => /^v\s*=\s*DMARC1\s*(?:;|$)/i.test(text));
  const record = (policy: string) =>
    `_dmarc.${domain}. IN TXT "v=DMARC1; p=${policy}; rua=mailto:postmaster@${domain}"`;
  const [policy] = policies;
  if (policy === undefined)
    return warn({
      ...{ ...found, seen: 'none', records: [record('none')] },
      remedy:
        'publish this, read the reports for some weeks, and go on to quarantine and reject; without one anybody can send in the name of the domain',
    });
  if (policies.length > 1)
    return fail({
      ...{ ...found, seen: `${policies.length} policies` },
      remedy: 'make one of them: with more than one none counts',
    });
  const asked = /;\s*p\s*=\s*(\w+)/i.exec(policy)?.[1]?.toLowerCase();
  if (asked !== 'none' && asked !== 'quarantine' && asked !== 'reject')
    return fail({
      ...{ ...found, seen: policy, records: [record('none')] },
      remedy: 'say with p= what is to be done',
    });
  if (asked === 'none' && !/;\s*rua\s*=/i.test(policy))
    return warn({
      ...{ ...found, seen: policy, records: [record('none')] },
      remedy: 'with p=none and nobody who reads reports it does nothing; name an address for them (rua)',
    });
  return ok({ ...found, seen: policy });
}

function textsOf(answer: Answer<'TXT'>): readonly string[] {
  return answer.kind === 'found' ? answer.records : [];
}

/** Found, or known not to be there. */
function isSaid(
  answer: Answer<'TXT'>,
): answer is Extract<Answer<'TXT'>, { kind: 'found' | 'nodata' | 'nxdomain' }> {
  return answer.kind === 'found' || answer.kind === 'nodata' || answer.kind === 'nxdomain';
}
