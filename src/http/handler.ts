/**
 * One request: read within its bounds, given to its route, answered. Every reply has the same fields that keep a browser from
 * doing anything with it but show it; a route may say otherwise.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BlockList } from 'node:net';
import { EMPTY } from '../base/bytes.ts';
import type { Log } from '../base/log.ts';
import { type BodyBounds, readPieces, readWhole } from './body.ts';
import { type ClientFacts, clientFacts, hostOf } from './client.ts';
import {
  BodyFault,
  findRoute,
  type HttpReply,
  type HttpRequest,
  type Route,
  text,
  type Vouched,
} from './exchange.ts';
import { send } from './reply.ts';

export interface HandlerOptions {
  readonly routes: readonly Route[];
  readonly trustedProxies: BlockList;
  readonly log: Log;
  /** Aborted when the port closes. */
  readonly closing: AbortSignal;
  /** How long a client may take to send a body that is not taken in pieces. */
  readonly bodyMs: number;
}

/** Who the peer is, and in whose name it asks, when it is a process of ours. */
export interface PeerOfRequest extends ClientFacts {
  readonly vouched?: Vouched | undefined;
  readonly connection?: HttpRequest['connection'];
}

const NO_BODY = 0;
const MAX_LOGGED = 200;
/** Of a body that is taken in pieces: the slowest phone sends faster. */
const BYTES_PER_SECOND = 1024;

/** Answers, whatever happens; never throws. */
export async function handle(
  options: HandlerOptions,
  peer: PeerOfRequest,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const began = performance.now();
  const headers = incoming.headers as Readonly<Record<string, string | undefined>>;
  const client = clientFacts(peer, headers, options.trustedProxies);
  const { method = '', url = '' } = incoming;
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  let reply: HttpReply;
  try {
    reply = await answer(
      options,
      { ...client, vouched: peer.vouched, connection: peer.connection },
      incoming,
      gone.signal,
    );
  } catch (err) {
    if (!(err instanceof BodyFault))
      options.log.error({ err, path: url.slice(0, MAX_LOGGED) }, 'a request failed');
    reply = err instanceof BodyFault ? replyTo(err) : text(500, 'Something went wrong here.\n');
  }
  try {
    await send(reply, incoming, response);
  } catch (err) {
    options.log.error({ err, path: url.slice(0, MAX_LOGGED) }, 'a reply broke off');
    response.destroy();
  }
  const facts = { remote: client.remoteAddress, method, path: url.slice(0, MAX_LOGGED) };
  options.log.debug(
    { ...facts, status: reply.status, ms: Math.round(performance.now() - began) },
    'request answered',
  );
}

async function answer(
  { routes, bodyMs, closing }: HandlerOptions,
  client: PeerOfRequest,
  incoming: IncomingMessage,
  gone: AbortSignal,
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
  const pieces = readPieces(incoming, boundsOf(route, bodyMs));
  const body = route.takesPieces === true ? EMPTY : await readWhole(pieces);
  const request: HttpRequest = {
    ...{ method: route.method, path, host, headers, body, pieces, gone, closing, ...client },
    query: new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1)),
  };
  return route.answer(request);
}

function boundsOf(
  { maxBodyBytes: maxBytes = NO_BODY, takesPieces = false }: Route,
  startMs: number,
): BodyBounds {
  return takesPieces ? { maxBytes, startMs, bytesPerSecond: BYTES_PER_SECOND } : { maxBytes, startMs };
}

function replyTo({ kind }: BodyFault): HttpReply {
  if (kind === 'too-large') return text(413, 'That is too large.\n');
  return text(408, 'The request did not come to its end.\n');
}

/** Node.js gives the first; another reader may take the last (RFC 9112 §3.2). */
function hasTwoHosts({ rawHeaders }: IncomingMessage): boolean {
  return rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host').length > 1;
}
