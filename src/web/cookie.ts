/**
 * The cookie of the webmail's session (RFC 6265 as browsers have it today). Over TLS it is named with the prefix that a browser takes from nobody but this
 * host over TLS; in the clear, which is for loopback, without. A script cannot read it, and no other site can make a browser send it.
 */
import type { HttpRequest } from '../http/exchange.ts';

const NAME = 'brevduva';
const SECURE_NAME = `__Host-${NAME}`;

type Asked = Pick<HttpRequest, 'headers' | 'isSecure'>;

/** Undefined when there is none. Of several of the name the first counts (RFC 6265 §5.4 puts the most exact one there). */
export function cookieIn({ headers, isSecure }: Asked): string | undefined {
  const wanted = isSecure ? SECURE_NAME : NAME;
  for (const pair of (headers.cookie ?? '').split(';')) {
    const equals = pair.indexOf('=');
    if (equals > 0 && pair.slice(0, equals).trim() === wanted) return pair.slice(equals + 1).trim();
  }
  return undefined;
}

/** `maxAgeSeconds` absent: until the browser closes. */
export function setCookie({ isSecure }: Asked, value: string, maxAgeSeconds?: number): string {
  const age = maxAgeSeconds === undefined ? '' : `; Max-Age=${Math.max(0, Math.floor(maxAgeSeconds))}`;
  const name = isSecure ? SECURE_NAME : NAME;
  return `${name}=${value}; Path=/; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}${age}`;
}

export function clearCookie(asked: Asked): string {
  return setCookie(asked, '', 0);
}
