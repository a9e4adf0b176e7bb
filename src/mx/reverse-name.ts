/**
 * The name of a client's address in the DNS, for the Received field and the log: one that the address has and that names the
 * address in turn (RFC 8601 §2.7.3). Looked up beside everything else, and
 * waited for by nobody but who greylists senders without a name.
 */
import { isIPv6 } from 'node:net';
import { isPrivateAddress } from '../base/ip-address.ts';
import type { Dns } from '../dns/answer.ts';
import { isSameAddress, pointerName } from '../dns/reverse.ts';
import type { FoundName } from '../spam/spam-check.ts';

/** Names of one address that are looked at. */
const MAX_NAMES = 3;

export class ReverseName {
  #found: FoundName = 'unknown';
  readonly #looking: Promise<void> | undefined;

  constructor(dns: Dns | undefined, address: string) {
    if (dns === undefined || isPrivateAddress(address)) return;
    this.#looking = lookUp(dns, address).then((found) => {
      this.#found = found;
    });
  }

  /** Undefined: there is none, or it is not known yet. */
  get value(): string | undefined {
    return typeof this.#found === 'object' ? this.#found.name : undefined;
  }

  /** When the DNS has said what it says, or has had its time. */
  async found(): Promise<FoundName> {
    await this.#looking;
    return this.#found;
  }
}

async function lookUp(dns: Dns, address: string): Promise<FoundName> {
  const pointer = await dns.ask(pointerName(address), 'PTR');
  if (pointer.kind !== 'found') return isAbsent(pointer) ? 'none' : 'unknown';
  let found: FoundName = 'none';
  for (const name of pointer.records.slice(0, MAX_NAMES)) {
    const forward = await dns.ask(name, isIPv6(address) ? 'AAAA' : 'A');
    if (forward.kind !== 'found') {
      if (!isAbsent(forward)) found = 'unknown';
    } else if (forward.records.some((one) => isSameAddress(one, address))) return { name };
  }
  return found;
}

function isAbsent({ kind }: { readonly kind: string }): boolean {
  return kind === 'nodata' || kind === 'nxdomain';
}
