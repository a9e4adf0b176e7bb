/**
 * What mail programs can be told of this server: what it listens for, where, with which security. Everything in this room says
 * the same, from this list, in the words of one kind of program; and of a domain, never of an address.
 */
import { isLoopback } from '../base/ip-address.ts';
import { parseHostPort, SPOKEN } from '../net/services.ts';

export interface ClientService {
  readonly kind: 'imap' | 'pop3' | 'submission';
  readonly port: number;
  /** TLS from the first octet (RFC 8314 §3), or after a word of the client. */
  readonly security: 'tls' | 'starttls';
}

export interface SetupSettings {
  /** The name that mail programs connect to. */
  readonly hostname: string;
  /** Those that accept connections now. */
  services(): readonly ClientService[];
  /** Whether mail of this domain is here. */
  isOurs(domain: string): Promise<boolean>;
  /** Where this server can be reached over HTTPS; undefined when it cannot. */
  httpsPort(): number | undefined;
}

/** What people set up in a mail program. */
const KINDS: readonly ClientService['kind'][] = ['imap', 'pop3', 'submission'];

/**
 * From listeners by their names, the best first: IMAP before POP3, TLS before STARTTLS (RFC 8314 §5.1). What only this machine
 * reaches is left out, unless that is all there is.
 */
export function servicesOf(
  listeners: readonly { readonly name: string; readonly address: string }[],
): readonly ClientService[] {
  const found = listeners.flatMap(({ name, address }) => {
    const spoken = SPOKEN[name];
    const kind = KINDS.find((one) => one === spoken?.protocol);
    const { host = '', port = 0 } = parseHostPort(address) ?? {};
    if (kind === undefined || port === 0) return [];
    const security = spoken?.tls === 'first' ? ('tls' as const) : ('starttls' as const);
    return [{ service: { kind, port, security }, isOpen: !isLoopback(host) && host !== 'localhost' }];
  });
  const open = found.filter(({ isOpen }) => isOpen);
  return (open.length > 0 ? open : found).map(({ service }) => service).sort(byPreference);
}

function byPreference(a: ClientService, b: ClientService): number {
  const byKind = KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind);
  if (byKind !== 0 || a.security === b.security) return byKind;
  return a.security === 'tls' ? -1 : 1;
}

/** What a device uses: a way in and a way out. Undefined where there is only one of them, or none. */
export function waysOf(services: readonly ClientService[]) {
  const incoming =
    services.find(({ kind }) => kind === 'imap') ?? services.find(({ kind }) => kind === 'pop3');
  const outgoing = services.find(({ kind }) => kind === 'submission');
  return incoming === undefined || outgoing === undefined ? undefined : { incoming, outgoing };
}

/** Names under a domain that lead here for one purpose each. */
export const PURPOSES = ['autoconfig', 'autodiscover', 'mta-sts', 'ua-auto-config'] as const;

/** The domain that a request is about: of the address that it names, else of the name it was sent to. Undefined: none of ours. */
export async function domainOf(
  { isOurs }: Pick<SetupSettings, 'isOurs'>,
  { host, address }: { readonly host: string; readonly address?: string | undefined },
): Promise<string | undefined> {
  const named = address === undefined ? undefined : domainPart(address);
  for (const domain of [named, withoutPurpose(host), host]) {
    if (domain !== undefined && (await isOurs(domain))) return domain;
  }
  return undefined;
}

export function withoutPurpose(host: string): string {
  const [first = '', ...rest] = host.split('.');
  return PURPOSES.some((purpose) => purpose === first) ? rest.join('.') : host;
}

/** An address as it may stand in an answer; undefined for what is none. */
export function plainAddress(text: string | undefined | null): string | undefined {
  const address = text?.trim() ?? '';
  return address.length <= 254 && /^[^\s@<>"\\\0-\x1f]{1,64}@[^\s@<>"\\/:\0-\x1f]{1,253}$/.test(address)
    ? address
    : undefined;
}

function domainPart(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1).toLowerCase();
}
