/** The key of a new certificate and the request for it (RFC 2986), by the library that also makes the self-signed one. */
import { createPrivateKey, createPublicKey, webcrypto, X509Certificate } from 'node:crypto';

export interface CertificateRequest {
  /** DER, base64url: as RFC 8555 §7.4 wants it. */
  readonly csr: string;
  /** PEM, PKCS #8. */
  readonly key: string;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** `oldKey`: PEM of the key that goes on being used, so that records about it (TLSA) stay right. */
export async function makeRequest(names: readonly string[], oldKey?: string): Promise<CertificateRequest> {
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const keys =
    (oldKey === undefined ? undefined : await readKeys(oldKey)) ??
    (await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']));
  const request = await x509.Pkcs10CertificateRequestGenerator.create(
    {
      keys,
      signingAlgorithm: ALGORITHM,
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

/** Undefined for a key of another kind. */
async function readKeys(pem: string): Promise<webcrypto.CryptoKeyPair | undefined> {
  const key = createPrivateKey(pem);
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') return undefined;
  const { subtle } = webcrypto;
  const [pkcs8, spki] = [
    key.export({ type: 'pkcs8', format: 'der' }),
    createPublicKey(key).export({ type: 'spki', format: 'der' }),
  ];
  return {
    privateKey: await subtle.importKey('pkcs8', pkcs8, ALGORITHM, true, ['sign']),
    publicKey: await subtle.importKey('spki', spki, ALGORITHM, true, ['verify']),
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
