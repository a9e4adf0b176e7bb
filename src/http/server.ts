/** Node's HTTP/1.1 on connections that others accept: how large and how slow a request may be, and who is told what is wrong. */
import { setMaxListeners } from 'node:events';
import type { Server } from 'node:http';
import type { BlockList, Socket } from 'node:net';
import type { Log } from '../base/log.ts';
import { createServer } from '../net/http.ts';
import type { Route } from './exchange.ts';
import { type HandlerOptions, handle, type PeerOfRequest } from './handler.ts';
import { handleUpgrade } from './upgrade.ts';

export interface HttpServerOptions {
  readonly routes: readonly Route[];
  readonly trustedProxies: BlockList;
  readonly log: Log;
  readonly limits: Partial<HttpLimits>;
  readonly factsOf: (socket: Socket) => PeerOfRequest;
  /** Aborted when no more is to come: replies without an end come to theirs. */
  readonly closing: AbortSignal;
}

export interface HttpLimits {
  readonly headersMs: number;
  readonly requestMs: number;
  /** Longer than proxies keep theirs, so that none sends into a connection that we close. */
  readonly keepAliveMs: number;
  readonly headerBytes: number;
  readonly requestsPerConnection: number;
}

const LIMITS: HttpLimits = {
  headersMs: 10_000,
  requestMs: 30_000,
  keepAliveMs: 75_000,
  headerBytes: 16 * 1024,
  requestsPerConnection: 1000,
};
/** How often deadlines are looked at. */
const CHECK_MS = 1000;
const MAX_FIELDS = 100;
/** It gets its connections by `emit('connection', socket)`. */
export function httpServer(options: HttpServerOptions): Server {
  const limits = { ...LIMITS, ...options.limits };
  const { routes, trustedProxies, log, closing } = options;
  const handling: HandlerOptions = { routes, trustedProxies, log, closing, bodyMs: limits.requestMs };
  // Each reply without an end listens.
  setMaxListeners(0, closing);
  const server = createServer(
    {
      headersTimeout: limits.headersMs,
      // How long a body may take depends on its route.
      requestTimeout: 0,
      keepAliveTimeout: limits.keepAliveMs,
      maxHeaderSize: limits.headerBytes,
      connectionsCheckingInterval: CHECK_MS,
      requireHostHeader: true,
      // Whatever else a client would like to speak, it speaks HTTP.
      shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket',
    },
    (request, response) => {
      void handle(handling, options.factsOf(request.socket), request, response);
    },
  );
  server.on('upgrade', (incoming, socket, head) => {
    void handleUpgrade(handling, options.factsOf(incoming.socket), {
      incoming,
      socket: socket as Socket,
      head,
    });
  });
  server.maxHeadersCount = MAX_FIELDS;
  server.maxRequestsPerSocket = limits.requestsPerConnection;
  // A client that neither sends nor takes anything.
  server.setTimeout(limits.requestMs + limits.keepAliveMs, (socket) => socket.destroy());
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (socket.writable && !socket.destroyed)
      socket.end(`HTTP/1.1 ${faultOf(error)}\r\nConnection: close\r\n\r\n`);
    else socket.destroy();
  });
  // Its deadlines are kept from the moment it listens, which it does through our port.
  server.emit('listening');
  return server;
}

function faultOf({ code }: NodeJS.ErrnoException): string {
  if (code === 'HPE_HEADER_OVERFLOW') return '431 Request Header Fields Too Large';
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return '408 Request Timeout';
  return '400 Bad Request';
}
