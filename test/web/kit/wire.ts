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
  /** The same, and all files have other names: those of the build before are not there any more. */
  replace(stamp: string): void;
  /** The next request for a file whose name has this finds nobody. */
  miss(text: string): void;
  close(): Promise<void>;
}

/** What is no page and no file of the app. */
const API = /^\/(?:jmap|web|\.well-known)\b/;
const TEXT = /^(?:text\/(?:html|css|javascript)|application\/(?:javascript|manifest\+json))/;
const STAMP = /(data-build="|stamp:")[0-9a-f]{16}/g;
/** The hash in the name of a file. */
const NAME = /-([A-Za-z0-9]{8})(\.(?:js|css|svg|png|webmanifest))/g;
const OTHER_NAME = /-([A-Za-z0-9]{8})Z(\.\w+)$/;

export async function openWire(port: number): Promise<Wire> {
  const sockets = new Set<Socket>();
  let isCut = false;
  let losing: { readonly text: string; readonly lost: () => void } | undefined;
  let stamp: string | undefined;
  let isReplaced = false;
  let missing: string | undefined;
  const pass = async (asked: IncomingMessage, answer: ServerResponse): Promise<void> => {
    const body = Buffer.concat(await asked.toArray());
    const lost = losing !== undefined && body.includes(losing.text) ? losing.lost : undefined;
    if (lost !== undefined) losing = undefined;
    const path = (asked.url ?? '').split('?', 1)[0] ?? '';
    const isStamped = stamp !== undefined && !API.test(path);
    const isFile = path.startsWith('/assets/');
    const isMissed = missing !== undefined && path.includes(missing);
    if (isMissed) missing = undefined;
    if (isMissed || (isReplaced && isFile && !OTHER_NAME.test(path))) {
      answer.writeHead(404, { 'content-type': 'text/plain' }).end('There is nothing here.\n');
      return;
    }
    const headers = { ...asked.headers };
    if (isStamped) for (const name of ['accept-encoding', 'if-none-match']) delete headers[name];
    const url = isFile ? path.replace(OTHER_NAME, '-$1$2') : asked.url;
    const onward = request({ port, host: '127.0.0.1', method: asked.method, path: url, headers });
    onward.on('error', () => answer.destroy());
    answer.on('close', () => onward.destroy());
    onward.on('response', async (response) => {
      if (lost !== undefined) {
        await response.toArray();
        lost();
        answer.destroy();
      } else if (isStamped) {
        const octets = Buffer.concat(await response.toArray());
        const { 'content-length': _, etag: __, ...rest } = response.headers;
        const isText = TEXT.test(response.headers['content-type'] ?? '');
        const other = octets.toString().replace(STAMP, `$1${stamp}`);
        const text = isReplaced ? other.replace(NAME, '-$1Z$2') : other;
        answer.writeHead(response.statusCode ?? 500, rest).end(isText ? text : octets);
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
    replace: (to) => {
      stamp = to;
      isReplaced = true;
    },
    miss: (text) => {
      missing = text;
    },
    async close() {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}
