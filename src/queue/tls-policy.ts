/**
 * What a server has to prove before it gets a message: DANE where the domain has it, else its MTA-STS policy, else whatever TLS there is
 * (RFC 7672 §2.2, RFC 8461 §2). A message can ask for more (REQUIRETLS, RFC 8689 §4.2.1) or for less (`TLS-Required: No`, §5).
 */
import { domainToASCII } from 'node:url';
import type { CertificateAssociation, Dns } from '../dns/answer.ts';
import type { AppliedPolicy, TlsFailure } from '../feedback/observation.ts';
import { type DaneLookup, lookUpDane } from './dane.ts';
import { isNamed, type MtaSts } from './mta-sts.ts';
import type { Route, RouteHost } from './routes.ts';
import type { Smarthost } from './smarthosts.ts';

export type TlsLevel =
  | { readonly kind: 'opportunistic' }
  /** Without proof of who it is: its records say that there is TLS, and not which. */
  | { readonly kind: 'encrypted'; readonly because: string }
  /** A valid chain to an authority of the system, for this name. */
  | { readonly kind: 'verified'; readonly because: string }
  | { readonly kind: 'dane'; readonly because: string; readonly records: readonly CertificateAssociation[] };

/** `applied`: what the domain asks for, for whoever reports on it (RFC 8460); a smarthost's is nobody's business. */
export type TlsDecision = { readonly applied: AppliedPolicy | undefined } & (
  | {
      readonly kind: 'level';
      readonly level: TlsLevel;
      /** What is asked for and not enforced: it is looked at all the same. */
      readonly wouldVerify?: boolean;
      /** What was wrong with the policy before anybody was asked. */
      readonly fault?: TlsFailure;
    }
  /** This host is not to be used now. */
  | {
      readonly kind: 'barred';
      readonly status: string;
      readonly text: string;
      /** Of the policy; undefined: it is none, and the message asks for more than the domain offers. */
      readonly fault?: TlsFailure;
      /** It will be no other way later. */
      readonly isForEver?: true;
    }
);

export interface TlsQuestion {
  readonly domain: string;
  readonly route: Route;
  readonly host: RouteHost;
  readonly hasSecureAddresses: boolean;
  readonly requiresTls: boolean;
  readonly isTlsOptional: boolean;
}

export class TlsPolicies {
  readonly #dns: Dns;
  readonly #sts: Pick<MtaSts, 'policyOf' | 'faultOf'>;

  constructor(dns: Dns, sts: Pick<MtaSts, 'policyOf' | 'faultOf'>) {
    this.#dns = dns;
    this.#sts = sts;
  }

  async decide(question: TlsQuestion): Promise<TlsDecision> {
    const { route, requiresTls, isTlsOptional } = question;
    if (route.smarthost !== undefined) return level(undefined, levelOf(route.smarthost));
    if (isTlsOptional && !requiresTls) return level(undefined, { kind: 'opportunistic' });
    return (await this.#byDane(question)) ?? this.#bySts(question);
  }

  async #byDane(question: TlsQuestion): Promise<TlsDecision | undefined> {
    const { route, host, hasSecureAddresses, requiresTls } = question;
    if (!route.isSecure || !hasSecureAddresses) return undefined;
    const dane = await lookUpDane(this.#dns, host.name, host.port);
    const because = `DANE of ${host.name}`;
    const applied = { type: 'tlsa', hosts: [], text: textOf(dane) } as const;
    switch (dane.kind) {
      case 'none':
        return undefined;
      case 'unknown':
        return { applied, kind: 'barred', status: '4.7.5', text: dane.text, fault: 'dnssec-invalid' };
      case 'records':
        return level(applied, { kind: 'dane', because, records: dane.records });
      case 'unusable':
        return requiresTls
          ? undefined
          : { ...level(applied, { kind: 'encrypted', because }), fault: 'tlsa-invalid' };
    }
  }

  async #bySts({ domain, host, route, requiresTls }: TlsQuestion): Promise<TlsDecision> {
    const policy = await this.#sts.policyOf(domain);
    const wanted: TlsLevel = requiresTls
      ? { kind: 'verified', because: 'REQUIRETLS' }
      : { kind: 'opportunistic' };
    const isNamedByPolicy = policy !== undefined && policy.mode !== 'none' && isNamed(policy, host.name);
    if (requiresTls && !isNamedByPolicy && !isProven(route, host, domain)) return notProven(host, domain);
    const fault = policy === undefined ? this.#sts.faultOf(domain) : undefined;
    if (fault !== undefined) return { ...level({ type: 'sts', text: [], hosts: [] }, wanted), fault };
    if (policy === undefined || policy.mode === 'none') return level(NO_POLICY, wanted);
    const { mode, hosts } = policy;
    const text = ['version: STSv1', `mode: ${mode}`, ...hosts.map((name) => `mx: ${name}`)];
    const applied = { type: 'sts', text, hosts } as const;
    if (isNamedByPolicy)
      return mode === 'enforce'
        ? level(applied, { kind: 'verified', because: `MTA-STS of ${domain}` })
        : { ...level(applied, wanted), wouldVerify: true };
    if (mode !== 'enforce') return { ...level(applied, wanted), fault: 'validation-failure' };
    const words = `${host.name} is not among the servers that the MTA-STS policy of ${domain} names`;
    return { applied, kind: 'barred', status: '4.7.5', text: words, fault: 'validation-failure' };
  }
}

/** RFC 8689 §2: an MX record that nobody has signed may be anybody's. */
function isProven({ isSecure }: Route, { name }: RouteHost, domain: string): boolean {
  return isSecure || name === domainToASCII(domain.replace(/\.$/, '')) || domain.startsWith('[');
}

function notProven({ name }: RouteHost, domain: string): TlsDecision {
  const text = `nothing proves that ${name} takes mail for ${domain}, as REQUIRETLS asks: its DNS is not signed, and no MTA-STS policy names it`;
  return { applied: undefined, kind: 'barred', status: '5.7.10', text, isForEver: true };
}

/** Whoever names a smarthost says what it has to prove. */
function levelOf({ tls, name }: Smarthost): TlsLevel {
  const because = `the configuration for ${name}`;
  return tls === 'opportunistic' ? { kind: tls } : { kind: tls, because };
}

const NO_POLICY: AppliedPolicy = Object.freeze({ type: 'no-policy-found', text: [], hosts: [] });

function level(applied: AppliedPolicy | undefined, it: TlsLevel) {
  return { applied, kind: 'level', level: it } as const;
}

/** As a zone file has them (RFC 6698 §2.2). */
function textOf(dane: DaneLookup): readonly string[] {
  const records = dane.kind === 'records' ? dane.records : [];
  return records.map(
    ({ usage, selector, matchingType, certificate }) =>
      `${usage} ${selector} ${matchingType} ${certificate.toString('hex')}`,
  );
}
