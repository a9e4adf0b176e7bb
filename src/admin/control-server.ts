/**
 * The administration of a running server: HTTP on a Unix socket in the data directory that only its owner can open, so
 * there is no password here. The command line uses it; see `routes.ts` for what it answers.
 *
 * A socket file that a killed server left behind is replaced: whoever holds the lock of the data directory is the only one
 * who may listen.
 */
import { chmodSync, rmSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import type { Log } from '../base/log.ts';
import { MailboxError, type MailboxErrorCode } from '../mailbox/model/errors.ts';
import { createServer } from '../net/http.ts';
import type { Admin, ServerFacts, Watch } from './admin.ts';
import { EventLoopWatch } from './event-loop.ts';
import { failureOf } from './failure.ts';
import { type Answer, BadRequest, findRoute } from './routes.ts';
import { controlSocketPath } from './socket-path.ts';

const MAX_JSON_BYTES = 8 * 1024 * 1024;

export interface ControlOptions {
  readonly data: string;
  readonly admin: Admin;
  readonly facts: ServerFacts;
  /** Absent where no server runs. */
  readonly watch?: Watch;
  readonly log: Log;
}

export class ControlServer {
  readonly #options: ControlOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #eventLoop = new EventLoopWatch();
  #isClosing = false;

  private constructor(options: ControlOptions) {
    this.#options = options;
    // An import may pause for as long as its reader likes, inside a message and between two requests.
    this.#server = createServer(
      { requestTimeout: 0, keepAliveTimeout: 0 },
      (request, response) => void this.#serve(request, response),
    );
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  /** One that is brought its connections, by `accept`. */
  static within(options: ControlOptions): ControlServer {
    return new ControlServer(options);
  }

  static async open(options: ControlOptions): Promise<ControlServer> {
    const control = new ControlServer(options);
    const path = controlSocketPath(options.data);
    rmSync(path, { force: true });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    control.#server.once('error', (cause) => {
      reject(new Error(`cannot listen on ${path}: ${(cause as Error).message}`, { cause }));
    });
    // The socket appears with these permissions, not a moment later.
    const before = process.umask(0o177);
    try {
      control.#server.listen(path, resolve);
    } finally {
      process.umask(before);
    }
    await promise;
    chmodSync(path, 0o600);
    return control;
  }

  /** A connection that came another way. */
  accept(socket: Socket): void {
    this.#server.emit('connection', socket);
  }

  /** What runs is finished as long as `graceMs` lasts; an import that is cut off can be taken up again. */
  async close(graceMs: number): Promise<void> {
    this.#isClosing = true;
    this.#eventLoop.stop();
    const { promise, resolve } = Promise.withResolvers<void>();
    if (this.#server.listening) this.#server.close(() => resolve());
    else this.#whenAlone(resolve);
    this.#server.closeIdleConnections();
    const timer = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, graceMs);
    await promise;
    clearTimeout(timer);
  }

  /** Nobody is connected any more. */
  #whenAlone(resolve: () => void): void {
    if (this.#sockets.size === 0) resolve();
    for (const socket of this.#sockets) {
      socket.once('close', () => {
        if (this.#sockets.size === 0) resolve();
      });
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const route = findRoute(request.method ?? '', request.url ?? '');
      if (this.#isClosing) throw new MailboxError('unavailable', 'the server is shutting down');
      const answer = await route.run({
        admin: this.#options.admin,
        facts: this.#options.facts,
        watch: this.#options.watch,
        eventLoop: this.#eventLoop,
        bytes: request,
        json: () => readJson(request),
      });
      await send(response, answer);
    } catch (error) {
      await this.#fail(request, response, error);
    } finally {
      // A request that was refused half-way must not leave its rest to be read as the next one.
      if (!request.complete) request.socket.destroySoon();
    }
  }

  async #fail(request: IncomingMessage, response: ServerResponse, error: unknown): Promise<void> {
    if (request.destroyed && !request.complete) return;
    if (!(error instanceof MailboxError || error instanceof BadRequest)) {
      this.#options.log.error(
        { err: error, method: request.method, path: request.url },
        'control request failed',
      );
    }
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const { status, body } = describe(error);
    await send(response, { json: body, status }).catch(() => undefined);
  }
}

async function send(response: ServerResponse, answer: Answer): Promise<void> {
  if ('stream' in answer) {
    response.writeHead(200, { 'content-type': answer.type });
    await pipeline(answer.stream, response);
    return;
  }
  const body = Buffer.from(JSON.stringify(answer.json ?? {}));
  response.writeHead(answer.status ?? 200, {
    'content-type': 'application/json',
    'content-length': body.length,
  });
  response.end(body);
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    sizeBytes += part.length;
    if (sizeBytes > MAX_JSON_BYTES)
      throw new BadRequest(`a request can have at most ${MAX_JSON_BYTES} octets`);
    parts.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8') || '{}');
  } catch {
    throw new BadRequest('the request is not JSON');
  }
}

const STATUS: Readonly<Record<MailboxErrorCode, number>> = Object.freeze({
  nonexistent: 404,
  exists: 409,
  'has-children': 409,
  'not-empty': 409,
  cannot: 422,
  'invalid-name': 422,
  'over-quota': 507,
  'too-big': 413,
  limit: 422,
  'read-only': 403,
  'bad-credentials': 403,
  forbidden: 403,
  throttled: 429,
  unavailable: 503,
  damaged: 500,
  conflict: 409,
});

function describe(error: unknown): { status: number; body: object } {
  if (error instanceof MailboxError) return { status: STATUS[error.code], body: failureOf(error) };
  if (error instanceof BadRequest)
    return { status: error.status, body: { code: 'bad-request', message: error.message } };
  return { status: 500, body: { code: 'failed', message: 'the server failed; see its log' } };
}
