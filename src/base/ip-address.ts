import { BlockList, isIP, isIPv6 } from 'node:net';

/**
 * Addresses, as far as limits and openness care: which of them are this machine itself, which block of them one customer
 * commands; and which of them nobody outside can reach.
 */

/** An IPv4 peer of a dual-stack socket is that IPv4 address, not `::ffff:192.0.2.1`. */
export function withoutMapping(address: string): string {
  return address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
}

export function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}

/** The address itself for IPv4, the first four groups for IPv6. */
export function addressBlock(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('%', 1)[0]?.split('::') ?? [];
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const after = tail === '' ? [] : tail.split(':');
    while (groups.length + after.length < 8) groups.push('0');
    groups.push(...after);
  }
  return `${groups.slice(0, 4).join(':')}::/64`;
}

const PRIVATE = privateNetworks();

/** RFC 1918, RFC 6598, RFC 4193, link-local and loopback. */
function privateNetworks(): BlockList {
  const list = new BlockList();
  const v4 = [
    '127.0.0.0/8',
    '10.0.0.0/8',
    '172.16.0.0/12',
    '192.168.0.0/16',
    '100.64.0.0/10',
    '169.254.0.0/16',
  ];
  for (const [family, nets] of [
    ['ipv4', v4],
    ['ipv6', ['::1/128', 'fc00::/7', 'fe80::/10']],
  ] as const) {
    for (const net of nets) {
      const [address = '', bits] = net.split('/');
      list.addSubnet(address, Number(bits), family);
    }
  }
  return list;
}

export function isPrivateAddress(address: string): boolean {
  const [plain = ''] = address.split('%', 1);
  return isIP(plain) !== 0 && PRIVATE.check(plain, isIP(plain) === 4 ? 'ipv4' : 'ipv6');
}
