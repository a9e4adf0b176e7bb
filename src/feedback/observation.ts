/**
 * What is seen of other domains' mail and servers, and of interest to whoever runs these: how a message in a domain's name fared (DMARC), and
 * whether its servers could be spoken to in the way that the domain asks for (TLS). Whoever sees it gives it to a `Counter`, which counts what
 * is alike.
 */
export type Disposition = 'none' | 'quarantine' | 'reject';

/** RFC 7489 §6.3, RFC 9989 §4.7: what the domain has published. */
export interface PublishedPolicy {
  readonly adkim: 'r' | 's';
  readonly aspf: 'r' | 's';
  readonly p: Disposition;
  readonly sp: Disposition;
}

/** One message. Domains are in ASCII. */
export interface DmarcObservation {
  /** Where the policy was found. */
  readonly domain: string;
  readonly published: PublishedPolicy;
  readonly sourceAddress: string;
  readonly disposition: Disposition;
  readonly isDkimAligned: boolean;
  readonly isSpfAligned: boolean;
  /** Why something else was done than the policy asks for. */
  readonly override?: string;
  readonly headerFrom: string;
  /** Empty for a bounce. */
  readonly envelopeFrom: string;
  readonly dkim: readonly { readonly domain: string; readonly selector: string; readonly result: string }[];
  readonly spf: { readonly domain: string; readonly scope: 'mfrom' | 'helo'; readonly result: string };
}

/** RFC 8460 §4.3. */
export const TLS_FAILURES = [
  'starttls-not-supported',
  'certificate-host-mismatch',
  'certificate-expired',
  'certificate-not-trusted',
  'validation-failure',
  'tlsa-invalid',
  'dnssec-invalid',
  'dane-required',
  'sts-policy-fetch-error',
  'sts-policy-invalid',
  'sts-webpki-invalid',
] as const;
export type TlsFailure = (typeof TLS_FAILURES)[number];

/** RFC 8460 §4.4: what held, in its own words. */
export interface AppliedPolicy {
  readonly type: 'tlsa' | 'sts' | 'no-policy-found';
  readonly text: readonly string[];
  /** Which servers an MTA-STS policy names. */
  readonly hosts: readonly string[];
}

/** One session, begun or tried. */
export interface TlsObservation {
  /** Of the recipients. */
  readonly domain: string;
  readonly policy: AppliedPolicy;
  /** The server; empty when it did not come so far. */
  readonly host: string;
  readonly address: string;
  /** Absent: it was spoken to as the policy asks for. */
  readonly failure?: { readonly type: TlsFailure; readonly reason: string };
}

export interface Counter {
  message(seen: DmarcObservation): void;
  session(seen: TlsObservation): void;
}
