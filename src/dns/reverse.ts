/** The labels of an address for a question about it, last part first (RFC 1035 §3.5, RFC 3596 §2.5, RFC 5782 §2.1, §2.4). */
import { isIPv6 } from 'node:net';

/** `1.2.0.192` of 192.0.2.1, thirty-two digits of an address of IPv6. */
export function reversedLabels(address: string): string {
  if (!isIPv6(address)) return address.split('.').reverse().join('.');
  const digits = groupsOf(address).map((group) => group.padStart(4, '0'));
  return [...digits.join('')].reverse().join('.');
}

export function pointerName(address: string): string {
  return `${reversedLabels(address)}.${isIPv6(address) ? 'ip6.arpa' : 'in-addr.arpa'}`;
}

export function isSameAddress(one: string, other: string): boolean {
  return isIPv6(other) ? groupsOf(one).join() === groupsOf(other).join() : one === other;
}

function groupsOf(address: string): string[] {
  const [head = '', tail] = address.split('%', 1)[0]?.toLowerCase().split('::') ?? [];
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  return [...before, ...new Array<string>(zeros).fill('0'), ...after].map((group) =>
    group.replace(/^0+(?=.)/, ''),
  );
}
