/** A reply on its way out: whole, or in pieces as fast as the client takes them. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpReply } from './exchange.ts';

/** How long a client may take nothing of a reply in pieces. */
const WRITE_MS = 60_000;
const ALWAYS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

type Pieces = AsyncIterable<Buffer | string>;

/** Throws what the pieces throw; the client has got a part then. */
export async function send(
  reply: HttpReply,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { body = '' } = reply;
  if (response.destroyed || response.headersSent) {
    if (isPieces(body)) await body[Symbol.asyncIterator]().return?.();
    return;
  }
  const whole = isPieces(body) ? undefined : Buffer.from(body);
  const hasNone = reply.status === 304 || reply.status === 204;
  // What was not read would be taken for the next request.
  const isUnread = !incoming.readableEnded && reply.status >= 400;
  response.writeHead(reply.status, {
    ...ALWAYS,
    ...(hasNone || whole === undefined ? {} : { 'content-length': String(whole.length) }),
    ...reply.headers,
    ...(isUnread ? { connection: 'close' } : {}),
  });
  const isHead = incoming.method === 'HEAD';
  if (whole === undefined && !isHead) await sendPieces(body as Pieces, reply.isEndless ?? false, response);
  else response.end(isHead ? undefined : whole);
}

async function sendPieces(pieces: Pieces, isEndless: boolean, response: ServerResponse): Promise<void> {
  const { socket } = response;
  const usualMs = socket?.timeout ?? 0;
  // The server's own deadline is for connections on which nothing goes on.
  socket?.setTimeout(0);
  if (isEndless) response.flushHeaders();
  for await (const piece of pieces) {
    if (response.destroyed) return;
    if (!response.write(piece) && !(await isTaken(response))) {
      response.destroy();
      return;
    }
  }
  response.end();
  socket?.setTimeout(usualMs);
}

/** False: the client takes nothing. */
function isTaken(response: ServerResponse): Promise<boolean> {
  return new Promise((resolve) => {
    const done = (): void => end(true);
    const timer = setTimeout(() => end(false), WRITE_MS);
    const end = (isSo: boolean): void => {
      clearTimeout(timer);
      response.off('drain', done).off('close', done);
      resolve(isSo);
    };
    response.on('drain', done).on('close', done);
  });
}

function isPieces(body: NonNullable<HttpReply['body']>): body is Pieces {
  return typeof body === 'object' && Symbol.asyncIterator in body;
}
