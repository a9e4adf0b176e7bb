/**
 * How an authority sees that a name leads here: a text at a well-known address over HTTP (RFC 8555 §8.3), a certificate in a
 * handshake (RFC 8737), or a record in the DNS (`dns-proof.ts`). The first two lie as files while they are needed, since any
 * worker may be asked for them.
 */
import { createHash, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { createSecureContext, type SecureContext } from 'node:tls';
import { type Route, text } from '../http/exchange.ts';
import { type DnsProof, publish } from './dns-proof.ts';
import { type AcmePaths, makeFolders, readIfThere, removeIfThere, writeWhole } from './files.ts';

export type Method = 'http-01' | 'tls-alpn-01' | 'dns-01';

/** What this server can do to prove a name. */
export interface Proofs {
  /** The preferred first. */
  readonly methods: readonly Method[];
  readonly paths: AcmePaths;
  readonly dns?: DnsProof | undefined;
}

export interface Challenge {
  readonly method: Method;
  readonly name: string;
  readonly token: string;
  /** RFC 8555 §8.1: token and thumbprint of the account. */
  readonly keyAuthorization: string;
}

const PREFIX = '/.well-known/acme-challenge/';
/** RFC 8555 §8.3: base64url, of which 22 letters are the least. */
const TOKEN = /^[A-Za-z0-9_-]{16,128}$/;
const NAME = /^[a-z0-9.-]{1,253}$/;
const DAY_MS = 86_400_000;
/** `id-pe-acmeIdentifier` (RFC 8737 §6.1). */
const ACME_IDENTIFIER = '1.3.6.1.5.5.7.1.31';

/** Answers any authority that has the token; there is nothing to learn without one. */
export function challengeRoutes({ challenges }: Pick<AcmePaths, 'challenges'>): readonly Route[] {
  return [
    {
      method: 'GET',
      path: `${PREFIX}*`,
      async answer({ path }) {
        const token = path.slice(PREFIX.length);
        const answer = TOKEN.test(token) ? await readIfThere(join(challenges, token)) : undefined;
        if (answer === undefined) return text(404, 'There is no such challenge.\n');
        return { status: 200, headers: { 'content-type': 'application/octet-stream' }, body: answer };
      },
    },
  ];
}

/** What a name that is being checked shows in the handshake. */
export async function challengeContext(
  { challenges }: Pick<AcmePaths, 'challenges'>,
  name: string,
): Promise<SecureContext | undefined> {
  const pem = NAME.test(name)
    ? await readIfThere(certificatePath(challenges, name)).catch(() => undefined)
    : undefined;
  return pem === undefined ? undefined : createSecureContext({ cert: pem, key: pem });
}

/** Gives back what takes it away again. */
export async function offer({ paths, dns }: Proofs, challenge: Challenge): Promise<() => Promise<void>> {
  const { method, name, token, keyAuthorization } = challenge;
  if (!TOKEN.test(token) || !NAME.test(name))
    throw new Error(`the authority sent a token that is none: ${token.slice(0, 50)}`);
  if (method === 'dns-01') {
    if (dns === undefined) throw new Error('there is no program that publishes it');
    return publish(dns, name, keyAuthorization);
  }
  await makeFolders(paths);
  const isByHttp = method === 'http-01';
  const path = isByHttp ? join(paths.challenges, token) : certificatePath(paths.challenges, name);
  await writeWhole(path, isByHttp ? keyAuthorization : await challengeCertificate(name, keyAuthorization));
  return () => removeIfThere(path);
}

function certificatePath(folder: string, name: string): string {
  return join(folder, `${name}.pem`);
}

/** Self-signed, for this name alone, with the digest of the key authorization in a critical extension (RFC 8737 §3). */
async function challengeCertificate(name: string, keyAuthorization: string): Promise<string> {
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const digest = createHash('sha256').update(keyAuthorization).digest();
  const value = Buffer.concat([Buffer.from([4, digest.length]), digest]);
  const now = Date.now();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: [{ CN: [name.slice(0, 64)] }],
      notBefore: new Date(now - DAY_MS),
      notAfter: new Date(now + DAY_MS),
      keys,
      signingAlgorithm: algorithm,
      extensions: [
        new x509.SubjectAlternativeNameExtension([{ type: isIP(name) ? 'ip' : 'dns', value: name }]),
        new x509.Extension(ACME_IDENTIFIER, true, value),
      ],
    },
    webcrypto as Crypto,
  );
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return `${certificate.toString('pem')}\n${x509.PemConverter.encode(pkcs8, 'PRIVATE KEY')}\n`;
}
