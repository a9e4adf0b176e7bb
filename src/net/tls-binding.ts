/** Channel bindings of a TLS connection, at the server's end (RFC 9266, RFC 5929). */
import { createHash, type X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

const LABEL = 'EXPORTER-Channel-Binding';
const EXPORTED_BYTES = 32;
/** By the object identifier or name of a signature: MD5 and SHA-1 are replaced (RFC 5929 §4.1). */
const DIGESTS: readonly (readonly [RegExp, string])[] = [
  [/sha-?512/i, 'sha512'],
  [/sha-?384/i, 'sha384'],
  [/sha-?256|sha-?1(?!\d)|md5/i, 'sha256'],
];

/** Undefined without TLS 1.3, as `Connection` says. */
export function channelBinding(
  socket: Socket,
  type: 'tls-exporter' | 'tls-server-end-point',
): Buffer | undefined {
  if (!(socket instanceof TLSSocket) || socket.getProtocol() !== 'TLSv1.3') return undefined;
  return type === 'tls-exporter' ? exportedBinding(socket) : endPointBinding(socket);
}

/** RFC 9266 §2: no context. */
function exportedBinding(socket: TLSSocket): Buffer | undefined {
  if (socket.destroyed) return undefined;
  return socket.exportKeyingMaterial(EXPORTED_BYTES, LABEL, Buffer.alloc(0));
}

/** Undefined for a certificate whose signature names no digest (Ed25519): the RFC leaves it open. */
function endPointBinding(socket: TLSSocket): Buffer | undefined {
  const certificate = socket.getX509Certificate();
  if (certificate === undefined) return undefined;
  const digest = digestOf(certificate);
  return digest === undefined ? undefined : createHash(digest).update(certificate.raw).digest();
}

function digestOf({ signatureAlgorithm = '' }: X509Certificate): string | undefined {
  return DIGESTS.find(([name]) => name.test(signatureAlgorithm))?.[1];
}
