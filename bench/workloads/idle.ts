/** Memory of connections that wait: a thousand in IDLE, plain and over TLS. */
import type { LineClient } from '../line-client.ts';
import type { Running } from '../peers/peer.ts';
import { memoryKb } from '../process-tree.ts';
import { signIn } from './imap-session.ts';

export interface IdleMemory {
  readonly name: string;
  readonly connections: number;
  readonly kbPerConnection: number;
}

export async function idleMemory(server: Running, connections: number, isTls: boolean): Promise<IdleMemory> {
  const before = memoryKb(server.pid);
  const clients: LineClient[] = [];
  for (let n = 0; n < connections; n += 20) {
    const some = Array.from({ length: 20 }, (_, i) => openIdle(server, (n + i) % 20, isTls));
    clients.push(...(await Promise.all(some)));
  }
  await new Promise((resolve) => setTimeout(resolve, 3000));
  const after = memoryKb(server.pid);
  for (const client of clients) client.end();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  return {
    name: isTls ? 'idle.tls' : 'idle.plain',
    connections,
    kbPerConnection: (after - before) / connections,
  };
}

async function openIdle(server: Running, user: number, isTls: boolean): Promise<LineClient> {
  const client = await signIn(server, user, isTls);
  await client.imap('SELECT INBOX');
  client.write('i IDLE\r\n');
  await client.line(/^\+/m);
  return client;
}
