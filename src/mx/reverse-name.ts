/**
 * The name of a client's address in the DNS, for the Received field and the log: one that the address has and that names the
 * address in turn (RFC 8601 §2.7.3). Looked up beside everything else, and never waited for.
 */
import { isIPv6 } from 'node:net';
import { isPrivateAddress } from '../base/ip-address.ts';
import type { Dns } from '../dns/answer.ts';

/** Names of one address that are looked at. */
const MAX_NAMES = 3;

export class ReverseName {
  #name: string | undefined;

  constructor(dns: Dns | undefined, address: string) {
    if (dns === undefined || isPrivateAddress(address)) return;
    void lookUp(dns, address).then((name) => {
      this.#name = name;
    });
  }

  /** Undefined: there is none, or it is not known yet. */
  get value(): string | undefined {
    return this.#name;
  }
}

async function lookUp(dns: Dns, address: string): Promise<string | undefined> {
  const pointer = await dns.ask(pointerName(address), 'PTR');
  if (pointer.kind !== 'found') return undefined;
  for (const name of pointer.records.slice(0, MAX_NAMES)) {
    const forward = await dns.ask(name, isIPv6(address) ? 'AAAA' : 'A');
    if (forward.kind === 'found' && forward.records.some((one) => isSame(one, address))) return name;
  }
  return undefined;
}

function isSame(one: string, other: string): boolean {
  return isIPv6(other) ? groupsOf(one).join() === groupsOf(other).join() : one === other;
}

/** RFC 1035 §3.5, RFC 3596 §2.5. */
function pointerName(address: string): string {
  if (!isIPv6(address)) return `${address.split('.').reverse().join('.')}.in-addr.arpa`;
  const digits = groupsOf(address).map((group) => group.padStart(4, '0'));
  return `${[...digits.join('')].reverse().join('.')}.ip6.arpa`;
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
