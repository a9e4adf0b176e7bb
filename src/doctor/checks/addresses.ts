/** Whether the DNS leads mail programs to this machine: A and AAAA of the hostname. */
import { isIP } from 'node:net';
import { isLoopback, isPrivateAddress } from '../../base/ip-address.ts';
import type { Answer } from '../../dns/answer.ts';
import { reverseName } from '../../dns/name.ts';
import { fail, type Outcome, ok, unknown, warn } from '../finding.ts';
import type { Check, World } from '../world.ts';
import { addressLine, isOnlyHere, unanswered } from '../zone.ts';

export const addresses: Check = {
  name: 'address',
  async run(world) {
    const { hostname } = world.config;
    if (isOnlyHere(hostname) || isIP(hostname) !== 0) return [noName(hostname)];
    const [a, aaaa] = await Promise.all([world.dns.ask(hostname, 'A'), world.dns.ask(hostname, 'AAAA')]);
    if (a.kind === 'nxdomain' || (a.kind === 'nodata' && aaaa.kind === 'nodata')) return [noAddress(world)];
    return [judgeFamily(world, 'A', a), judgeFamily(world, 'AAAA', aaaa)];
  },
};

/** What the DNS says of the hostname, for other checks. */
export async function publishedAddresses({ config, dns }: World): Promise<readonly string[]> {
  if (isOnlyHere(config.hostname) || isIP(config.hostname) !== 0) return [];
  const answers = await Promise.all([dns.ask(config.hostname, 'A'), dns.ask(config.hostname, 'AAAA')]);
  return answers.flatMap((answer) => (answer.kind === 'found' ? answer.records : []));
}

export function sameAddress(a: string, b: string): boolean {
  return reverseName(a) !== undefined && reverseName(a) === reverseName(b);
}

function noName(hostname: string): Outcome {
  return warn({
    subject: hostname,
    seen: isIP(hostname) === 0 ? 'a name that only this machine has' : 'an address and no name',
    expected: 'a name that leads others to this machine',
    remedy: 'set hostname to the name that mail programs are to use, such as mail.example.com',
  });
}

function noAddress({ config: { hostname }, addresses: own }: World): Outcome {
  const open = own.filter((address) => !isPrivateAddress(address));
  return fail({
    subject: hostname,
    seen: 'the DNS has no address for it',
    expected: 'an address of this machine',
    remedy: open.length > 0 ? 'publish it' : 'publish the address by which others reach this machine',
    ...(open.length > 0 ? { records: open.map((address) => addressLine(hostname, address)) } : {}),
  });
}

const FAMILIES = { A: { version: 4, name: 'IPv4' }, AAAA: { version: 6, name: 'IPv6' } } as const;

export function judgeFamily(
  { config: { hostname }, addresses: own }: Pick<World, 'config' | 'addresses'>,
  type: keyof typeof FAMILIES,
  answer: Answer<'A' | 'AAAA'>,
): Outcome {
  const { version, name } = FAMILIES[type];
  const subject = `${hostname} ${type}`;
  const expected = 'addresses of this machine';
  if (answer.kind === 'nodata' || answer.kind === 'nxdomain')
    return ok({
      subject,
      expected: 'none, or addresses of this machine',
      seen: `none: not reached by ${name}`,
    });
  if (answer.kind !== 'found') return unknown({ subject, expected, ...unanswered(answer) });
  const foreign = answer.records.filter((address) => !own.some((one) => sameAddress(one, address)));
  const seen = answer.records.join(', ');
  const loopback = answer.records.filter(isLoopback);
  if (loopback.length > 0)
    return fail({
      ...{ subject, expected, seen: `${seen}: with ${loopback.join(', ')} every device reaches itself` },
      remedy: 'publish the address by which others reach this machine',
    });
  if (foreign.length === 0) return ok({ subject, expected, seen });
  const open = own.filter((address) => isIP(address) === version && !isPrivateAddress(address));
  if (open.length === 0)
    return unknown({
      ...{ subject, expected, seen: `${foreign.join(', ')}, which no interface of this machine has` },
      remedy:
        'behind a router or a load balancer that is as it should be: see from outside that its ports lead here',
    });
  return fail({
    ...{
      subject,
      expected: `${expected}: ${open.join(', ')}`,
      seen: `${foreign.join(', ')} is of another machine`,
    },
    remedy: 'publish these, unless another machine passes connections on to this one',
    records: open.map((address) => addressLine(hostname, address)),
  });
}
