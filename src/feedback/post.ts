/** Bringing a report to where a domain wants it over HTTPS (RFC 8460 §5.4). The domain chooses the address, so it has to be one of the world. */
import { lookup as systemLookup } from 'node:dns';
import { request } from 'node:https';
import { isIP } from 'node:net';
import { isPrivateAddress } from '../base/ip-address.ts';

export interface PostOptions {
  readonly allowsPrivate: boolean;
  /** Octets of certificate authorities instead of those of the system; for tests. */
  readonly ca?: string;
}

const TIMEOUT_MS = 60_000;

/** True: it was taken. Never rejects; follows no redirect; reads nothing of the answer but its number. */
export function postReport(
  url: string,
  packed: Buffer,
  { allowsPrivate, ca }: PostOptions,
): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const { hostname } = new URL(url);
  const literal = hostname.replace(/^\[|\]$/g, '');
  if (!allowsPrivate && isIP(literal) !== 0 && isPrivateAddress(literal)) return Promise.resolve(false);
  const sent = request(url, {
    method: 'POST',
    headers: { 'content-type': 'application/tlsrpt+gzip', 'content-length': packed.length },
    signal: AbortSignal.timeout(TIMEOUT_MS),
    agent: false,
    ...(allowsPrivate ? {} : { lookup: publicLookup }),
    ...(ca === undefined ? {} : { ca }),
  });
  sent.on('response', (response) => {
    const { statusCode = 0 } = response;
    response.destroy();
    resolve(statusCode >= 200 && statusCode < 300);
  });
  sent.on('error', () => resolve(false));
  sent.end(packed);
  return promise;
}

/** As the system looks names up, without what only this machine can reach. */
const publicLookup: NonNullable<Parameters<typeof request>[1]['lookup']> = (hostname, options, callback) => {
  systemLookup(hostname, { ...options, all: true }, (error, found) => {
    const usable = (found ?? []).filter(({ address }) => !isPrivateAddress(address));
    const [first] = usable;
    if (error !== null || first === undefined)
      callback(error ?? new Error(`${hostname} has no address of the world`), '', 0);
    else if (options.all === true) callback(null, usable);
    else callback(null, first.address, first.family);
  });
};
