/**
 * The names under a domain by which mail programs find out how to be set up (`setup/`): whether they lead anywhere, and whether what
 * is there is this server. For PACC also whether the record is the digest of what is served.
 */
import { hostPort } from '../../net/listener.ts';
import { paccDocument, paccRecord } from '../../setup/pacc.ts';
import { servicesOf } from '../../setup/services.ts';
import { eachDomain } from '../domains.ts';
import { type Outcome, ok, unknown, warn } from '../finding.ts';
import { listeningPorts } from '../ports.ts';
import type { Check, World } from '../world.ts';
import { isOnlyHere } from '../zone.ts';

const expected = 'names by which mail programs set themselves up, and answers there';

export const setupNames: Check = {
  name: 'setup',
  async run(world) {
    const { listen, hostname } = world.config;
    if ((listen.http === undefined && listen.https === undefined) || isOnlyHere(hostname)) return [];
    return eachDomain(world, expected, async (domain) => [
      await lookAt(world, domain, 'autoconfig', `/mail/config-v1.1.xml`, '<clientConfig'),
      await lookAt(
        world,
        domain,
        'autodiscover',
        '/autodiscover/autodiscover.json?Protocol=AutodiscoverV1',
        'autodiscover.xml',
      ),
      await lookAtPacc(world, domain),
    ]);
  },
};

async function lookAt(
  world: World,
  domain: string,
  purpose: string,
  path: string,
  sign: string,
): Promise<Outcome> {
  const name = `${purpose}.${domain}`;
  const { hostname, listen } = world.config;
  const record = `${name}. IN CNAME ${hostname}.`;
  if (!(await hasAddress(world, name)))
    return warn({
      ...{ subject: name, expected, seen: 'the DNS has no address for it', records: [record] },
      remedy: 'publish this; without it people type host names and ports themselves',
    });
  const page = await world.web(`${listen.https === undefined ? 'http' : 'https'}://${name}${path}`);
  if (page.kind === 'failed')
    return warn({
      ...{ subject: name, expected, seen: `no answer: ${page.why}` },
      remedy: `see that ${name} leads here, and that the certificate is for it (acme.enabled); a router may not lead back inside, then look from outside`,
    });
  if (page.status !== 200 || !page.body.includes(sign))
    return warn({
      ...{
        subject: name,
        expected,
        seen: `answers ${page.status}, and not as this server does`,
        records: [record],
      },
      remedy: 'see who answers there',
    });
  return ok({ subject: name, expected, seen: 'answers' });
}

async function lookAtPacc({ config, dns, server }: World, domain: string): Promise<Outcome> {
  const subject = `_ua-auto-config.${domain} TXT`;
  const listeners = listeningPorts(config, server).map(({ name, host, port }) => ({
    name,
    address: hostPort(host, port),
  }));
  const wanted = paccRecord(paccDocument(domain, config.hostname, servicesOf(listeners)));
  const answer = await dns.ask(`_ua-auto-config.${domain}`, 'TXT');
  if (answer.kind === 'nodata' || answer.kind === 'nxdomain')
    return ok({ subject, expected, seen: 'none; few programs ask for it yet' });
  if (answer.kind !== 'found')
    return unknown({ subject, expected, seen: answer.kind, remedy: 'see to the resolver first' });
  if (answer.records.includes(wanted)) return ok({ subject, expected, seen: 'the digest of what is served' });
  return warn({
    ...{ subject, expected, seen: `${answer.records.join(', ')}, which is not the digest of what is served` },
    ...{
      remedy: 'publish this; programs turn away from a document whose digest differs',
      records: [`_ua-auto-config.${domain}. IN TXT "${wanted}"`],
    },
  });
}

async function hasAddress({ dns }: World, name: string): Promise<boolean> {
  const answers = await Promise.all([dns.ask(name, 'A'), dns.ask(name, 'AAAA')]);
  return answers.some(({ kind }) => kind === 'found');
}
