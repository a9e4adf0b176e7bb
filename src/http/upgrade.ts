/**
 * Requests to change to another protocol on the same connection (RFC 9110 §7.8): found among the routes, judged as others, and then
 * somebody else's; or refused with a reply, after which the connection is over.
 */
import type { Socket } from 'node:net';
import { EMPTY } from '../base/bytes.ts';
import { STATUS_CODES } from '../net/http.ts';
import { clientFacts, hostOf } from './client.ts';
import { findRoute, type HttpReply, type HttpRequest, type RawUpgrade, text } from './exchange.ts';
import type { HandlerOptions, PeerOfRequest } from './handler.ts';

const MAX_LOGGED = 200;
/** How long one that is refused may take to read why. */
const REFUSED_MS = 5000;

/** Never throws. */
export async function handleUpgrade(
  options: HandlerOptions,
  peer: PeerOfRequest,
  raw: RawUpgrade,
): Promise<void> {
  const { socket, incoming } = raw;
  socket.on('error', () => {});
  // From here on the deadlines are those of whoever takes it.
  socket.setTimeout(0);
  let refusal: HttpReply | undefined;
  try {
    refusal = await take(options, peer, raw);
  } catch (err) {
    options.log.error({ err, path: incoming.url?.slice(0, MAX_LOGGED) }, 'a request failed');
    refusal = text(500, 'Something went wrong here.\n');
  }
  if (refusal !== undefined) refuse(socket, refusal);
}

/** Nobody reads the connection any more, so nothing else would notice that the client has closed it, or never does. */
function refuse(socket: Socket, refusal: HttpReply): void {
  const timer = setTimeout(() => socket.destroy(), REFUSED_MS);
  socket.once('close', () => clearTimeout(timer));
  socket.end(refusalOctets(refusal));
  socket.resume();
}

async function take(
  { routes, trustedProxies, closing }: HandlerOptions,
  peer: PeerOfRequest,
  raw: RawUpgrade,
): Promise<HttpReply | undefined> {
  const { incoming, socket } = raw;
  const headers = incoming.headers as Readonly<Record<string, string | undefined>>;
  const host = hostOf(headers.host);
  const target = incoming.url ?? '';
  if (host === undefined || !target.startsWith('/')) return text(400, 'That is no request.\n');
  const [path = '', query = ''] = target.split('?', 2);
  const routed = findRoute(routes, { host, path, method: incoming.method ?? '' });
  const { upgrade } = routed.kind === 'route' ? routed.route : {};
  if (upgrade === undefined) return text(404, 'There is nothing here.\n');
  const gone = new AbortController();
  socket.once('close', () => gone.abort());
  const request: HttpRequest = {
    ...{ method: 'GET', path, host, headers, body: EMPTY, pieces: nothing(), gone: gone.signal, closing },
    ...clientFacts(peer, headers, trustedProxies),
    ...{ vouched: peer.vouched, connection: peer.connection },
    query: new URLSearchParams(query),
  };
  return upgrade(request, raw);
}

async function* nothing(): AsyncGenerator<Buffer> {}

function refusalOctets({ status, headers = {}, body = '' }: HttpReply): string {
  const words = typeof body === 'string' ? body : '';
  const fields = { ...headers, connection: 'close', 'content-length': String(Buffer.byteLength(words)) };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${words}`;
}
