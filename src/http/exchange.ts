/** What a route gets and gives, and how the table of routes is read. But for one that takes over a connection, a route is a function of values. */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Guest } from '../net/guest.ts';

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS';

export interface HttpRequest {
  readonly method: HttpMethod;
  /** As it came, undecoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** The name that was asked for, in lower case, without the port. */
  readonly host: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Whole; empty for a route that takes it in pieces. */
  readonly body: Buffer;
  /**
   * The body of a route that takes it in pieces, to be read at most once. Throws `BodyFault` when the client goes away, is too
   * slow, or sends more than the route takes.
   */
  readonly pieces: AsyncIterable<Buffer>;
  /** Over TLS, here or at a trusted proxy. */
  readonly isSecure: boolean;
  /** Of the client, as far as a trusted proxy is believed. */
  readonly remoteAddress: string;
  /** Aborted when the client is gone. */
  readonly gone: AbortSignal;
  /** Aborted when the server is about to go: a reply without an end comes to its own. */
  readonly closing: AbortSignal;
  /** Who asks, when another process of ours has judged it and passed the request on. */
  readonly vouched?: Vouched | undefined;
  /** As administrators see the connection; absent where it comes from another process, which has it. */
  readonly connection?: Pick<Guest, 'signedIn' | 'client'> | undefined;
}

export interface Vouched {
  readonly account: number;
  /** The number of what was signed in with; undefined when the account has nothing of it. */
  readonly credential?: number | undefined;
}

/** Why a body did not come to its end. */
export class BodyFault extends Error {
  override readonly name = 'BodyFault';
  readonly kind: 'gone' | 'slow' | 'too-large';

  constructor(kind: BodyFault['kind'], options?: ErrorOptions) {
    super(`the body of a request: ${kind}`, options);
    this.kind = kind;
  }
}

export interface HttpReply {
  readonly status: number;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Pieces are asked for as the client takes them, and none after it is gone; their length is sent when the headers have it.
   */
  readonly body?: string | Buffer | AsyncIterable<Buffer | string>;
  /** Pieces may be far apart for as long as the client stays: its silence does not end the connection. */
  readonly isEndless?: boolean;
}

export interface Route {
  /** GET is HEAD too. */
  readonly method: HttpMethod;
  /** Exact; ending with `*`: whatever begins like it. Letters in any case when `isCaseless`. */
  readonly path: string;
  readonly isCaseless?: boolean;
  /** Whether the name that was asked for is one that has this; every name, when left out. */
  readonly isFor?: (host: string) => boolean;
  /** Of a body; what is larger is refused. */
  readonly maxBodyBytes?: number;
  /** The route reads the body itself, in pieces, after it has looked who asks. */
  readonly takesPieces?: boolean;
  answer(request: HttpRequest): HttpReply | Promise<HttpReply>;
  /** Takes over the connection of a request that asks for WebSocket, or says why not. */
  upgrade?(request: HttpRequest, raw: RawUpgrade): Promise<HttpReply | undefined>;
}

/** A connection as it is when another protocol begins on it. */
export interface RawUpgrade {
  readonly incoming: IncomingMessage;
  readonly socket: Socket;
  /** What came behind the request already. */
  readonly head: Buffer;
}

export type Routed =
  | { readonly kind: 'route'; readonly route: Route }
  | { readonly kind: 'not-found' }
  | { readonly kind: 'wrong-method'; readonly allow: string };

/** HEAD counts as GET. */
export function findRoute(
  routes: readonly Route[],
  { host, path, method }: { readonly host: string; readonly path: string; readonly method: string },
): Routed {
  const here = routes.filter((route) => isAt(route, path) && (route.isFor?.(host) ?? true));
  if (here.length === 0) return { kind: 'not-found' };
  const wanted = method === 'HEAD' ? 'GET' : method;
  const route = here.find((one) => one.method === wanted);
  if (route !== undefined) return { kind: 'route', route };
  const methods = new Set(here.flatMap((one) => (one.method === 'GET' ? ['GET', 'HEAD'] : [one.method])));
  return { kind: 'wrong-method', allow: [...methods].join(', ') };
}

function isAt({ path, isCaseless = false }: Route, wanted: string): boolean {
  const [mine, theirs] = isCaseless ? [path.toLowerCase(), wanted.toLowerCase()] : [path, wanted];
  return mine.endsWith('*') ? theirs.startsWith(mine.slice(0, -1)) : mine === theirs;
}

export function text(status: number, body: string): HttpReply {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body };
}
