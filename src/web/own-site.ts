/**
 * Whether a request was made by our own page, or by a browser that another site has sent here: a cookie comes along with both. A
 * current browser says which (Fetch Metadata, `Sec-Fetch-Site`), and no page can make it lie; one that does not say is believed when it
 * names our origin. What changes something has a body that no form of another site can send.
 */
import type { HttpRequest } from '../http/exchange.ts';

/** With every request whose body is not JSON. A form cannot set it, and a script elsewhere would have to ask first. */
export const OWN_HEADER = 'x-requested-by';

type Asked = Pick<HttpRequest, 'method' | 'headers' | 'isSecure'>;

/** Of our page, as its browser sees it. */
export function originOf({ headers, isSecure }: Pick<HttpRequest, 'headers' | 'isSecure'>): string {
  return `${isSecure ? 'https' : 'http'}://${headers.host?.toLowerCase()}`;
}

export function isFromOwnSite(asked: Asked): boolean {
  const { headers, method } = asked;
  const site = headers['sec-fetch-site'];
  const isOurs =
    site === undefined ? headers.origin?.toLowerCase() === originOf(asked) : site === 'same-origin';
  if (!isOurs) return false;
  const isReading = method === 'GET';
  return isReading || isJson(headers['content-type']) || headers[OWN_HEADER] !== undefined;
}

function isJson(type = ''): boolean {
  return /^application\/json\s*(?:;|$)/i.test(type);
}
