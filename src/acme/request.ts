/** The key of a new certificate and the request for it (RFC 2986), by the library that also makes the self-signed one. */
import { webcrypto, X509Certificate } from 'node:crypto';

export interface CertificateRequest {
  /** DER, base64url: as RFC 8555 §7.4 wants it. */
  readonly csr: string;
  /** PEM, PKCS #8. */
  readonly key: string;
}

export async function makeRequest(names: readonly string[]): Promise<CertificateRequest> {
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const request = await x509.Pkcs10CertificateRequestGenerator.create(
    {
      keys,
      signingAlgorithm: algorithm,
      extensions: [new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns', value })))],
    },
    webcrypto as Crypto,
  );
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    csr: Buffer.from(request.rawData).toString('base64url'),
    key: `${x509.PemConverter.encode(pkcs8, 'PRIVATE KEY')}\n`,
  };
}

/** How the authority knows the first of these (RFC 9773 §4.1): the key that signed it, and its number. Undefined for one without. */
export async function certificateId(pem: string): Promise<string | undefined> {
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const certificate = new x509.X509Certificate(new X509Certificate(pem).raw);
  const { keyId } = certificate.getExtension(x509.AuthorityKeyIdentifierExtension) ?? {};
  if (keyId === undefined) return undefined;
  const serial = Buffer.from(certificate.serialNumber, 'hex');
  // As the integer stands in the certificate: a first bit that is set has an octet in front (X.690 §8.3).
  const integer = ((serial[0] ?? 0) & 0x80) === 0 ? serial : Buffer.concat([Buffer.from([0]), serial]);
  return `${Buffer.from(keyId, 'hex').toString('base64url')}.${integer.toString('base64url')}`;
}
