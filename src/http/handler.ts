/**
 * One request: read within its bounds, given to its route, answered. Every reply has the same fields that keep a browser from
 * doing anything with it but show it; a route may say otherwise.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BlockList } from 'node:net';
import { EMPTY } from '../base/bytes.ts';
import type { Log } from '../base/log.ts';
import { type ClientFacts, clientFacts, hostOf } from './client.ts';
import { findRoute, type HttpReply, type HttpRequest, type Route, text } from './exchange.ts';

export interface HandlerOptions {
  readonly routes: readonly Route[];
  readonly trustedProxies: BlockList;
  readonly log: Log;
}

const NO_BODY = 0;
const MAX_LOGGED = 200;
const ALWAYS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/** Answers, whatever happens; never throws. */
export async function handle(
  options: HandlerOptions,
  peer: ClientFacts,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const began = performance.now();
  const headers = incoming.headers as Readonly<Record<string, string | undefined>>;
  const client = clientFacts(peer, headers, options.trustedProxies);
  const { method = '', url = '' } = incoming;
  let reply: HttpReply;
  try {
    reply = await answer(options, client, incoming);
  } catch (err) {
    options.log.error({ err, path: url.slice(0, MAX_LOGGED) }, 'a request failed');
    reply = text(500, 'Something went wrong here.\n');
  }
  send(reply, incoming, response);
  const facts = { remote: client.remoteAddress, method, path: url.slice(0, MAX_LOGGED) };
  options.log.debug(
    { ...facts, status: reply.status, ms: Math.round(performance.now() - began) },
    'request answered',
  );
}

async function answer(
  { routes }: HandlerOptions,
  client: ClientFacts,
  incoming: IncomingMessage,
): Promise<HttpReply> {
  const headers = incoming.headers as Readonly<Record<string, string | undefined>>;
  const host = hasTwoHosts(incoming) ? undefined : hostOf(headers.host);
  const target = incoming.url ?? '';
  if (host === undefined || !target.startsWith('/')) return text(400, 'That is no request.\n');
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  const routed = findRoute(routes, { host, path, method: incoming.method ?? '' });
  if (routed.kind === 'not-found') return text(404, 'There is nothing here.\n');
  if (routed.kind === 'wrong-method')
    return { ...text(405, `Allowed: ${routed.allow}\n`), headers: { allow: routed.allow } };
  const { route } = routed;
  const body = await readBody(incoming, route.maxBodyBytes ?? NO_BODY);
  if (body === undefined) return text(413, 'That is too large.\n');
  const request: HttpRequest = {
    ...{ method: route.method, path, host, headers, body, ...client },
    query: new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1)),
  };
  return route.answer(request);
}

/** Node.js gives the first; another reader may take the last (RFC 9112 §3.2). */
function hasTwoHosts({ rawHeaders }: IncomingMessage): boolean {
  return rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host').length > 1;
}

/** Undefined: more than is taken. Throws when the client goes away in the middle. */
async function readBody(incoming: IncomingMessage, most: number): Promise<Buffer | undefined> {
  if (Number(incoming.headers['content-length'] ?? 0) > most) return undefined;
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of incoming as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > most) return undefined;
    pieces.push(piece);
  }
  return size === 0 ? EMPTY : Buffer.concat(pieces);
}

function send(reply: HttpReply, incoming: IncomingMessage, response: ServerResponse): void {
  if (response.destroyed || response.headersSent) return;
  const body = Buffer.from(reply.body ?? '');
  // What was not read would be taken for the next request.
  const isUnread = !incoming.readableEnded && reply.status >= 400;
  response.writeHead(reply.status, {
    ...ALWAYS,
    ...reply.headers,
    ...(reply.status === 304 || reply.status === 204 ? {} : { 'content-length': String(body.length) }),
    ...(isUnread ? { connection: 'close' } : {}),
  });
  response.end(incoming.method === 'HEAD' ? undefined : body);
}
