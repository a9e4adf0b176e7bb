/**
 * What a server has to prove before it gets a message: DANE where the domain has it, else its MTA-STS policy, else whatever TLS there is
 * (RFC 7672 §2.2, RFC 8461 §2). A message can ask for more (REQUIRETLS, RFC 8689 §4.2.1) or for less (`TLS-Required: No`, §5).
 */
import type { CertificateAssociation, Dns } from '../dns/answer.ts';
import { lookUpDane } from './dane.ts';
import { isNamed, type MtaSts } from './mta-sts.ts';
import type { Route, RouteHost } from './routes.ts';

export type TlsLevel =
  | { readonly kind: 'opportunistic' }
  /** Without proof of who it is: its records say that there is TLS, and not which. */
  | { readonly kind: 'encrypted'; readonly because: string }
  /** A valid chain to an authority of the system, for this name. */
  | { readonly kind: 'verified'; readonly because: string }
  | { readonly kind: 'dane'; readonly because: string; readonly records: readonly CertificateAssociation[] };

export type TlsDecision =
  | { readonly kind: 'level'; readonly level: TlsLevel }
  /** This host is not to be used now. */
  | { readonly kind: 'barred'; readonly status: string; readonly text: string };

export interface TlsQuestion {
  readonly domain: string;
  readonly route: Route;
  readonly host: RouteHost;
  readonly hasSecureAddresses: boolean;
  readonly requiresTls: boolean;
  readonly isTlsOptional: boolean;
}

export type SmarthostTls = 'verified' | 'encrypted' | 'opportunistic';

export class TlsPolicies {
  readonly #dns: Dns;
  readonly #sts: Pick<MtaSts, 'policyOf'>;
  readonly #smarthost: SmarthostTls;

  constructor(dns: Dns, sts: Pick<MtaSts, 'policyOf'>, smarthost: SmarthostTls = 'verified') {
    this.#dns = dns;
    this.#sts = sts;
    this.#smarthost = smarthost;
  }

  async decide(question: TlsQuestion): Promise<TlsDecision> {
    const { route, host, hasSecureAddresses, requiresTls, isTlsOptional, domain } = question;
    if (route.kind === 'smarthost') return level(this.#levelOfSmarthost());
    if (isTlsOptional && !requiresTls) return level({ kind: 'opportunistic' });
    if (route.isSecure && hasSecureAddresses) {
      const dane = await lookUpDane(this.#dns, host.name, host.port);
      const because = `DANE of ${host.name}`;
      if (dane.kind === 'unknown') return { kind: 'barred', status: '4.7.5', text: dane.text };
      if (dane.kind === 'records') return level({ kind: 'dane', because, records: dane.records });
      if (dane.kind === 'unusable' && !requiresTls) return level({ kind: 'encrypted', because });
    }
    const policy = await this.#sts.policyOf(domain);
    if (policy?.mode === 'enforce') {
      if (isNamed(policy, host.name)) return level({ kind: 'verified', because: `MTA-STS of ${domain}` });
      const text = `${host.name} is not among the servers that the MTA-STS policy of ${domain} names`;
      return { kind: 'barred', status: '4.7.5', text };
    }
    if (requiresTls) return level({ kind: 'verified', because: 'REQUIRETLS' });
    return level({ kind: 'opportunistic' });
  }

  #levelOfSmarthost(): TlsLevel {
    const because = 'queue.smarthost_tls';
    return this.#smarthost === 'opportunistic'
      ? { kind: 'opportunistic' }
      : { kind: this.#smarthost, because };
  }
}

const level = (it: TlsLevel): TlsDecision => ({ kind: 'level', level: it });
