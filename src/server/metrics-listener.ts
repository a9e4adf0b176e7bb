/**
 * `listen.metrics`: the numbers over HTTP, for a Prometheus on this machine. There is no password, so it is only ever on
 * loopback (`doubts.ts` sees to that), and it answers one question.
 */
import type { AddressInfo } from 'node:net';
import { METRICS_TYPE, type Watch } from '../admin/admin.ts';
import type { ListenAddress } from '../config/option.ts';
import { createServer } from '../net/http.ts';
import { hostPort } from '../net/listener.ts';

const MAX_CONNECTIONS = 20;
const REQUEST_MS = 10_000;

export async function listenForMetrics({ host, port }: ListenAddress, watch: Pick<Watch, 'metrics'>) {
  const server = createServer(
    { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS },
    (request, response) => {
      const [path] = (request.url ?? '').split('?', 1);
      if (request.method !== 'GET' || path !== '/metrics') {
        response.writeHead(404, { 'content-type': 'text/plain' }).end('GET /metrics is all there is\n');
        return;
      }
      watch.metrics().then(
        (text) => response.writeHead(200, { 'content-type': METRICS_TYPE }).end(text),
        () => response.writeHead(500).end(),
      );
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', (cause) => {
    reject(
      new Error(`listen.metrics: cannot listen on ${hostPort(host, port)}: ${cause.message}`, { cause }),
    );
  });
  server.listen({ host, port }, resolve);
  await promise;
  server.on('error', () => {});
  return {
    name: 'metrics',
    address: hostPort(host, (server.address() as AddressInfo).port),
    async close() {
      const closed = new Promise<void>((done) => server.close(() => done()));
      server.closeAllConnections();
      await closed;
    },
  };
}
