/** SRV records, by which mail programs find the server of a domain from an address alone (RFC 6186 §3, RFC 8314 §5.1,
 * RFC 5804 §1.8). */
import { isLoopback } from '../../base/ip-address.ts';
import type { Answer } from '../../dns/answer.ts';
import { eachDomain } from '../domains.ts';
import { type Outcome, ok, unknown, warn } from '../finding.ts';
import { listeningPorts } from '../ports.ts';
import type { Check, World } from '../world.ts';
import { isOnlyHere, unanswered } from '../zone.ts';

const expected = 'SRV records that name this server for what it offers';
const SERVICES = ['imaps', 'imap', 'submissions', 'submission', 'pop3s', 'pop3', 'sieve'] as const;
type Service = (typeof SERVICES)[number];
/** TLS from the first octet comes first (RFC 8314 §5.1). */
const PRIORITY: Readonly<Record<Service, number>> = {
  ...{ imaps: 0, imap: 10, pop3s: 20, pop3: 30 },
  ...{ submissions: 0, submission: 10, sieve: 0 },
};
/** A transfer agent beside this server may offer them under the same name. */
const MAY_BE_OTHERS: ReadonlySet<Service> = new Set(['submissions', 'submission', 'sieve']);
/** Whoever has TLS from the first octet needs no other. */
const OPTIONAL: ReadonlySet<Service> = new Set(['imap', 'pop3', 'submission']);

export const clientServices: Check = {
  name: 'srv',
  async run(world) {
    const offered = offeredPorts(world);
    const { hostname } = world.config;
    if (offered.size === 0 || isOnlyHere(hostname))
      return [
        unknown({
          ...{ subject: 'services', expected },
          seen:
            offered.size === 0
              ? 'nothing listens for others than this machine'
              : `the hostname is ${hostname}`,
          remedy: 'look again when others can reach the server by a name',
        }),
      ];
    return eachDomain(world, expected, async (domain) => {
      const answers = await Promise.all(
        SERVICES.map(async (service) => ({
          ...{ service, port: offered.get(service) },
          answer: await world.dns.ask(`_${service}._tcp.${domain}`, 'SRV'),
        })),
      );
      return [judge(domain, hostname, answers)];
    });
  },
};

function offeredPorts({ config, server }: World): ReadonlyMap<string, number> {
  const open = listeningPorts(config, server).filter(({ host }) => !isLoopback(host) && host !== 'localhost');
  return new Map(open.map(({ name, port }) => [name === 'managesieve' ? 'sieve' : name, port]));
}

export interface ServiceSeen {
  readonly service: Service;
  /** Undefined: not offered to others. */
  readonly port: number | undefined;
  readonly answer: Answer<'SRV'>;
}

interface Said {
  readonly text: string;
  readonly fault?: string;
  readonly record?: string;
}

export function judge(domain: string, hostname: string, seen: readonly ServiceSeen[]): Outcome {
  const subject = `${domain} SRV`;
  for (const { answer } of seen) {
    if (answer.kind === 'found' || answer.kind === 'nodata' || answer.kind === 'nxdomain') continue;
    return unknown({ subject, expected, ...unanswered(answer) });
  }
  const said = seen.flatMap((one) => sayOf(one, domain, hostname));
  const found = { subject, expected, seen: said.map(({ text }) => text).join('; ') };
  const faults = said.flatMap(({ fault }) => (fault === undefined ? [] : [fault]));
  if (faults.length === 0) return ok(found);
  const records = said.flatMap(({ record }) => (record === undefined ? [] : [record]));
  return warn({
    ...found,
    remedy: [...new Set(faults)].join('; '),
    ...(records.length > 0 ? { records } : {}),
  });
}

function sayOf({ service, port, answer }: ServiceSeen, domain: string, hostname: string): Said[] {
  const name = `_${service}._tcp`;
  const targets = answer.kind === 'found' ? answer.records : [];
  const offers = targets.filter(({ target }) => target !== '.');
  const shown = offers.map(({ target, port: at }) => `${target}:${at}`).join(', ');
  if (port === undefined && MAY_BE_OTHERS.has(service)) return [];
  if (port === undefined) {
    if (offers.length === 0)
      return targets.length === 0 ? [] : [{ text: `${name} says that it is not offered` }];
    return [
      {
        text: `${name} names ${shown}, and this server does not offer it`,
        fault: 'take out, or say with a target of "." that it is not offered, what is not there',
        record: `${name}.${domain}. IN SRV 0 0 0 .`,
      },
    ];
  }
  const record = `${name}.${domain}. IN SRV ${PRIORITY[service]} 1 ${port} ${hostname}.`;
  if (offers.some((one) => one.target === hostname.toLowerCase() && one.port === port))
    return [{ text: `${name} names ${shown}` }];
  if (offers.length === 0 && targets.length === 0 && OPTIONAL.has(service)) return [];
  if (offers.length === 0) return [{ text: `no ${name}`, fault: 'publish these', record }];
  return [
    {
      text: `${name} names ${shown}`,
      fault: `publish these, unless a router leads from there to port ${port} of this machine`,
      record,
    },
  ];
}
