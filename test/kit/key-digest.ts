import { createHash, X509Certificate } from 'node:crypto';

/** RFC 6698 §2.1: SHA-256 of the public key, as a TLSA record `3 1 1` has it. */
export function keyDigest(certificate: string): Buffer {
  const key = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(key).digest();
}
