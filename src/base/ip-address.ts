import { isIP, isIPv6 } from 'node:net';

/**
 * Addresses of peers, as far as limits care: which of them are this machine itself, and which block of them one customer
 * commands.
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
