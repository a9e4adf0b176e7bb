/**
 * Where mail for a domain goes (RFC 5321 §5.1): the hosts of its MX records by preference, or the domain itself where it has none; or to
 * the smarthost, whoever it is for. A route is named by its hosts and not by the domain, because a thousand domains at one
 * provider are one destination.
 */
import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import type { Dns, MailExchange } from '../dns/answer.ts';
import type { Smarthost, Smarthosts } from './smarthosts.ts';

export interface RouteHost {
  /** In ASCII; or an address, from an address literal. */
  readonly name: string;
  readonly port: number;
}

export interface Route {
  readonly key: string;
  readonly kind: 'mx' | 'smarthost';
  /** In the order in which they are tried; one at least. */
  readonly hosts: readonly RouteHost[];
  /** The answer that named them was validated: what DANE needs (RFC 7672 §2.2.1). */
  readonly isSecure: boolean;
  /** Of the kind `smarthost`. */
  readonly smarthost?: Smarthost;
}

export type Routing =
  | { readonly kind: 'route'; readonly route: Route }
  /** For ever, or for now; `status` is an enhanced code (RFC 3463). */
  | { readonly kind: 'failed' | 'deferred'; readonly status: string; readonly text: string };

export const SMTP_PORT = 25;
const MAX_HOSTS = 10;
const MAX_RECORDS = 100;

export interface RoutingOptions {
  readonly dns: Dns;
  /** Our own names: mail that would come back to us does not leave. */
  readonly isOurs: (host: string) => boolean;
  readonly smarthosts?: Smarthosts;
  /** Of hosts; a test's servers are elsewhere. */
  readonly port?: number;
}

/** `domain` as it stands in the address; `senderDomain` where a route asks for it. */
export async function routeTo(
  domain: string,
  options: RoutingOptions,
  senderDomain?: string,
): Promise<Routing> {
  const { smarthosts, port = SMTP_PORT } = options;
  const smarthost = smarthosts?.find(domain, senderDomain);
  if (smarthost !== undefined) {
    const { user = '' } = smarthost.signIn ?? {};
    const key = `smarthost ${smarthost.name}:${smarthost.port}${user === '' ? '' : ` as ${user}`}`;
    return found({ key, kind: 'smarthost', hosts: [smarthost], isSecure: false, smarthost });
  }
  const literal = literalOf(domain);
  if (literal !== undefined)
    return found({ key: literal, kind: 'mx', hosts: [{ name: literal, port }], isSecure: false });
  const ascii = domainToASCII(domain.replace(/\.$/, ''));
  if (ascii === '' || isIP(ascii) !== 0) return failed('5.1.2', `"${domain}" is not a domain`);
  const answer = await options.dns.ask(ascii, 'MX');
  switch (answer.kind) {
    case 'nxdomain':
      return failed('5.1.2', `there is no domain ${ascii}`);
    case 'unusable':
      return failed('5.1.2', `the DNS has no usable answer for ${ascii}: ${answer.detail}`);
    case 'servfail':
    case 'timeout':
    case 'busy':
      return {
        kind: 'deferred',
        status: '4.4.3',
        text: `the DNS did not answer for ${ascii}: ${answer.detail}`,
      };
    case 'nodata':
      return viaHosts(ascii, [{ preference: 0, exchange: ascii }], answer.isSecure, options);
    case 'found':
      return viaHosts(ascii, answer.records, answer.isSecure, options);
  }
}

function viaHosts(
  domain: string,
  records: readonly MailExchange[],
  isSecure: boolean,
  { isOurs, port = SMTP_PORT }: RoutingOptions,
): Routing {
  if (records.some(({ exchange }) => exchange === '.')) {
    // RFC 7505 §3: alone; beside others it is nonsense and is passed over.
    if (records.length === 1) return failed('5.1.10', `${domain} does not take mail`);
  }
  const usable = records.slice(0, MAX_RECORDS).filter(({ exchange }) => exchange !== '.' && exchange !== '');
  const own = usable.filter(({ exchange }) => isOurs(exchange));
  // Who is further away from it than we are would bring it here (§5.1).
  const nearest = Math.min(...own.map(({ preference }) => preference));
  const ahead = usable.filter(({ preference }) => own.length === 0 || preference < nearest);
  if (ahead.length === 0)
    return own.length > 0
      ? failed('5.4.6', `mail for ${domain} is to come to this server, which does not know the domain`)
      : failed('5.1.2', `${domain} names no server that takes its mail`);
  const names = ordered(ahead).slice(0, MAX_HOSTS);
  const hosts = names.map((name) => ({ name, port }));
  return found({ key: [...names].sort().join(' '), kind: 'mx', hosts, isSecure });
}

/** By preference, equal ones in any order, each once. */
function ordered(records: readonly MailExchange[]): string[] {
  const drawn = records.map((record) => ({ ...record, lot: Math.random() }));
  drawn.sort((a, b) => a.preference - b.preference || a.lot - b.lot);
  return [...new Set(drawn.map(({ exchange }) => exchange.toLowerCase()))];
}

/** RFC 5321 §4.1.3. */
function literalOf(domain: string): string | undefined {
  const [, text] = /^\[(?:IPv6:)?([^\]]+)\]$/i.exec(domain) ?? [];
  return text !== undefined && isIP(text) !== 0 ? text : undefined;
}

const found = (route: Route): Routing => ({ kind: 'route', route });
const failed = (status: string, text: string): Routing => ({ kind: 'failed', status, text });
