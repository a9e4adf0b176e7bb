/** Clients sign in, open a mailbox, look whether there is news. */
import type { LineClient } from '../line-client.ts';
import type { Running } from '../peers/peer.ts';
import { openInbox, signIn } from './imap-session.ts';
import {
  BIG_USER,
  CORPUS_USER,
  type Outcome,
  type Scale,
  Stopwatch,
  timed,
  type Workload,
} from './workload.ts';

/** Of `users` in turn. */
export async function logins(
  server: Running,
  clients: number,
  total: number,
  { isTls = false, users = [CORPUS_USER] }: { isTls?: boolean; users?: readonly number[] } = {},
): Promise<Outcome> {
  const latencies: number[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (next++ < total) {
        const user = users[next % users.length] as number;
        await timed(latencies, async () => {
          const client = await signIn(server, user, isTls);
          await client.imap('SELECT INBOX');
          await client.imap('LOGOUT');
          client.end();
        });
      }
    }),
  );
  return { operations: total, latenciesMs: latencies };
}

/** People come back after a restart: every first sign-in costs what verifying a password costs. */
async function idleEstablish(server: Running, scale: Scale): Promise<Outcome> {
  const total = scale.times(2000);
  const users = Math.ceil(total / 10);
  // Whoever never was here before costs more, and is there once.
  for (const client of await signInMany(server, users, users, [])) client.end();
  await server.stop();
  await server.start();
  const latencies: number[] = [];
  const watch = new Stopwatch(server);
  let clients: readonly LineClient[] = [];
  await watch.time(async () => {
    clients = await signInMany(server, total, users, latencies);
  });
  for (const client of clients) client.end();
  const [wallMs] = watch.latenciesMs;
  return {
    ...watch.outcome(total),
    isRatedByLatency: false,
    latenciesMs: latencies,
    wallMs: wallMs as number,
  };
}

async function signInMany(
  server: Running,
  total: number,
  users: number,
  latencies: number[],
): Promise<LineClient[]> {
  const clients: LineClient[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: 20 }, async () => {
      for (let n = next++; n < total; n = next++) {
        await timed(latencies, async () => {
          const client = await signIn(server, n % users, true);
          await client.imap('SELECT INBOX');
          client.write('i IDLE\r\n');
          await client.line(/^\+/m);
          clients.push(client);
        });
      }
    }),
  );
  return clients;
}

async function selects(server: Running, total: number): Promise<Outcome> {
  const latencies: number[] = [];
  const client = await signIn(server, BIG_USER);
  for (let i = 0; i < total; i++) {
    await timed(latencies, () => client.imap('SELECT INBOX'));
    await client.imap('UNSELECT');
  }
  client.end();
  return { operations: total, latenciesMs: latencies, isRatedByLatency: true };
}

async function commands(server: Running, command: string, total: number): Promise<Outcome> {
  const latencies: number[] = [];
  const client = await signIn(server, BIG_USER);
  for (let i = 0; i < total; i++) await timed(latencies, () => client.imap(command));
  client.end();
  return { operations: total, latenciesMs: latencies };
}

/** A phone that was away while a hundred messages changed (RFC 7162). */
async function resynchronize(server: Running, scale: Scale): Promise<Outcome> {
  const watch = new Stopwatch(server);
  const phone = await signIn(server, BIG_USER);
  const other = await openInbox(server, BIG_USER);
  await phone.imap('ENABLE QRESYNC');
  const total = scale.times(20);
  const step = Math.floor(scale.big / 100);
  for (let n = 0; n < total; n++) {
    const status = await other.imap('STATUS INBOX (UIDVALIDITY HIGHESTMODSEQ)');
    const validity = /UIDVALIDITY (\d+)/.exec(status)?.[1];
    const modseq = /HIGHESTMODSEQ (\d+)/.exec(status)?.[1];
    const set = Array.from({ length: 100 }, (_, i) => 1 + i * step).join();
    await other.imap(`STORE ${set} ${n % 2 === 0 ? '+' : '-'}FLAGS.SILENT (\\Flagged)`);
    await watch.time(() => phone.imap(`SELECT INBOX (QRESYNC (${validity} ${modseq}))`));
    await phone.imap('UNSELECT');
  }
  phone.end();
  other.end();
  return watch.outcome(total);
}

export const opening: readonly Workload[] = [
  {
    name: 'login.1',
    what: 'connect, LOGIN, SELECT, LOGOUT, one after the other',
    unit: 'login',
    needs: 'corpus',
    run: (server, scale) => logins(server, 1, scale.times(500)),
  },
  {
    name: 'login.32',
    what: 'the same, 32 at once',
    unit: 'login',
    needs: 'corpus',
    run: (server, scale) => logins(server, 32, scale.times(1500)),
  },
  {
    name: 'login.tls.8',
    what: 'the same over TLS, 8 at once',
    unit: 'login',
    needs: 'corpus',
    run: (server, scale) => logins(server, 8, scale.times(800), { isTls: true }),
  },
  {
    name: 'idle.establish',
    what: '2,000 connections over TLS of 200 users until they are in IDLE, after a restart',
    unit: 'conn',
    isCold: true,
    run: idleEstablish,
  },
  {
    name: 'noop',
    what: 'NOOP, one connection',
    unit: 'cmd',
    run: (server, scale) => commands(server, 'NOOP', scale.times(4000)),
  },
  {
    name: 'status.big',
    what: 'STATUS of 100,000 messages',
    unit: 'cmd',
    needs: 'big',
    run: (server, scale) =>
      commands(server, 'STATUS INBOX (MESSAGES UNSEEN UIDNEXT UIDVALIDITY)', scale.times(4000)),
  },
  {
    name: 'select.cold',
    what: 'first SELECT of 100,000 messages after a restart',
    unit: 'select',
    needs: 'big',
    isCold: true,
    run: (server) => selects(server, 1),
  },
  {
    name: 'select.warm',
    what: 'SELECT and UNSELECT of 100,000 messages again and again',
    unit: 'select',
    needs: 'big',
    run: (server, scale) => selects(server, scale.times(1000)),
  },
  {
    name: 'select.qresync',
    what: 'SELECT with QRESYNC after 100 changes in 100,000',
    unit: 'select',
    needs: 'big',
    run: resynchronize,
  },
];
