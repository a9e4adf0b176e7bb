/** PTR of the addresses under which the server is known. Others judge a machine that sends mail by it, family by family. */
import { isPrivateAddress } from '../../base/ip-address.ts';
import { reverseName } from '../../dns/name.ts';
import { type Outcome, ok, unknown, warn } from '../finding.ts';
import type { Check, World } from '../world.ts';
import { unanswered } from '../zone.ts';
import { publishedAddresses } from './addresses.ts';

const MAX_ADDRESSES = 20;

export const reverseNames: Check = {
  name: 'reverse name',
  async run(world) {
    const published = await publishedAddresses(world);
    const open = published.filter((address) => !isPrivateAddress(address)).slice(0, MAX_ADDRESSES);
    return Promise.all(open.map((address) => look(world, address)));
  },
};

async function look({ config: { hostname }, dns }: World, address: string): Promise<Outcome> {
  const name = reverseName(address) ?? address;
  const subject = `${address} PTR`;
  const expected = hostname;
  const remedy =
    'let whoever gave you the address set it (the provider of the machine, not the one of the domain); mail that is sent from it is refused by many otherwise';
  const answer = await dns.ask(name, 'PTR');
  if (answer.kind === 'nodata' || answer.kind === 'nxdomain')
    return warn({ subject, expected, seen: 'none', remedy, records: [`${name}. IN PTR ${hostname}.`] });
  if (answer.kind !== 'found') return unknown({ subject, expected, ...unanswered(answer) });
  const seen = answer.records.join(', ');
  if (answer.records.includes(hostname.toLowerCase())) return ok({ subject, expected, seen });
  return warn({ subject, expected, seen, remedy, records: [`${name}. IN PTR ${hostname}.`] });
}
