/** Mail comes from the world, and is counted when its people have it; and what it takes in memory meanwhile. */
import { message, smallMessage } from '../corpus.ts';
import type { LineClient } from '../line-client.ts';
import type { Running } from '../peers/peer.ts';
import { cpuMs, memoryKb } from '../process-tree.ts';
import { countOf, signIn } from './imap-session.ts';
import { beginData, endData, openSmtp, send } from './smtp-client.ts';
import { sorted } from './sorting.ts';
import {
  FIRST_WRITER,
  type Outcome,
  type Scale,
  TEXT_USER,
  timed,
  type Workload,
  WRITERS,
} from './workload.ts';
import { deliver, openLmtp, transaction } from './writing.ts';

interface Arriving {
  readonly writers: number;
  readonly total: number;
  readonly make: (n: number) => Buffer;
}

const SENDER = 'sender@example.org';
const LOOK_MS = 50;

async function arrive(server: Running, { writers, total, make }: Arriving): Promise<Outcome> {
  const inboxes = new Inboxes(server);
  await inboxes.open();
  const latencies: number[] = [];
  let bytes = 0;
  let next = 0;
  const write = async (w: number): Promise<void> => {
    const client = await openSmtp(server.ports.smtp as number);
    for (let n = 0; next < total; n++) {
      const octets = make(next++);
      bytes += octets.length;
      const user = FIRST_WRITER + ((w + n) % WRITERS);
      inboxes.expect(user);
      await timed(latencies, () => send(client, { from: SENDER, to: server.recipient(user), octets }));
    }
    client.end();
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: writers }, (_, w) => write(w)));
  await inboxes.arrived();
  const wallMs = performance.now() - start;
  inboxes.close();
  return { operations: total, bytes, latenciesMs: latencies, wallMs };
}

/** Looks until all have what was sent to them: whoever has a queue has said 250 before. */
class Inboxes {
  readonly #server: Running;
  readonly #clients = new Map<number, LineClient>();
  readonly #wanted = new Map<number, number>();

  constructor(server: Running) {
    this.#server = server;
  }

  async open(): Promise<void> {
    for (let user = FIRST_WRITER; user < FIRST_WRITER + WRITERS; user++) {
      const client = await signIn(this.#server, user);
      this.#clients.set(user, client);
      this.#wanted.set(user, await countOf(client, 'INBOX'));
    }
  }

  expect(user: number): void {
    this.#wanted.set(user, (this.#wanted.get(user) ?? 0) + 1);
  }

  async arrived(): Promise<void> {
    for (const [user, client] of this.#clients)
      while ((await countOf(client, 'INBOX')) < (this.#wanted.get(user) ?? 0))
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }

  close(): void {
    for (const client of this.#clients.values()) client.end();
  }
}

/** The row that needs people who do nothing else. */
export const MANY = 'mail.many';
export const manyPeople = (scale: Scale): number => Math.max(50, scale.times(1000));

/** Each of them has it when it is answered. */
async function toMany(server: Running, scale: Scale): Promise<Outcome> {
  const people = manyPeople(scale);
  const to = Array.from({ length: people }, (_, n) => server.recipient(TEXT_USER + 1 + n));
  const latencies: number[] = [];
  const client = await openLmtp(server);
  const cpuBefore = cpuMs(server.pids);
  await timed(latencies, () => transaction(client, to, smallMessage(1)));
  const cpu = cpuMs(server.pids) - cpuBefore;
  client.end();
  return { operations: people, latenciesMs: latencies, isRatedByLatency: true, cpuMs: cpu };
}

const LARGE_BYTES = 5_000_000;
const PIECE = Buffer.from(`${'x'.repeat(76)}\r\n`.repeat(1024));

/** Connections that all bring a message of 5 MB, piece by piece at the same time: the most that each took. */
async function large(server: Running, connections: number): Promise<Outcome> {
  const port = server.ports.smtp as number;
  const clients: LineClient[] = [];
  const open = async (): Promise<void> => {
    const client = await openSmtp(port);
    await beginData(client, { from: SENDER, to: server.recipient(FIRST_WRITER) });
    client.write('From: sender@example.org\r\nSubject: large\r\n\r\n');
    clients.push(client);
  };
  // One beforehand: what is there for the first alone is nobody's.
  await open();
  await fill(clients);
  await Promise.all(clients.splice(0).map(finish));
  const beforeKb = memoryKb(server.pids);
  let mostKb = beforeKb;
  for (let n = 0; n < connections; n++) await open();
  const latencies: number[] = [];
  await fill(clients, () => {
    mostKb = Math.max(mostKb, memoryKb(server.pids));
  });
  await Promise.all(clients.map((client) => timed(latencies, () => finish(client))));
  const memoryMb = (mostKb - beforeKb) / 1024 / connections;
  return { operations: connections, bytes: connections * LARGE_BYTES, latenciesMs: latencies, memoryMb };
}

async function fill(clients: readonly LineClient[], look = (): void => {}): Promise<void> {
  for (let sent = 0; sent < LARGE_BYTES; sent += PIECE.length) {
    await Promise.all(clients.map((client) => client.send(PIECE)));
    look();
  }
}

async function finish(client: LineClient): Promise<void> {
  await endData(client);
  client.end();
}

const smtp = (name: string, what: string, arriving: (scale: Scale) => Arriving): Workload => ({
  name: `mail.${name}`,
  what,
  unit: 'msg',
  run: (server, scale) => arrive(server, arriving(scale)),
});

export const arriving: readonly Workload[] = [
  smtp('smtp.1', 'mail from the world, one connection', (scale) => ({
    ...{ writers: 1, total: scale.times(800), make: message },
  })),
  smtp('smtp.16', 'mail from the world, 16 connections', (scale) => ({
    ...{ writers: 16, total: scale.times(3000), make: message },
  })),
  smtp('smtp.small.16', 'the same, messages of 1.2 KB', (scale) => ({
    ...{ writers: 16, total: scale.times(6000), make: smallMessage },
  })),
  {
    name: 'mail.lmtp.small.16',
    what: 'delivery over 16 LMTP connections, messages of 1.2 KB',
    unit: 'msg',
    run: (server, scale) => deliver(server, { writers: 16, total: scale.times(6000), make: smallMessage }),
  },
  {
    name: 'mail.lmtp.16',
    what: 'delivery over 16 LMTP connections',
    unit: 'msg',
    run: (server, scale) => deliver(server, { writers: 16, total: scale.times(3000) }),
  },
  {
    name: 'mail.lmtp.sieve.16',
    what: 'the same through 20 rules',
    unit: 'msg',
    run: (server, scale) => sorted(server, { writers: 16, total: scale.times(3000) }),
  },
  {
    name: MANY,
    what: 'one message to a thousand people over LMTP, in the mailboxes of all',
    unit: 'msg',
    run: toMany,
  },
  {
    name: 'mail.large',
    what: 'messages of 5 MB over 50 connections at once; memory of each',
    isOnce: true,
    unit: 'msg',
    run: (server) => large(server, 50),
  },
];
