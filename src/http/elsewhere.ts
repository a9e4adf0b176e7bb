/**
 * Requests for an account that another process holds: it is judged here who asks, and the request goes on over the relay, with that
 * said in its preamble; the body as it comes, the reply as it is taken. The holder answers as if it had judged itself.
 */
import type { IncomingMessage, Server } from 'node:http';
import { BlockList, type Socket } from 'node:net';
import type { Log } from '../base/log.ts';
import type { Admission } from '../identity/authenticator.ts';
import type { Domain } from '../mailbox/domain.ts';
import { isClosed } from '../mailbox/model/access.ts';
import { asAccountId } from '../mailbox/model/model.ts';
import { request as httpRequest } from '../net/http.ts';
import { pass } from '../net/passing.ts';
import type { Relay } from '../net/relay.ts';
import { type Judge, SILENT } from './asking.ts';
import {
  BodyFault,
  type HttpReply,
  type HttpRequest,
  type RawUpgrade,
  type Route,
  text,
  type Vouched,
} from './exchange.ts';
import { httpServer } from './server.ts';

/** The kind of relay connection. */
export const HTTP_KIND = 'http';
/** What of the client's header its answer depends on. */
const PASSED = [
  ...['content-type', 'content-length', 'range', 'if-none-match', 'if-range', 'last-event-id'],
  ...['accept', 'accept-language', 'user-agent', 'sec-fetch-dest'],
] as const;
/** What the holder needs for another protocol. */
const UPGRADE_FIELDS = [
  ...(['host', 'connection', 'upgrade', 'user-agent', 'sec-websocket-key', 'sec-websocket-version'] as const),
  ...(['sec-websocket-protocol', 'sec-websocket-extensions'] as const),
];
/** These are about one connection. */
const OWN = new Set(['connection', 'keep-alive', 'transfer-encoding', 'date']);
/** A holder that says nothing for so long is as good as gone. */
const ANSWER_MS = 120_000;

interface Preamble extends Vouched {
  readonly remoteAddress: string;
  readonly isSecure: boolean;
}

/** The holder's reply; 503 when it cannot be reached. */
export async function askHolder(
  relay: Relay,
  holder: string,
  request: HttpRequest,
  { record, credential }: Admission,
): Promise<HttpReply> {
  const { remoteAddress, isSecure } = request;
  const preamble: Preamble = { account: record.id, credential: credential?.id, remoteAddress, isSecure };
  let socket: Socket | undefined;
  try {
    socket = await relay.dial(holder, HTTP_KIND, preamble);
    const answer = await exchange(socket, request);
    return { status: answer.statusCode ?? 502, headers: headersOf(answer), body: answer, isEndless: true };
  } catch (error) {
    socket?.destroy();
    if (error instanceof BodyFault) throw error;
    return unreachable();
  }
}

/** The connection as it is; undefined when the holder has it. */
export async function passUpgrade(
  relay: Relay,
  holder: string,
  request: HttpRequest,
  raw: RawUpgrade,
  { record, credential }: Admission,
): Promise<HttpReply | undefined> {
  const { remoteAddress, isSecure } = request;
  const preamble: Preamble = { account: record.id, credential: credential?.id, remoteAddress, isSecure };
  let there: Socket;
  try {
    there = await relay.dial(holder, HTTP_KIND, preamble);
  } catch {
    return unreachable();
  }
  const { socket: here, incoming, head } = raw;
  const lines = UPGRADE_FIELDS.flatMap((name) => {
    const value = incoming.headers[name];
    return value === undefined ? [] : [`${name}: ${value}\r\n`];
  });
  there.write(`GET ${request.path} HTTP/1.1\r\n${lines.join('')}\r\n`);
  there.write(head);
  pass(here, there);
  pass(there, here);
  here.once('close', () => there.destroy()).once('end', () => there.end());
  there.once('close', () => here.destroy()).once('end', () => here.end());
  return undefined;
}

export function unreachable(): HttpReply {
  const reply = text(503, 'The account cannot be reached at this moment; try again.\n');
  return { ...reply, headers: { ...reply.headers, 'retry-after': '2' } };
}

async function exchange(socket: Socket, request: HttpRequest): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const query = request.query.size === 0 ? '' : `?${request.query}`;
  const passed = PASSED.flatMap((name) => {
    const value = request.headers[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const outgoing = httpRequest({
    createConnection: () => socket,
    method: request.method,
    path: request.path + query,
    headers: {
      ...Object.fromEntries(passed),
      host: request.headers.host ?? request.host,
      connection: 'close',
    },
  });
  const cut = (): void => void outgoing.destroy();
  request.gone.addEventListener('abort', cut, { once: true });
  outgoing.setTimeout(ANSWER_MS, cut);
  outgoing.once('response', (answer) => {
    outgoing.setTimeout(0);
    answer.once('close', () => request.gone.removeEventListener('abort', cut));
    resolve(answer);
  });
  outgoing.once('error', reject);
  outgoing.once('close', () => reject(new Error('the holder is gone')));
  await Promise.race([promise, sendBody(request, outgoing)]);
  return promise;
}

/** Waits for whoever takes less than comes. An answer before its end ends it. */
async function sendBody(request: HttpRequest, outgoing: ReturnType<typeof httpRequest>): Promise<void> {
  if (request.body.length > 0) outgoing.write(request.body);
  for await (const piece of request.pieces) {
    if (outgoing.destroyed || outgoing.writableEnded) return;
    if (outgoing.write(piece)) continue;
    await new Promise<void>((resolve) => {
      outgoing.once('drain', resolve).once('close', resolve);
    });
  }
  outgoing.end();
}

function headersOf({ headers }: IncomingMessage): Record<string, string> {
  const pairs = Object.entries(headers).flatMap(([name, value]) =>
    OWN.has(name) || value === undefined ? [] : [[name, [value].flat().join(', ')] as const],
  );
  return Object.fromEntries(pairs);
}

export interface HolderOptions {
  readonly routes: readonly Route[];
  readonly log: Log;
}

export interface HolderSide {
  /** A request that another process passes on. */
  receive(socket: Socket, preamble: Readonly<Record<string, unknown>>): void;
  close(): void;
}

/** Where such requests arrive. */
export function holderSide({ routes, log }: HolderOptions): HolderSide {
  const peers = new WeakMap<Socket, Preamble>();
  const closing = new AbortController();
  const server: Server = httpServer({
    ...{ routes, log, limits: {}, trustedProxies: new BlockList(), closing: closing.signal },
    factsOf: (socket) => {
      const { remoteAddress, isSecure, account, credential } = peers.get(socket) as Preamble;
      return { remoteAddress, isSecure, vouched: { account, credential } };
    },
  });
  return {
    receive(socket, preamble) {
      peers.set(socket, preamble as unknown as Preamble);
      server.emit('connection', socket);
    },
    close() {
      closing.abort();
      server.close();
      server.closeIdleConnections();
    },
  };
}

/** Believes a process of ours, as long as what was signed in with is still there. */
export function vouchedJudge({ store }: Pick<Domain, 'store'>): Judge {
  return async ({ vouched }) => {
    if (vouched === undefined) return SILENT;
    const record = await store.directory.get(asAccountId(vouched.account));
    const credential = record?.credentials.find(({ id }) => id === vouched.credential);
    const isGone = vouched.credential !== undefined && credential === undefined;
    if (record === undefined || isGone || isClosed(record))
      return { kind: 'refused', reply: text(401, 'What you signed in with was changed just now.\n') };
    return { kind: 'known', who: { record, credential }, how: 'relay' };
  };
}
