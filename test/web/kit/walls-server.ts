/** A page with the app's policy or without, the frame's document with its policy or without, and the script of both. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { build } from 'esbuild';
import { frameDocument } from '../../../src/web/frame.ts';
import { APP_HEADERS } from '../../../src/web/policy.ts';

export interface WallsServer {
  readonly port: number;
  /** Paths that were asked for since the last time, without those of the page itself. */
  asked(): string[];
  close(): void;
}

const PAGE =
  '<!doctype html><title>walls</title><link rel="icon" href="data:,"><body><script src="/walls.js"></script>';

/** `page` is the script of the page, a file beside this one. */
export async function serveWalls(page = 'walls-page.ts'): Promise<WallsServer> {
  const { outputFiles } = await build({
    entryPoints: [`${import.meta.dirname}/${page}`],
    bundle: true,
    write: false,
    target: 'chrome123',
  });
  const script = outputFiles[0]?.contents ?? new Uint8Array();
  let asked: string[] = [];
  const server = createServer((request, response) => {
    const html = { 'content-type': 'text/html' };
    const path = request.url ?? '';
    if (path === '/walls.js') response.writeHead(200, { 'content-type': 'text/javascript' }).end(script);
    else if (path === '/app') response.writeHead(200, { ...html, ...APP_HEADERS }).end(PAGE);
    else if (path === '/bare') response.writeHead(200, html).end(PAGE);
    else if (path === '/frame-without-policy') response.writeHead(200, html).end(frameDocument().body);
    else if (path === '/frame')
      response.writeHead(200, { ...frameDocument().headers }).end(frameDocument().body);
    else {
      asked.push(path);
      response.writeHead(404).end();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    asked() {
      const mine = asked;
      asked = [];
      return mine;
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
