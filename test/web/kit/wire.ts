/**
 * The way between a browser and its server, for stories in which it fails: cut, it refuses everybody and ends what is under way; it can lose
 * single answers to requests that have arrived; and it can make the server's build look like another.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface Wire {
  readonly origin: string;
  cut(): void;
  mend(): void;
  /** The answer to the next request whose body has this is lost; resolves when that has happened. */
  loseAnswerTo(text: string): Promise<void>;
  /** From now on pages and service worker say that they are of this build. */
  upgrade(stamp: string): void;
  close(): Promise<void>;
}

const STAMPED = ['/', '/service-worker.js'];

export async function openWire(port: number): Promise<Wire> {
  const sockets = new Set<Socket>();
  let isCut = false;
  let losing: { readonly text: string; readonly lost: () => void } | undefined;
  let stamp: string | undefined;
  const pass = async (asked: IncomingMessage, answer: ServerResponse): Promise<void> => {
    const body = Buffer.concat(await asked.toArray());
    const lost = losing !== undefined && body.includes(losing.text) ? losing.lost : undefined;
    if (lost !== undefined) losing = undefined;
    const path = (asked.url ?? '').split('?', 1)[0] ?? '';
    const isStamped = stamp !== undefined && (STAMPED.includes(path) || path.startsWith('/m/'));
    const headers = { ...asked.headers };
    if (isStamped) for (const name of ['accept-encoding', 'if-none-match']) delete headers[name];
    const onward = request({ port, host: '127.0.0.1', method: asked.method, path: asked.url, headers });
    onward.on('error', () => answer.destroy());
    answer.on('close', () => onward.destroy());
    onward.on('response', async (response) => {
      if (lost !== undefined) {
        await response.toArray();
        lost();
        answer.destroy();
      } else if (isStamped) {
        const text = Buffer.concat(await response.toArray()).toString();
        const other = text.replace(/(data-build="|stamp:")[0-9a-f]{16}/g, `$1${stamp}`);
        const { 'content-length': _, etag: __, ...rest } = response.headers;
        answer.writeHead(response.statusCode ?? 500, rest).end(other);
      } else {
        answer.writeHead(response.statusCode ?? 500, response.headers);
        // A server that is killed ends what it was saying.
        response.on('error', () => answer.destroy());
        response.pipe(answer);
      }
    });
    onward.end(body);
  };
  const server = createServer((asked, answer) => {
    pass(asked, answer).catch(() => answer.destroy());
  });
  server.on('connection', (socket) => {
    if (isCut) socket.destroy();
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  };
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    mend: () => {
      isCut = false;
    },
    loseAnswerTo: (text) =>
      new Promise((resolve) => {
        losing = { text, lost: resolve };
      }),
    upgrade: (to) => {
      stamp = to;
    },
    async close() {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}
