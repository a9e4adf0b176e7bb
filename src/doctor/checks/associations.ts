/**
 * TLSA (RFC 6698, RFC 7672): where the zone is signed, a record says by which certificate or key others know this server when they
 * bring mail. One that does not fit makes them turn away, which is worse than none.
 */
import { createHash, type X509Certificate } from 'node:crypto';
import type { Config } from '../../config/options.ts';
import type { Answer, CertificateAssociation } from '../../dns/answer.ts';
import { fail, type Outcome, ok, unknown, warn } from '../finding.ts';
import type { Check } from '../world.ts';
import { isOnlyHere, unanswered } from '../zone.ts';

const expected = 'a record that fits the key of the certificate, where the zone is signed';
/** RFC 6698 §2.1: the certificate or key itself, of the server. */
const OF_SERVER = 3;
const OF_AUTHORITY = 2;

export const associations: Check = {
  name: 'tlsa',
  async run({ config, dns, machine }) {
    const { hostname, listen } = config;
    if (listen.smtp === undefined || isOnlyHere(hostname)) return [];
    const file = await machine.certificateFile();
    // Nobody waits for the DNS where nothing can be said.
    if (!('certificate' in file)) return [];
    const [record, address] = await Promise.all([
      dns.ask(`_25._tcp.${hostname}`, 'TLSA'),
      dns.ask(hostname, 'A'),
    ]);
    const isSigned = 'isSecure' in address && address.isSecure;
    return [judge(hostname, record, file.certificate, { isSigned, origin: originOf(config) })];
  },
};

/** Whose the key is, and with that whether the next certificate has it too. */
export type Origin = 'ours' | 'files' | 'self-made';

function originOf({ acme, tls }: Config): Origin {
  if (tls.certificate !== undefined) return 'files';
  return acme.enabled ? 'ours' : 'self-made';
}

/** What to do before the record is published, so that the next certificate fits it too. */
const BEFORE: Readonly<Record<Exclude<Origin, 'self-made'>, string>> = {
  ours: 'renewed certificates keep the key (docs/DNS.md)',
  files:
    'have the program that renews tls.certificate keep its key first (certbot: --reuse-key), or publish a record of each new key before it is served (docs/DNS.md)',
};

export function judge(
  hostname: string,
  answer: Answer<'TLSA'>,
  certificate: X509Certificate,
  { isSigned, origin }: { readonly isSigned: boolean; readonly origin: Origin },
): Outcome {
  const name = `_25._tcp.${hostname}`;
  const found = { subject: `${name} TLSA`, expected };
  const line = `${name}. IN TLSA 3 1 1 ${digestOf(keyOf(certificate))}`;
  if (answer.kind === 'nodata' || answer.kind === 'nxdomain') {
    if (!isSigned) return ok({ ...found, seen: 'none, and the zone is not signed' });
    const seen = 'none, although the zone is signed';
    if (origin === 'self-made')
      return warn({
        ...{ ...found, seen },
        remedy: 'get a certificate first (acme.enabled): its key stays, that of the self-made one does not',
      });
    return warn({
      ...{ ...found, seen, records: [line] },
      remedy: `publish this, and others know the server by its key (DANE); ${BEFORE[origin]}`,
    });
  }
  if (answer.kind !== 'found') return unknown({ ...found, ...unanswered(answer) });
  const usable = answer.records.filter(({ usage }) => usage === OF_SERVER || usage === OF_AUTHORITY);
  if (usable.some((one) => one.usage === OF_SERVER && fits(one, certificate)))
    return ok({ ...found, seen: 'fits the certificate' });
  if (usable.some(({ usage }) => usage === OF_AUTHORITY))
    return unknown({
      ...{ ...found, seen: 'names an authority (usage 2)' },
      remedy: 'see by hand that its certificate is in the chain that is served',
    });
  const seen =
    usable.length === 0
      ? 'none of a usage that counts for mail (RFC 7672 §3.1)'
      : 'fits neither the certificate nor its key';
  return fail({
    ...{ ...found, seen, records: [line] },
    remedy: 'publish this in its place, now: who keeps to it brings no mail',
  });
}

function fits(
  { selector, matchingType, certificate: wanted }: CertificateAssociation,
  certificate: X509Certificate,
): boolean {
  const octets = selector === 1 ? keyOf(certificate) : certificate.raw;
  if (matchingType === 0) return octets.equals(wanted);
  const algorithm = { 1: 'sha256', 2: 'sha512' }[matchingType];
  return algorithm !== undefined && createHash(algorithm).update(octets).digest().equals(wanted);
}

function keyOf(certificate: X509Certificate): Buffer {
  return certificate.publicKey.export({ type: 'spki', format: 'der' });
}

function digestOf(octets: Buffer): string {
  return createHash('sha256').update(octets).digest('hex');
}
