/** Older mail in less room: how long that takes, what it takes then, and downloads of it. */
import type { Running } from '../peers/peer.ts';
import { oneByOne } from './bodies.ts';
import { fetchAll } from './listing.ts';
import { CORPUS_USER, type Outcome, type Workload } from './workload.ts';

async function packAll(server: Running): Promise<Outcome> {
  const { messages = 0, bytes = 0 } = (await server.compact?.()) ?? {};
  return { operations: messages, bytes };
}

export const packing: readonly Workload[] = [
  {
    name: 'pack.all',
    what: 'all of it packed, at once',
    unit: 'msg',
    needs: 'corpus',
    isOnce: true,
    isPacking: true,
    isOursAlone: true,
    run: packAll,
  },
  {
    name: 'pack.sync.body',
    what: 'sync.body of packed mail',
    unit: 'msg',
    needs: 'corpus',
    isOursAlone: true,
    run: (server, scale) => fetchAll(server, CORPUS_USER, scale.corpus, 'BODY.PEEK[]'),
  },
  {
    name: 'pack.sync.body.each',
    what: 'sync.body.each of packed mail',
    unit: 'msg',
    needs: 'corpus',
    isOursAlone: true,
    run: (server, scale) => oneByOne(server, scale, 'BODY.PEEK[]'),
  },
];
