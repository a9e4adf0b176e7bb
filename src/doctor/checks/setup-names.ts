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
import { isOnlyHere, unanswered } from '../zone.ts';

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
      await lookAtAutodiscover(world, domain),
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
  const document = paccDocument(domain, config.hostname, servicesOf(listeners));
  const wanted = paccRecord(document);
  const record = `_ua-auto-config.${domain}. IN TXT "${wanted}"`;
  const answer = await dns.ask(`_ua-auto-config.${domain}`, 'TXT');
  if (answer.kind === 'nodata' || answer.kind === 'nxdomain') {
    // It is got over HTTPS, and names what is at its usual port.
    const isServed = config.listen.https !== undefined && namesAnything(document);
    const records = isServed ? [`ua-auto-config.${domain}. IN CNAME ${config.hostname}.`, record] : [];
    return ok({ subject, expected, seen: 'none; few programs ask for it yet', records });
  }
  if (answer.kind !== 'found')
    return unknown({ subject, expected, seen: answer.kind, remedy: 'see to the resolver first' });
  if (answer.records.includes(wanted)) return ok({ subject, expected, seen: 'the digest of what is served' });
  return warn({
    ...{ subject, expected, seen: `${answer.records.join(', ')}, which is not the digest of what is served` },
    ...{
      remedy: 'publish this; programs turn away from a document whose digest differs',
      records: [record],
    },
  });
}

function namesAnything(document: string): boolean {
  const { protocols } = JSON.parse(document) as { protocols: object };
  return Object.keys(protocols).length > 0;
}

/** Where Outlook looks when there is no name for it ([MS-OXDISCO] §3.1.5.4). */
async function lookAtAutodiscover({ config, dns, server }: World, domain: string): Promise<Outcome> {
  const subject = `_autodiscover._tcp.${domain} SRV`;
  const port = listeningPorts(config, server).find(({ name }) => name === 'https')?.port;
  if (port === undefined) return ok({ subject, expected, seen: 'listen.https is switched off' });
  const record = `_autodiscover._tcp.${domain}. IN SRV 0 0 ${port} ${config.hostname}.`;
  const answer = await dns.ask(`_autodiscover._tcp.${domain}`, 'SRV');
  if (answer.kind === 'nodata' || answer.kind === 'nxdomain')
    return ok({ subject, expected, seen: 'none; autodiscover. is asked first', records: [record] });
  if (answer.kind !== 'found') return unknown({ subject, expected, ...unanswered(answer) });
  const seen = answer.records.map((one) => `${one.target}:${one.port}`).join(', ');
  const leadsHere = answer.records.some(
    (one) => one.target === config.hostname.toLowerCase() && one.port === port,
  );
  if (leadsHere) return ok({ subject, expected, seen });
  return warn({
    ...{ subject, expected, seen, records: [record] },
    remedy: 'publish this, unless another server sets Outlook up for the domain',
  });
}

async function hasAddress({ dns }: World, name: string): Promise<boolean> {
  const answers = await Promise.all([dns.ask(name, 'A'), dns.ask(name, 'AAAA')]);
  return answers.some(({ kind }) => kind === 'found');
}
