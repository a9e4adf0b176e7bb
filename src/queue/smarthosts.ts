/**
 * Servers that take mail for us, whoever it is for: one for everything, or by who sends and who gets it. The first rule that fits counts; mail that
 * none fits goes to the servers of its recipients, or to the one for everything.
 */
import type { SignIn } from './client/session.ts';

/** What the server has to prove. */
export type SmarthostTls = 'verified' | 'encrypted' | 'opportunistic';

export interface Smarthost {
  /** In ASCII. */
  readonly name: string;
  readonly port: number;
  readonly tls: SmarthostTls;
  /** TLS from the first octet (RFC 8314 §3.3). */
  readonly isImplicitTls: boolean;
  readonly signIn?: SignIn;
}

export interface SmarthostRule {
  /** The sender's domain, `*.example.org` for all below it; absent: any. */
  readonly from?: string;
  /** The recipient's. */
  readonly to?: string;
  /** `mx`: to the servers of the recipient. */
  readonly via: Smarthost | 'mx';
}

export class Smarthosts {
  readonly #rules: readonly SmarthostRule[];
  /** The route depends on who sends. */
  readonly asksForSender: boolean;

  constructor(rules: readonly SmarthostRule[], fallback?: Smarthost) {
    this.#rules = fallback === undefined ? rules : [...rules, { via: fallback }];
    this.asksForSender = rules.some(({ from }) => from !== undefined);
  }

  /** Undefined: by the DNS. */
  find(recipientDomain: string, senderDomain = ''): Smarthost | undefined {
    const rule = this.#rules.find(({ from, to }) => fits(from, senderDomain) && fits(to, recipientDomain));
    return rule === undefined || rule.via === 'mx' ? undefined : rule.via;
  }
}

function fits(pattern: string | undefined, domain: string): boolean {
  if (pattern === undefined) return true;
  const [wanted, name] = [pattern.toLowerCase(), domain.toLowerCase()];
  return wanted.startsWith('*.') ? name.endsWith(wanted.slice(1)) : name === wanted;
}
