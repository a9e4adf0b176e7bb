/**
 * The addresses of a host that takes mail. Private ones and those of this machine are left out unless that is allowed: whoever owns a
 * domain chooses what its MX points to, and would have us speak to what only we can reach.
 */
import { isIP } from 'node:net';
import { isPrivateAddress } from '../base/ip-address.ts';
import type { Answer, Dns } from '../dns/answer.ts';

export interface HostAddresses {
  /** In the order in which they are tried; families take turns. */
  readonly addresses: readonly string[];
  /** All answers were validated (RFC 7672 §2.2.2). */
  readonly isSecure: boolean;
  /** Why there are none, or not as many; `isForNow`: there may be some later. */
  readonly fault?: { readonly text: string; readonly isForNow: boolean };
}

export interface AddressRules {
  readonly allowsPrivate: boolean;
  /** By family, whether this machine should use it. */
  readonly uses: { readonly ipv4: boolean; readonly ipv6: boolean };
}

const MAX_ADDRESSES = 5;

export async function addressesOf(dns: Dns, host: string, rules: AddressRules): Promise<HostAddresses> {
  if (isIP(host) !== 0) return judged([host], host, rules, false);
  const [v6, v4] = await Promise.all([
    rules.uses.ipv6 ? dns.ask(host, 'AAAA') : undefined,
    rules.uses.ipv4 ? dns.ask(host, 'A') : undefined,
  ]);
  const answers = [v4, v6].filter((answer) => answer !== undefined);
  const all: string[] = [];
  const lists = [v4, v6].map((answer) => (answer?.kind === 'found' ? answer.records : []));
  for (let i = 0; i < MAX_ADDRESSES; i++) {
    for (const list of lists) {
      const address = list[i];
      if (address !== undefined) all.push(address);
    }
  }
  const isSecure = answers.every((answer) => !('isSecure' in answer) || answer.isSecure);
  if (all.length > 0) return judged(all.slice(0, MAX_ADDRESSES), host, rules, isSecure);
  return { addresses: [], isSecure: false, fault: await faultOf(dns, host, rules, answers) };
}

/** A host of the other family alone can be reached once that is used, which may be soon: a family is used while it is seen to work. */
async function faultOf(
  dns: Dns,
  host: string,
  { uses }: AddressRules,
  answers: readonly Answer<'A' | 'AAAA'>[],
): Promise<Required<HostAddresses>['fault']> {
  const unused = uses.ipv4 ? (uses.ipv6 ? undefined : 'AAAA') : 'A';
  const isGone = answers.some(({ kind }) => kind === 'nxdomain');
  const other = unused === undefined || isGone ? undefined : await dns.ask(host, unused);
  if (other?.kind === 'found') {
    const family = unused === 'A' ? 'IPv4' : 'IPv6';
    return { text: `${host} has addresses of ${family} alone, which is not used now`, isForNow: true };
  }
  const isUnknown = [...answers, other].some(
    (answer) => answer?.kind === 'servfail' || answer?.kind === 'timeout' || answer?.kind === 'busy',
  );
  if (isUnknown) return { text: `the DNS did not answer for the address of ${host}`, isForNow: true };
  return { text: `${host} has no address`, isForNow: false };
}

function judged(
  addresses: readonly string[],
  host: string,
  { allowsPrivate }: AddressRules,
  isSecure: boolean,
): HostAddresses {
  const usable = addresses.filter((address) => allowsPrivate || !isForbidden(address));
  if (usable.length > 0) return { addresses: usable, isSecure };
  const text = `${host} has the address ${addresses[0]}, which is not one of the internet`;
  return { addresses: [], isSecure, fault: { text, isForNow: false } };
}

/** Beside private ones: this network, multicast and what is reserved, also as IPv4 in IPv6. */
function isForbidden(address: string): boolean {
  const mapped = /^::(?:ffff:)?(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  const plain = mapped ?? address;
  if (isPrivateAddress(plain)) return true;
  if (isIP(plain) === 4) {
    const first = Number(plain.split('.', 1)[0]);
    return first === 0 || first >= 224;
  }
  return /^(?:::|ff|64:ff9b|::ffff:)/i.test(plain) && !/^::ffff:[0-9a-f]+:[0-9a-f]+$/i.test(plain)
    ? true
    : isMappedHex(plain);
}

/** `::ffff:7f00:1`: how else IPv4 can be written. */
function isMappedHex(address: string): boolean {
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(address) ?? [];
  if (high === undefined || low === undefined) return false;
  const [h, l] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return isForbidden([h >> 8, h & 255, l >> 8, l & 255].join('.'));
}
