import { createPrivateKey, webcrypto, X509Certificate } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { CertificateFiles } from './tls.ts';

/**
 * A certificate for a server that was given none, so that TLS works from the first start and no password has to cross a
 * network readable. Clients warn about it once, which is right: nobody but this server vouches for it. ECDSA P-256, ten
 * years, kept in the data directory: the same one at every start, so a client that accepted it stays content. It is made
 * anew when it has become useless: for another host name, at its end, or when a kill left half a pair.
 *
 * The X.509 library is loaded only when a pair is made, since it is larger than the rest of the server.
 */
const YEARS = 10;
const DAYS_BEFORE_END = 30;

export interface SelfSigned extends CertificateFiles {
  /** Why there is a new one in place of the one that was there. */
  readonly madeAnew?: string;
}

export async function selfSignedFiles(folder: string, hostname: string): Promise<SelfSigned> {
  const files = selfSignedPaths(folder);
  const certificatePem = await readIfThere(files.certificatePath);
  const keyPem = await readIfThere(files.keyPath);
  const fault = certificatePem && keyPem ? pairFault(certificatePem, keyPem, hostname) : undefined;
  if (certificatePem && keyPem && fault === undefined) return files;
  const { certificate, key } = await makePair(hostname);
  // A kill between the two leaves a pair that does not match, which the next start sees.
  await writeWhole(files.keyPath, key, 0o600);
  await writeWhole(files.certificatePath, certificate, 0o644);
  return fault === undefined ? files : { ...files, madeAnew: fault };
}

/** Where it lies, made already or not. */
export function selfSignedPaths(folder: string): CertificateFiles {
  return { certificatePath: join(folder, 'tls-cert.pem'), keyPath: join(folder, 'tls-key.pem') };
}

/** A pair that somebody else issued was put there on purpose and is judged like any other that was given. */
function pairFault(certificatePem: Buffer, keyPem: Buffer, hostname: string): string | undefined {
  try {
    const certificate = new X509Certificate(certificatePem);
    if (!certificate.verify(certificate.publicKey)) return undefined;
    if (!certificate.checkPrivateKey(createPrivateKey(keyPem))) return 'its key was another one';
    if (Date.now() > certificate.validToDate.getTime() - DAYS_BEFORE_END * 86_400_000)
      return `it was good until ${certificate.validTo}`;
    const covered = isIP(hostname) ? certificate.checkIP(hostname) : certificate.checkHost(hostname);
    return covered === undefined ? `it was made for ${firstName(certificate)}` : undefined;
  } catch {
    return 'it could not be read';
  }
}

function firstName(certificate: X509Certificate): string {
  return /^CN=(.*)$/m.exec(certificate.subject)?.[1] ?? 'another name';
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

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new Error(`cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
}
