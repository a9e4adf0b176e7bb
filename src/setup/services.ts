/**
 * What mail programs can be told of this server: what it listens for, where, with which security. Everything in this room says
 * the same, from this list, in the words of one kind of program; and of a domain, never of an address.
 */

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

const LISTENERS: Readonly<Record<string, Omit<ClientService, 'port'>>> = {
  imap: { kind: 'imap', security: 'starttls' },
  imaps: { kind: 'imap', security: 'tls' },
  pop3: { kind: 'pop3', security: 'starttls' },
  pop3s: { kind: 'pop3', security: 'tls' },
  submission: { kind: 'submission', security: 'starttls' },
  submissions: { kind: 'submission', security: 'tls' },
};

/** From listeners by their names, the best first: IMAP before POP3, TLS before STARTTLS (RFC 8314 §5.1). */
export function servicesOf(
  listeners: readonly { readonly name: string; readonly address: string }[],
): readonly ClientService[] {
  const found = listeners.flatMap(({ name, address }) => {
    const service = LISTENERS[name];
    const port = Number(/:(\d+)$/.exec(address)?.[1]);
    return service === undefined || !(port > 0) ? [] : [{ ...service, port }];
  });
  const kinds = ['imap', 'pop3', 'submission'];
  return found.sort(
    (a, b) =>
      kinds.indexOf(a.kind) - kinds.indexOf(b.kind) ||
      (a.security === b.security ? 0 : a.security === 'tls' ? -1 : 1),
  );
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
