/**
 * A server that speaks as much of rspamd's HTTP as is asked of it here: `/checkv2`, `/learnspam` and `/learnham`. What it answers a test
 * decides by the message; it neither judges nor learns. With `BREVDUVA_RSPAMD` and `BREVDUVA_RSPAMD_CONTROLLER` the tests that
 * can do with a real one ask that.
 */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface RspamdRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly message: string;
}

export interface TestRspamd {
  readonly url: string;
  readonly requests: readonly RspamdRequest[];
  close(): Promise<void>;
}

export interface RspamdReply {
  readonly status?: number;
  readonly body: unknown;
}

/** `silence`: it takes the message and never answers. */
export async function startRspamd(
  answer: (request: RspamdRequest) => RspamdReply | 'silence',
): Promise<TestRspamd> {
  const requests: RspamdRequest[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const message = Buffer.concat(pieces).toString('latin1');
      const asked = { path: request.url ?? '', headers: request.headers, message };
      requests.push(asked);
      const reply = answer(asked);
      if (reply === 'silence') return;
      response.writeHead(reply.status ?? 200, { 'Content-Type': 'application/json' });
      response.end(typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
