import { webcrypto } from 'node:crypto';
import { open, rename, stat } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { CertificateFiles } from './tls.ts';

/**
 * A certificate for a server that was given none, so that TLS works from the first start and no password has to cross a
 * network readable. Clients warn about it once, which is right: nobody but this server vouches for it. ECDSA P-256, ten
 * years, kept in the data directory: the same one at every start, so a client that accepted it stays content.
 *
 * The X.509 library is loaded only when a pair is made, since it is larger than the rest of the server.
 */
const YEARS = 10;

export async function selfSignedFiles(folder: string, hostname: string): Promise<CertificateFiles> {
  const files = { certificatePath: join(folder, 'tls-cert.pem'), keyPath: join(folder, 'tls-key.pem') };
  if ((await exists(files.certificatePath)) && (await exists(files.keyPath))) return files;
  const { certificate, key } = await makePair(hostname);
  // The key first: a certificate beside a missing key would look like a pair that lost a file.
  await writeWhole(files.keyPath, key, 0o600);
  await writeWhole(files.certificatePath, certificate, 0o644);
  return files;
}

export async function makePair(hostname: string): Promise<{ certificate: string; key: string }> {
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const notBefore = new Date(Date.now() - 24 * 3600 * 1000);
  const notAfter = new Date(notBefore);
  notAfter.setUTCFullYear(notAfter.getUTCFullYear() + YEARS);
  const names = new Set([hostname, 'localhost', '127.0.0.1', '::1']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: [{ CN: [hostname] }],
      notBefore,
      notAfter,
      keys,
      signingAlgorithm: algorithm,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension(
          [...names].map((value) => ({ type: isIP(value) ? 'ip' : 'dns', value })),
        ),
      ],
    },
    webcrypto as Crypto,
  );
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    certificate: `${certificate.toString('pem')}\n`,
    key: `${x509.PemConverter.encode(pkcs8, 'PRIVATE KEY')}\n`,
  };
}

async function writeWhole(path: string, text: string, mode: number): Promise<void> {
  const file = await open(`${path}.new`, 'w', mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
