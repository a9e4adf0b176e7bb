/**
 * Who asks, and how: what a proxy says of it counts only when the proxy is one of ours. Everybody else could write anything
 * into those fields.
 */
import { type BlockList, isIP } from 'node:net';
import { withoutMapping } from '../base/ip-address.ts';
import { isIn } from '../net/networks.ts';

export interface ClientFacts {
  readonly remoteAddress: string;
  readonly isSecure: boolean;
}

/** `X-Forwarded-For` is read from its end: each trusted proxy has added whom it saw, and what stands before is hearsay. */
export function clientFacts(
  peer: ClientFacts,
  headers: Readonly<Record<string, string | undefined>>,
  trusted: BlockList,
): ClientFacts {
  if (!isIn(trusted, peer.remoteAddress)) return peer;
  const hops = (headers['x-forwarded-for'] ?? '')
    .split(',')
    .map((hop) => withoutMapping(hop.trim().replace(/^\[|\]$/g, '')))
    .filter((hop) => isIP(hop) !== 0);
  const remoteAddress = hops.findLast((hop) => !isIn(trusted, hop)) ?? hops[0] ?? peer.remoteAddress;
  const [proto] = (headers['x-forwarded-proto'] ?? '').split(',').slice(-1);
  return { remoteAddress, isSecure: peer.isSecure || proto?.trim().toLowerCase() === 'https' };
}

/** The name in Host (RFC 9110 §7.2), in lower case, without port and final dot. Undefined for what is none. */
export function hostOf(field: string | undefined): string | undefined {
  const [, name, v6] =
    /^(?:([a-z0-9._-]{1,253})|(\[[0-9a-f:.]{2,45}\]))(?::\d{1,5})?$/i.exec(field ?? '') ?? [];
  return (name ?? v6)?.toLowerCase().replace(/\.$/, '');
}
