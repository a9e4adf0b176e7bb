/**
 * Where the mail of each domain goes: its MX. This server takes mail by LMTP from a mail transfer agent, which may be on another
 * machine, so an MX elsewhere is no fault; one that leads nowhere is.
 */
import { isIP } from 'node:net';
import type { MailExchange } from '../../dns/answer.ts';
import { eachDomain } from '../domains.ts';
import { fail, type Outcome, ok, unknown, warn } from '../finding.ts';
import type { Check, World } from '../world.ts';
import { unanswered } from '../zone.ts';
import { sameAddress } from './addresses.ts';

const expected = 'MX records that lead to this machine, or to the one that hands the mail over to it';
/** More are not looked into (RFC 5321 §5.1 wants some of them tried). */
const MAX_HOSTS = 10;

export const mailExchangers: Check = {
  name: 'mx',
  run: (world) => eachDomain(world, expected, async (domain) => [await look(world, domain)]),
};

async function look(world: World, domain: string): Promise<Outcome> {
  const subject = `${domain} MX`;
  const records = [`${domain}. IN MX 10 ${world.config.hostname}.`];
  const answer = await world.dns.ask(domain, 'MX');
  if (answer.kind === 'nxdomain')
    return fail({
      subject,
      expected,
      seen: 'the DNS knows no such domain',
      remedy: 'register it, or see to its name servers',
    });
  if (answer.kind === 'nodata') return withoutRecords(world, domain, records);
  if (answer.kind !== 'found') return unknown({ subject, expected, ...unanswered(answer) });
  const hosts = [...answer.records].sort((a, b) => a.preference - b.preference).slice(0, MAX_HOSTS);
  if (hosts.some(({ exchange }) => exchange === '.'))
    return fail({
      ...{ subject, expected, seen: 'the domain says that it takes no mail (a null MX)', records },
      remedy: 'publish this in its place',
    });
  const looked = await Promise.all(hosts.map((host) => lookAtHost(world, host)));
  return judge(subject, looked);
}

async function withoutRecords(
  { dns, config }: World,
  domain: string,
  records: readonly string[],
): Promise<Outcome> {
  const subject = `${domain} MX`;
  const a = await dns.ask(domain, 'A');
  const remedy = `publish one that names the machine which takes the mail: ${config.hostname}, where your mail transfer agent is on this machine`;
  if (a.kind === 'found')
    return warn({
      subject,
      expected,
      seen: `none, so mail goes to the address of ${domain} itself: ${a.records.join(', ')}`,
      remedy,
      records,
    });
  return fail({ subject, expected, seen: 'none', remedy, records });
}

export interface HostSeen {
  readonly name: string;
  readonly preference: number;
  /** Where mail that goes there arrives. */
  readonly leads: 'here' | 'elsewhere' | 'nowhere' | 'unknown';
  readonly addresses: readonly string[];
  readonly isAlias: boolean;
}

async function lookAtHost(world: World, { exchange, preference }: MailExchange): Promise<HostSeen> {
  const host = { name: exchange, preference };
  const answers = await Promise.all([world.dns.ask(exchange, 'A'), world.dns.ask(exchange, 'AAAA')]);
  const found = answers.filter((answer) => answer.kind === 'found');
  const addresses = found.flatMap(({ records }) => records);
  const isAlias = found.some(({ name }) => name !== exchange);
  const isUnknown = answers.some(({ kind }) => kind === 'servfail' || kind === 'timeout' || kind === 'busy');
  const isOurs =
    exchange === world.config.hostname.toLowerCase() ||
    addresses.some((address) => world.addresses.some((own) => sameAddress(own, address)));
  if (addresses.length === 0)
    return { ...host, addresses, isAlias, leads: isUnknown ? 'unknown' : 'nowhere' };
  return { ...host, addresses, isAlias, leads: isOurs ? 'here' : 'elsewhere' };
}

export function judge(subject: string, hosts: readonly HostSeen[]): Outcome {
  const describe = ({ name, preference, addresses }: HostSeen) =>
    `${preference} ${name} (${addresses.join(', ') || 'no address'})`;
  const seen = hosts.map(describe).join('; ');
  const found = { subject, expected, seen };
  const nowhere = hosts.filter(({ leads }) => leads === 'nowhere');
  if (nowhere.length > 0) {
    const [first] = nowhere;
    const isAddress = isIP(first?.name ?? '') !== 0;
    const remedy = isAddress
      ? 'an MX names a host, not an address'
      : `publish an address for ${first?.name}, or take it out`;
    return nowhere.length === hosts.length ? fail({ ...found, remedy }) : warn({ ...found, remedy });
  }
  const alias = hosts.find(({ isAlias }) => isAlias);
  if (alias !== undefined)
    return warn({
      ...found,
      remedy: `name the host itself: ${alias.name} is an alias, which an MX must not name (RFC 2181 §10.3)`,
    });
  if (hosts.some(({ leads }) => leads === 'here')) return ok(found);
  const isUnsaid = hosts.some(({ leads }) => leads === 'unknown');
  return unknown({
    ...found,
    remedy: isUnsaid
      ? 'see to the resolver first (the line "resolver")'
      : 'see that the machine there hands the mail over to listen.lmtp, or leads it to listen.smtp; from here that cannot be seen',
  });
}
