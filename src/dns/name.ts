/** Names of the DNS as text (RFC 1035 §2.3): one form for comparing, what is no name, and the names of addresses. */
import { isIPv4, isIPv6 } from 'node:net';

const MAX_NAME = 253;
const MAX_LABEL = 63;
/** What can be told apart from the dots between labels and from the ends of lines; underscores are names of services. */
const LABEL = /^[!-\-/-~]+$/;

/** Lower case, no dot at the end; the root is `.`. */
export function canonicalName(name: string): string {
  const lower = name.toLowerCase();
  return lower.length > 1 && lower.endsWith('.') ? lower.slice(0, -1) : lower;
}

/** Why a canonical name cannot be asked for, if it cannot. */
export function nameFault(name: string): string | undefined {
  if (name === '.') return undefined;
  if (name.length > MAX_NAME) return `a name of more than ${MAX_NAME} octets`;
  for (const label of name.split('.')) {
    if (label === '') return 'a name with an empty label';
    if (label.length > MAX_LABEL) return `a label of more than ${MAX_LABEL} octets`;
    if (!LABEL.test(label)) return 'a name with characters that need another form';
  }
  return undefined;
}

/** The name under which PTR records of an address are: `4.3.2.1.in-addr.arpa`, nibbles for IPv6 (RFC 3596 §2.5). */
export function reverseName(address: string): string | undefined {
  const [plain = ''] = address.split('%', 1);
  if (isIPv4(plain)) return `${plain.split('.').reverse().join('.')}.in-addr.arpa`;
  if (!isIPv6(plain)) return undefined;
  return `${[...groupsOf(plain).join('')].reverse().join('.')}.ip6.arpa`;
}

/** The eight groups of an IPv6 address, four digits each. */
function groupsOf(address: string): string[] {
  const inHex = address.replace(/[\d.]+\.\d+$/, (v4) => {
    const [a = 0, b = 0, c = 0, d = 0] = v4.split('.').map(Number);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
  const [head = '', tail] = inHex.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const gap = tail === undefined ? 0 : 8 - before.length - after.length;
  return [...before, ...Array.from({ length: gap }, () => '0'), ...after].map((group) =>
    group.toLowerCase().padStart(4, '0'),
  );
}
