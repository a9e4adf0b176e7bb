/**
 * DANE for SMTP (RFC 7672): a domain whose zone is signed says which certificate its servers have. Pure but for the question; the
 * certificate is compared when the handshake is over and before anything else is said.
 */
import { createHash, X509Certificate } from 'node:crypto';
import type { CertificateAssociation, Dns } from '../dns/answer.ts';

export type DaneLookup =
  /** Validated records that can be used: DANE-TA(2) and DANE-EE(3) (§3.1.1, §3.1.2). */
  | { readonly kind: 'records'; readonly records: readonly CertificateAssociation[] }
  /** Validated, and of kinds that nobody can check: encrypted it must be (§2.2). */
  | { readonly kind: 'unusable' }
  | { readonly kind: 'none' }
  /** Nobody may take a failure for an absence (§2.1.1). */
  | { readonly kind: 'unknown'; readonly text: string };

export async function lookUpDane(dns: Dns, host: string, port: number): Promise<DaneLookup> {
  const name = `_${port}._tcp.${host}`;
  const answer = await dns.ask(name, 'TLSA');
  switch (answer.kind) {
    case 'nxdomain':
    case 'nodata':
      return { kind: 'none' };
    case 'servfail':
    case 'timeout':
    case 'busy':
    case 'unusable':
      return { kind: 'unknown', text: `the DNS did not answer for ${name}: ${answer.detail}` };
    case 'found': {
      if (!answer.isSecure) return { kind: 'none' };
      const records = answer.records.filter(isUsable);
      return records.length > 0 ? { kind: 'records', records } : { kind: 'unusable' };
    }
  }
}

function isUsable({ usage, selector, matchingType, certificate }: CertificateAssociation): boolean {
  if ((usage !== 2 && usage !== 3) || selector > 1 || matchingType > 2) return false;
  const length = [undefined, 32, 64][matchingType];
  return length === undefined ? certificate.length > 0 : certificate.length === length;
}

/**
 * Whether a record fits what the server has shown, its own certificate first. DANE-EE says all: neither names nor dates count (§3.1.1).
 * For DANE-TA the chain has to lead to it and the certificate to be for one of `names`.
 */
export function fitsDane(
  records: readonly CertificateAssociation[],
  chain: readonly X509Certificate[],
  names: readonly string[],
  nowMs: number,
): boolean {
  const [leaf] = chain;
  if (leaf === undefined) return false;
  if (records.some((record) => record.usage === 3 && matches(record, leaf))) return true;
  const isForIt = names.some((name) => leaf.checkHost(name) !== undefined);
  if (!isForIt || !isInDate(leaf, nowMs)) return false;
  for (let at = 1; at < chain.length; at++) {
    const [issued, issuer] = [chain[at - 1] as X509Certificate, chain[at] as X509Certificate];
    if (!issued.checkIssued(issuer) || !issued.verify(issuer.publicKey) || !isInDate(issuer, nowMs))
      return false;
    if (records.some((record) => record.usage === 2 && matches(record, issuer))) return true;
  }
  return false;
}

function isInDate({ validFrom, validTo }: X509Certificate, nowMs: number): boolean {
  return Date.parse(validFrom) <= nowMs && nowMs <= Date.parse(validTo);
}

/** RFC 6698 §2.1.2, §2.1.3. */
function matches(record: CertificateAssociation, certificate: X509Certificate): boolean {
  const octets =
    record.selector === 0 ? certificate.raw : certificate.publicKey.export({ type: 'spki', format: 'der' });
  const shown =
    record.matchingType === 0
      ? octets
      : createHash(record.matchingType === 1 ? 'sha256' : 'sha512')
          .update(octets)
          .digest();
  return shown.equals(record.certificate);
}

/** As Node.js has it: each with the one that issued it, the last with itself. */
export function chainOf(peer: PeerCertificate): readonly X509Certificate[] {
  const chain: X509Certificate[] = [];
  for (let at: PeerCertificate | undefined = peer; at?.raw !== undefined && chain.length < 10; ) {
    chain.push(new X509Certificate(at.raw));
    const issuer: PeerCertificate | undefined = at.issuerCertificate;
    at = issuer === at ? undefined : issuer;
  }
  return chain;
}

export interface PeerCertificate {
  readonly raw?: Buffer;
  readonly issuerCertificate?: PeerCertificate;
}
