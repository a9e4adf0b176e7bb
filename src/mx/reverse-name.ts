/**
 * The name of a client's address in the DNS, for the Received field and the log: one that the address has and that names the
 * address in turn (RFC 8601 §2.7.3). Looked up beside everything else, and never waited for.
 */
import { isIPv6 } from 'node:net';
import { isPrivateAddress } from '../base/ip-address.ts';
import type { Dns } from '../dns/answer.ts';
import { isSameAddress, pointerName } from '../dns/reverse.ts';

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
    if (forward.kind === 'found' && forward.records.some((one) => isSameAddress(one, address))) return name;
  }
  return undefined;
}
