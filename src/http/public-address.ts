/**
 * Which addresses belong to the public internet: what a stranger may have this server connect to. Everything else is refused: this
 * machine, its network, what is reserved, and each of these written as an IPv6 address.
 */
import { BlockList, isIP } from 'node:net';

/** The registries of RFC 6890 and what has joined them, and multicast. */
const NOT_PUBLIC_V4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
];
/** Of what is global unicast, 2000::/3 (RFC 4291 §2.4): protocol assignments with Teredo, documentation, 6to4. */
const NOT_PUBLIC_V6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

const V4 = blocks(NOT_PUBLIC_V4, 'ipv4');
const V6 = blocks(NOT_PUBLIC_V6, 'ipv6');
const GLOBAL_UNICAST = blocks(['2000::/3'], 'ipv6');
/** IPv4 addresses in IPv6 (RFC 4291 §2.5.5.2, RFC 6052 §2.1): judged by what is in them. */
const CARRIES_V4 = blocks(['::ffff:0:0/96', '64:ff9b::/96'], 'ipv6');

/** Whether it is an address, and one of the public internet. An address with a zone is none. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !V4.check(address, 'ipv4');
  if (family !== 6 || address.includes('%')) return false;
  if (carriesV4(address)) return isPublicAddress(lastFourOctets(address));
  return GLOBAL_UNICAST.check(address, 'ipv6') && !V6.check(address, 'ipv6');
}

/** A `BlockList` takes a mapped address for the IPv4 address in it, so its form is looked at first. */
function carriesV4(address: string): boolean {
  return groupsOf(address).slice(0, 6).join() === '0,0,0,0,0,65535' || CARRIES_V4.check(address, 'ipv6');
}

function lastFourOctets(address: string): string {
  const [high = 0, low = 0] = groupsOf(address).slice(6);
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/** The eight numbers of an IPv6 address, which may end in dotted octets. */
function groupsOf(address: string): number[] {
  const hex = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) =>
    [(Number(a) << 8) | Number(b), (Number(c) << 8) | Number(d)].map((n) => n.toString(16)).join(':'),
  );
  const [head = '', tail] = hex.split('::');
  const numbers = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((n) => parseInt(n, 16));
  const [before, after] = [numbers(head), numbers(tail ?? '')];
  return [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
}

function blocks(networks: readonly string[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits] = network.split('/');
    list.addSubnet(address, Number(bits), family);
  }
  return list;
}
