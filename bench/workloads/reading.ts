/** Clients open, list, sync and download. */
import { message } from '../corpus.ts';
import type { LineClient } from '../line-client.ts';
import type { Running } from '../peers/peer.ts';
import { signIn } from './imap-session.ts';
import {
  BIG_COUNT,
  BIG_USER,
  CORPUS_COUNT,
  CORPUS_USER,
  type Outcome,
  timed,
  type Workload,
} from './workload.ts';

async function logins(server: Running, clients: number, total: number): Promise<Outcome> {
  const latencies: number[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (next++ < total) {
        await timed(latencies, async () => {
          const client = await signIn(server, CORPUS_USER);
          await client.imap('SELECT INBOX');
          await client.imap('LOGOUT');
          client.end();
        });
      }
    }),
  );
  return { operations: total, latenciesMs: latencies };
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

async function fetchAll(server: Running, user: number, count: number, items: string): Promise<Outcome> {
  const latencies: number[] = [];
  const client = await signIn(server, user);
  await client.imap('SELECT INBOX');
  const before = client.bytes;
  await timed(latencies, () => client.imap(`UID FETCH 1:* (${items})`));
  const bytes = client.bytes - before;
  client.end();
  return { operations: count, bytes, latenciesMs: latencies, isRatedByLatency: true };
}

async function bodiesOneByOne(server: Running, total: number): Promise<Outcome> {
  const latencies: number[] = [];
  const client = await signIn(server, CORPUS_USER);
  await client.imap('SELECT INBOX');
  const before = client.bytes;
  for (let n = 1; n <= total; n++) {
    await timed(latencies, () => client.imap(`FETCH ${1 + (n % CORPUS_COUNT)} (BODY.PEEK[])`));
  }
  const bytes = client.bytes - before;
  client.end();
  return { operations: total, bytes, latenciesMs: latencies };
}

async function pages(server: Running, total: number): Promise<Outcome> {
  const latencies: number[] = [];
  const client = await signIn(server, BIG_USER);
  await client.imap('SELECT INBOX');
  for (let n = 0; n < total; n++) {
    const first = 1 + ((n * 7919) % (BIG_COUNT - 50));
    await timed(latencies, () =>
      client.imap(`FETCH ${first}:${first + 49} (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)`),
    );
  }
  client.end();
  return { operations: total, latenciesMs: latencies };
}

const META = 'UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE';

export const reading: readonly Workload[] = [
  {
    name: 'login.1',
    what: 'connect, LOGIN, SELECT, LOGOUT, one after the other',
    unit: 'login',
    needs: 'corpus',
    run: (server, scale) => logins(server, 1, Math.ceil(500 * scale)),
  },
  {
    name: 'login.32',
    what: 'the same, 32 at once',
    unit: 'login',
    needs: 'corpus',
    run: (server, scale) => logins(server, 32, Math.ceil(1500 * scale)),
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
    run: (server, scale) => selects(server, Math.ceil(1000 * scale)),
  },
  {
    name: 'sync.flags',
    what: 'UID FETCH 1:* (FLAGS), 100,000 messages',
    unit: 'msg',
    needs: 'big',
    run: (server) => fetchAll(server, BIG_USER, BIG_COUNT, 'FLAGS'),
  },
  {
    name: 'sync.first',
    what: `UID FETCH 1:* (${META}), 100,000 messages, after a restart`,
    unit: 'msg',
    needs: 'big',
    isCold: true,
    run: (server) => fetchAll(server, BIG_USER, BIG_COUNT, META),
  },
  {
    name: 'sync.again',
    what: 'the same again',
    unit: 'msg',
    needs: 'big',
    run: (server) => fetchAll(server, BIG_USER, BIG_COUNT, META),
  },
  {
    name: 'page50',
    what: '50 messages of metadata at a random place in 100,000',
    unit: 'page',
    needs: 'big',
    run: (server, scale) => pages(server, Math.ceil(400 * scale)),
  },
  {
    name: 'download',
    what: 'UID FETCH 1:* (BODY.PEEK[]), all in one command',
    unit: 'msg',
    needs: 'corpus',
    run: (server) => fetchAll(server, CORPUS_USER, CORPUS_COUNT, 'BODY.PEEK[]'),
  },
  {
    name: 'download.each',
    what: 'one FETCH per message',
    unit: 'msg',
    needs: 'corpus',
    run: (server, scale) => bodiesOneByOne(server, Math.ceil(1500 * scale)),
  },
];

/** A client in IDLE hears of a change; the time from sending the change to the line. */
async function notifications(
  server: Running,
  total: number,
  change: (n: number) => Promise<() => Promise<void>>,
  pattern: RegExp,
): Promise<Outcome> {
  const latencies: number[] = [];
  const watcher = await signIn(server, NOTIFIED_USER);
  await watcher.imap('SELECT INBOX');
  watcher.write('i IDLE\r\n');
  await watcher.line(/^\+/m);
  for (let n = 0; n < total; n++) {
    const send = await change(n);
    const heard = watcher.line(pattern);
    await timed(latencies, async () => {
      await Promise.all([send(), heard]);
    });
    // Long enough that each is news of its own, for servers that gather what comes in quick succession.
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  watcher.end();
  return { operations: total, latenciesMs: latencies };
}

const NOTIFIED_USER = 18;

async function appendOne(client: LineClient, n: number): Promise<void> {
  const mail = message(n);
  await client.imap(
    Buffer.concat([Buffer.from(`APPEND INBOX {${mail.length}+}\r\n`), mail, Buffer.from('\r\n')]),
  );
}

export const changing: readonly Workload[] = [
  {
    name: 'store.one',
    what: 'one flag of one message, one connection',
    unit: 'store',
    needs: 'big',
    changesFlags: true,
    async run(server, scale) {
      const total = 2 * Math.ceil(2000 * scale);
      const latencies: number[] = [];
      const client = await signIn(server, BIG_USER);
      await client.imap('SELECT INBOX');
      for (let n = 0; n < total; n++) {
        // Set and taken back in pairs: every command changes something, in every repetition.
        const uid = 1 + (((n >> 1) * 7919) % BIG_COUNT);
        const sign = n % 2 === 0 ? '+' : '-';
        await timed(latencies, () => client.imap(`UID STORE ${uid} ${sign}FLAGS (\\Flagged)`));
      }
      client.end();
      return { operations: total, latenciesMs: latencies };
    },
  },
  {
    name: 'store.range1000',
    what: 'a flag of 1,000 messages at once',
    unit: 'range',
    needs: 'big',
    changesFlags: true,
    async run(server, scale) {
      const total = 2 * Math.ceil(100 * scale);
      const latencies: number[] = [];
      const client = await signIn(server, BIG_USER);
      await client.imap('SELECT INBOX');
      for (let n = 0; n < total; n++) {
        const first = 1 + (((n >> 1) * 1000) % (BIG_COUNT - 1000));
        const sign = n % 2 === 0 ? '+' : '-';
        await timed(latencies, () =>
          client.imap(`UID STORE ${first}:${first + 999} ${sign}FLAGS.SILENT (\\Answered)`),
        );
      }
      client.end();
      return { operations: total, latenciesMs: latencies };
    },
  },
  {
    name: 'notify.store',
    what: 'a flag change until an idling client hears of it',
    unit: 'notice',
    async run(server, scale) {
      const client = await signIn(server, NOTIFIED_USER);
      await appendOne(client, 1);
      await client.imap('SELECT INBOX');
      const outcome = await notifications(
        server,
        Math.ceil(20 * scale),
        async (n) => async () => {
          await client.imap(`STORE 1 ${n % 2 === 0 ? '+' : '-'}FLAGS (\\Flagged)`);
        },
        /FETCH.*\r\n$/,
      );
      client.end();
      return outcome;
    },
  },
  {
    name: 'notify.append',
    what: 'new mail until an idling client hears of it',
    unit: 'notice',
    async run(server, scale) {
      const client = await signIn(server, NOTIFIED_USER);
      const outcome = await notifications(
        server,
        Math.ceil(20 * scale),
        async (n) => () => appendOne(client, n),
        /EXISTS/,
      );
      client.end();
      return outcome;
    },
  },
];
