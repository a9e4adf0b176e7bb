/**
 * One page over HTTP as anybody gets it: within a time and a size, without following where it leads. The system is asked for its address
 * first, whose own table of hosts may lead back inside where a router does not, and then the resolvers of the configuration.
 */
import { lookup as systemLookup } from 'node:dns';
import { request as requestSecure } from 'node:https';
import { isIPv6, type LookupFunction } from 'node:net';
import type { Dns } from '../dns/answer.ts';
import type { WebSeen } from '../doctor/world.ts';
import { request as requestPlain } from '../net/http.ts';

const TIMEOUT_MS = 6000;
const MAX_BYTES = 64 * 1024;

export function fetchPage(url: string, dns: Dns): Promise<WebSeen> {
  const { promise, resolve } = Promise.withResolvers<WebSeen>();
  const request = url.startsWith('https:') ? requestSecure : requestPlain;
  const fail = (error: Error): void => resolve({ kind: 'failed', why: error.message });
  const options = { agent: false, signal: AbortSignal.timeout(TIMEOUT_MS), lookup: lookupBy(dns) };
  const asking = request(url, options, (response) => {
    const pieces: Buffer[] = [];
    let size = 0;
    response.on('data', (piece: Buffer) => {
      size += piece.length;
      if (size > MAX_BYTES) response.destroy(new Error('the page is too long'));
      else pieces.push(piece);
    });
    response.on('error', fail);
    response.on('end', () => {
      const body = Buffer.concat(pieces).toString('utf8');
      resolve({ kind: 'answered', status: response.statusCode ?? 0, body });
    });
  });
  asking.on('error', fail);
  asking.end();
  return promise;
}

function lookupBy(dns: Dns): LookupFunction {
  return (name, options, done) =>
    systemLookup(name, { ...options, all: true }, async (error, addresses) => {
      if (error === null) return give(addresses);
      const answers = await Promise.all([dns.ask(name, 'A'), dns.ask(name, 'AAAA')]);
      const found = answers.flatMap((answer) => (answer.kind === 'found' ? answer.records : []));
      if (found.length === 0) return done(error, '');
      give(found.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 })));

      function give(all: readonly { readonly address: string; readonly family: number }[]): void {
        if (options.all === true) done(null, [...all]);
        else done(null, all[0]?.address ?? '', all[0]?.family);
      }
    });
}
