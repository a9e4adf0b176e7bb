/**
 * Where the old server is: `imaps://mail.example.com`, `imap://mail.example.com:143`; `pop3s://` and `pop3://` alike. A password is
 * no part of it, for every user of the machine can read the command line.
 *
 * Without TLS from the first octet, TLS is asked for before anybody signs in, and insisted on, but on this machine itself.
 */
import { isLoopback } from '../../base/ip-address.ts';

export interface Endpoint {
  readonly protocol: 'imap' | 'pop3';
  readonly host: string;
  readonly port: number;
  /** `upgraded`: by STARTTLS or STLS, or there is no sign-in. */
  readonly tls: 'first' | 'upgraded' | 'none';
  /** The user name in the address, if there is one. */
  readonly user: string | undefined;
}

const SCHEMES: Readonly<
  Record<string, Pick<Endpoint, 'protocol' | 'port'> & { readonly isSecure: boolean }>
> = Object.freeze({
  'imap:': { protocol: 'imap', port: 143, isSecure: false },
  'imaps:': { protocol: 'imap', port: 993, isSecure: true },
  'pop3:': { protocol: 'pop3', port: 110, isSecure: false },
  'pop3s:': { protocol: 'pop3', port: 995, isSecure: true },
});

/** Throws an Error that says what is expected. */
export function parseEndpoint(text: string, protocol: Endpoint['protocol']): Endpoint {
  const expected = `expected an address such as ${protocol}s://mail.example.com`;
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new Error(`"${text.slice(0, 100)}" is no address of a server; ${expected}`);
  }
  const scheme = SCHEMES[url.protocol];
  if (url.password !== '')
    throw new Error(
      'the address has a password in it, which every user of this machine can read; give it by --password-file',
    );
  if (scheme?.protocol !== protocol) throw new Error(`${url.protocol}// is none of these; ${expected}`);
  if (url.hostname === '') throw new Error(`the address names no server; ${expected}`);
  if (!/^\/?$/.test(url.pathname) || url.search !== '' || url.hash !== '')
    throw new Error(`nothing is expected behind the server and its port; ${expected}`);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const isHere = host === 'localhost' || isLoopback(host);
  return {
    protocol,
    host,
    port: url.port === '' ? scheme.port : Number(url.port),
    tls: scheme.isSecure ? 'first' : isHere ? 'none' : 'upgraded',
    user: url.username === '' ? undefined : decodeURIComponent(url.username),
  };
}

/** How the connection is to be trusted. */
export interface Trust {
  /** PEM, of who vouches for the server beside those that this machine trusts. */
  readonly ca?: string;
  /** Whoever answers is believed, and where the server has no TLS, it goes without. */
  readonly isInsecure: boolean;
}
