/**
 * Whom the certificate is for that a client brought into its TLS handshake: the addresses in it (RFC 5280 §4.2.1.6, rfc822Name), if an
 * authority that is trusted for that signed it, for clients, and it is good today.
 */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

const MAX_ADDRESSES = 20;
/** An entry of the names as Node.js writes them; what could be taken for more than one is in quotes, and no address of ours. */
const ENTRY = /(?:^|, )([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^",]*)/y;

/** Empty for a client without one, or with one that nobody vouches for. */
export function certifiedAddresses(socket: Socket): readonly string[] {
  if (!(socket instanceof TLSSocket) || !isVerified(socket)) return [];
  return addressesIn(socket.getPeerX509Certificate()?.subjectAltName ?? '');
}

export function addressesIn(names: string): readonly string[] {
  const addresses: string[] = [];
  ENTRY.lastIndex = 0;
  for (let at = 0; at < names.length; at = ENTRY.lastIndex) {
    const [, kind, value = ''] = ENTRY.exec(names) ?? [];
    if (kind === undefined) return [];
    if (kind === 'email' && !value.startsWith('"')) addresses.push(value);
  }
  return addresses.slice(0, MAX_ADDRESSES);
}

/**
 * What OpenSSL thinks of the chain. Node.js says so only of sockets that its own server has accepted, and keeps it in the handle for
 * others; a handle that does not say is of no client that we know.
 */
function isVerified(socket: TLSSocket): boolean {
  const { _handle: handle } = socket as unknown as { _handle?: { verifyError?: () => unknown } };
  return typeof handle?.verifyError === 'function' && handle.verifyError() === null;
}
