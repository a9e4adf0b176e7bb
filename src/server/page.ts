/** One page over HTTP as anybody gets it: within a time and a size, without following where it leads. */
import { request as requestSecure } from 'node:https';
import type { WebSeen } from '../doctor/world.ts';
import { request as requestPlain } from '../net/http.ts';

const TIMEOUT_MS = 6000;
const MAX_BYTES = 64 * 1024;

export function fetchPage(url: string): Promise<WebSeen> {
  const { promise, resolve } = Promise.withResolvers<WebSeen>();
  const request = url.startsWith('https:') ? requestSecure : requestPlain;
  const fail = (error: Error): void => resolve({ kind: 'failed', why: error.message });
  const asking = request(url, { agent: false, signal: AbortSignal.timeout(TIMEOUT_MS) }, (response) => {
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
