/** What others have reported of a domain, in plain words: for the command line, for the doctor, for a page of the administration. Pure. */
import type { SourceSum } from './dmarc/read.ts';
import type { DomainOverview } from './overview.ts';
import type { TlsFailureSum } from './tls/read.ts';

const SHOWN_SOURCES = 20;

/** `own`: addresses of this server. */
export function wordsOf(overview: DomainOverview, own: readonly string[]): readonly string[] {
  return [...mailWords(overview, own), ...tlsWords(overview)];
}

function mailWords({ domain, mail }: DomainOverview, own: readonly string[]): readonly string[] {
  if (mail.reports === 0)
    return [
      `Nobody has reported about mail in the name of ${domain} (rua= in its DMARC record asks for it).`,
    ];
  const { messages, passed, organizations, sources } = mail;
  const failing = sources.filter((one) => one.messages > one.passed);
  const more = failing.length - SHOWN_SOURCES;
  return [
    `Mail in the name of ${domain}: ${number(messages)} messages, reported by ${organizations.join(', ')}.`,
    `  ${share(passed, messages)} were proved to be from there.`,
    ...(failing.length === 0 ? [] : ['  Not proved:']),
    ...failing.slice(0, SHOWN_SOURCES).map((one) => `    ${sourceWords(one, domain, own)}`),
    ...(more > 0 ? [`    and ${number(more)} more addresses`] : []),
  ];
}

/** Where it came from, what became of it, and what it did have. */
function sourceWords(source: SourceSum, domain: string, own: readonly string[]): string {
  const failed = source.messages - source.passed;
  const became = [
    ...(source.rejected > 0 ? [`${number(source.rejected)} refused`] : []),
    ...(source.quarantined > 0 ? [`${number(source.quarantined)} set apart`] : []),
  ];
  const others = (names: readonly string[]): readonly string[] => names.filter((name) => name !== domain);
  const had = [
    ...(source.signers.length === 0 ? ['not signed'] : []),
    ...(source.signers.includes(domain) && source.dkimPassed < source.messages
      ? ['its signature does not hold']
      : []),
    ...(others(source.signers).length === 0 ? [] : [`signed by ${others(source.signers).join(', ')}`]),
    ...(others(source.senders).length === 0 ? [] : [`sent for ${others(source.senders).join(', ')}`]),
  ];
  const who = own.includes(source.address) ? `${source.address} (this server)` : source.address;
  return `${who}: ${[`${number(failed)} of ${number(source.messages)}`, ...became, ...had].join(', ')}`;
}

function tlsWords({ domain, tls }: DomainOverview): readonly string[] {
  if (tls.reports === 0)
    return [
      `Nobody has reported about TLS with the mail servers of ${domain} (a TXT record at _smtp._tls.${domain} asks for it).`,
    ];
  const all = tls.succeeded + tls.failed;
  return [
    `TLS with the mail servers of ${domain}: ${number(all)} connections, reported by ${tls.organizations.join(', ')}.`,
    `  ${share(tls.succeeded, all)} went well.`,
    ...tls.failures.map((one) => `    ${failureWords(one)}`),
  ];
}

const REASONS: Readonly<Record<string, string>> = {
  'starttls-not-supported': 'it did not offer TLS',
  'certificate-host-mismatch': 'its certificate is for another name',
  'certificate-expired': 'its certificate is out of date',
  'certificate-not-trusted': 'its certificate is of an authority that is not trusted',
  'validation-failure': 'what it showed was not what was asked for',
  'tlsa-invalid': 'its TLSA records make no sense',
  'dnssec-invalid': 'its signed DNS records do not hold',
  'dane-required': 'there was no DANE where it is needed',
  'sts-policy-fetch-error': 'the MTA-STS policy could not be fetched',
  'sts-policy-invalid': 'the MTA-STS policy makes no sense',
  'sts-webpki-invalid': 'the certificate of the MTA-STS policy is not valid',
};

export function failureWords({ type, host, reason, sessions }: TlsFailureSum): string {
  const words = REASONS[type] ?? type;
  return `${host || 'any server'}: ${number(sessions)} times, ${words}${reason === '' ? '' : ` (${reason})`}`;
}

/** `1,200 of 1,234 (97 %)`; never all when it is not all. */
function share(some: number, all: number): string {
  const percent = all === 0 ? 100 : Math.floor((some / all) * 100);
  return `${number(some)} of ${number(all)} (${percent} %)`;
}

const number = (value: number): string => value.toLocaleString('en-US');
