/**
 * Memory of connections that wait: a thousand of each protocol, plain and over TLS. What is counted is the growth of the whole
 * process tree from a server that was started and has signed in and lost a few connections of the same kind: what signing in
 * needs once (the memory of a password's digest in every thread, code that was never run) is nobody's.
 */
import { smallMessage } from '../corpus.ts';
import type { LineClient } from '../line-client.ts';
import type { Running } from '../peers/peer.ts';
import { memoryKb } from '../process-tree.ts';
import { makeMailboxes, watchAll } from './contexts.ts';
import { signIn } from './imap-session.ts';
import { openStream } from './jmap-client.ts';
import { signIn as signInPop3 } from './pop3.ts';
import { MANY_USER, NOTIFIED_USER } from './workload.ts';
import { openLmtp, transaction } from './writing.ts';

export interface IdleMemory {
  readonly name: string;
  readonly what: string;
  readonly connections: number;
  readonly kbPerConnection: number;
}

export interface IdleRow {
  readonly name: string;
  readonly what: string;
  /** Others have nothing of the kind. */
  readonly isOursAlone?: boolean;
  /** Until it has given back what it needs while it talks. */
  readonly settlesMs?: number;
  /** Before the server starts anew for the measurement. */
  prepare?(server: Running, connections: number): Promise<void>;
  /** The n-th connection, up to where it waits; below 0 those that are gone when measuring begins. */
  open(server: Running, n: number): Promise<LineClient>;
}

/** Whom the other workloads use, too, but for the last, whose INBOX is empty. */
const IMAP_USERS = 20;
/** Connections at a time while they are opened. */
const AT_ONCE = 20;
const FIRST_MAILDROP = IMAP_USERS + AT_ONCE;

/** How many users there must be for so many connections. */
export function usersFor(rows: readonly IdleRow[], connections: number): number {
  return rows.some(({ prepare }) => prepare !== undefined) ? FIRST_MAILDROP + connections : IMAP_USERS;
}

export const idleRows: readonly IdleRow[] = [
  ...[false, true].map((isTls) => ({
    name: `idle.${how(isTls)}`,
    what: `IMAP in IDLE, ${IMAP_USERS} users`,
    open: (server: Running, n: number) => openIdle(server, n < 0 ? IMAP_USERS - 1 : n % IMAP_USERS, isTls),
  })),
  {
    name: 'idle.compressed',
    what: `the same as idle.plain through COMPRESS=DEFLATE, silent for 15 s`,
    settlesMs: 15_000,
    open: (server: Running, n: number) =>
      openIdle(server, n < 0 ? IMAP_USERS - 1 : n % IMAP_USERS, false, (client) => client.compress()),
  },
  ...(['few', 'many'] as const).map((which) => ({
    name: `idle.notify.${which}`,
    what: `IMAP in IDLE, one user with ${which === 'few' ? 'a few' : '1,000'} mailboxes, NOTIFY on all of them`,
    prepare: makeMailboxes,
    async open(server: Running) {
      const client = await watchAll(server, which === 'few' ? NOTIFIED_USER : MANY_USER);
      return idling(client);
    },
  })),
  // A maildrop is one session's at a time (RFC 1939 §4), so each has its own: the memory of its account counts, too.
  ...[false, true].map((isTls) => ({
    name: `idle.pop3.${how(isTls)}`,
    what: 'POP3 signed in, each to a maildrop of its own with one message',
    prepare: fillMaildrops,
    open: (server: Running, n: number) => signInPop3(server, FIRST_MAILDROP + n, isTls),
  })),
  {
    name: 'idle.jmap',
    what: `JMAP event streams, ${IMAP_USERS} users`,
    isOursAlone: true,
    open: (server: Running, n: number) => openStream(server, n < 0 ? IMAP_USERS - 1 : n % IMAP_USERS),
  },
];

export async function idleMemory(server: Running, connections: number, row: IdleRow): Promise<IdleMemory> {
  const { settlesMs = 3000 } = row;
  for (const client of await openMany(server, row, -AT_ONCE, 0)) client.end();
  await pause(settlesMs);
  const before = memoryKb(server.pids);
  const clients = await openMany(server, row, 0, connections);
  await pause(settlesMs);
  const after = memoryKb(server.pids);
  for (const client of clients) client.end();
  await pause(1000);
  const { name, what } = row;
  return { name, what, connections, kbPerConnection: (after - before) / connections };
}

async function openMany(server: Running, row: IdleRow, from: number, to: number): Promise<LineClient[]> {
  const clients: LineClient[] = [];
  for (let n = from; n < to; n += AT_ONCE) {
    const count = Math.min(AT_ONCE, to - n);
    const some = Array.from({ length: count }, (_, i) => row.open(server, n + i));
    clients.push(...(await Promise.all(some)));
  }
  return clients;
}

function how(isTls: boolean): string {
  return isTls ? 'tls' : 'plain';
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function openIdle(
  server: Running,
  user: number,
  isTls: boolean,
  prepare?: (client: LineClient) => Promise<void>,
): Promise<LineClient> {
  const client = await signIn(server, user, isTls);
  await prepare?.(client);
  await client.imap('SELECT INBOX');
  return idling(client);
}

async function idling(client: LineClient): Promise<LineClient> {
  client.write('i IDLE\r\n');
  await client.line(/^\+/m);
  return client;
}

async function fillMaildrops(server: Running, connections: number): Promise<void> {
  const client = await openLmtp(server);
  for (let n = 0; n < connections; n += AT_ONCE) {
    const count = Math.min(AT_ONCE, connections - n);
    const to = Array.from({ length: count }, (_, i) => server.recipient(FIRST_MAILDROP + n + i));
    await transaction(client, to, smallMessage(n));
  }
  client.end();
}
