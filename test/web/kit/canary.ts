/** Stands for every other server of the world: counts who comes, with TLS or without, and gives nothing. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

export interface Canary {
  readonly port: number;
  /** The first line of each connection since the last time. */
  heard(): string[];
  close(): void;
}

export async function openCanary(): Promise<Canary> {
  let lines: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const at = lines.push('(nothing said)') - 1;
    const mine = lines;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('data', (octets: Buffer) => {
      mine[at] = octets[0] === 0x16 ? '(TLS)' : (octets.toString('latin1').split('\r\n')[0] ?? '');
      socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    });
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    heard() {
      const mine = lines;
      lines = [];
      return mine;
    },
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
