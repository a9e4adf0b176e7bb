/** An authority that signs certificates of clients, and of servers that a test wants signed. */
import { webcrypto } from 'node:crypto';

export interface Signed {
  readonly serial: string;
  readonly certificate: string;
  readonly key: string;
}

export interface Wanted {
  /** rfc822Name entries. */
  readonly addresses?: readonly string[];
  /** dNSName entries. */
  readonly names?: readonly string[];
  readonly usage?: 'client' | 'server';
  readonly isExpired?: boolean;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

export async function openAuthority(name: string) {
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const pem = async (key: CryptoKey): Promise<string> =>
    x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
  const dates = (isExpired = false) => {
    const now = Date.now();
    const [from, until] = isExpired ? [-20, -10] : [-1, 60];
    return { notBefore: new Date(now + from * 86_400_000), notAfter: new Date(now + until * 86_400_000) };
  };
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    ...{ name: `CN=${name}`, keys, signingAlgorithm: ALGORITHM, ...dates() },
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  let serial = 1;
  return {
    certificate: root.toString('pem'),
    async sign({ addresses = [], names = [], usage = 'client', isExpired = false }: Wanted): Promise<Signed> {
      const own = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
      const purpose =
        usage === 'client' ? x509.ExtendedKeyUsage.clientAuth : x509.ExtendedKeyUsage.serverAuth;
      const number = `0${++serial}`;
      const certificate = await x509.X509CertificateGenerator.create({
        ...{ serialNumber: number, subject: 'CN=somebody', issuer: root.subject },
        ...{ publicKey: own.publicKey, signingKey: keys.privateKey, signingAlgorithm: ALGORITHM },
        ...dates(isExpired),
        extensions: [
          new x509.ExtendedKeyUsageExtension([purpose]),
          new x509.SubjectAlternativeNameExtension([
            ...addresses.map((value) => ({ type: 'email' as const, value })),
            ...names.map((value) => ({ type: 'dns' as const, value })),
          ]),
        ],
      });
      return { serial: number, certificate: certificate.toString('pem'), key: await pem(own.privateKey) };
    },
    /** The list of what is good no longer. */
    async revoke(...serials: readonly string[]): Promise<string> {
      const list = await x509.X509CrlGenerator.create({
        ...{ issuer: root.subject, signingKey: keys.privateKey, signingAlgorithm: ALGORITHM },
        ...{ thisUpdate: dates().notBefore, nextUpdate: dates().notAfter },
        entries: serials.map((serialNumber) => ({ serialNumber, revocationDate: dates().notBefore })),
      });
      return x509.PemConverter.encode(list.rawData, 'X509 CRL');
    },
  };
}
