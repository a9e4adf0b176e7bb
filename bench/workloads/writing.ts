/** Mail comes in: APPEND and LMTP, one writer and sixteen, durable each. */
import { message, smallMessage } from '../corpus.ts';
import { LineClient } from '../line-client.ts';
import type { Running } from '../peers/peer.ts';
import { appendOf, signIn } from './imap-session.ts';
import { FIRST_WRITER, type Outcome, Stopwatch, timed, type Workload, WRITERS } from './workload.ts';

async function append(
  server: Running,
  writers: number,
  total: number,
  make: (n: number) => Buffer,
): Promise<Outcome> {
  const latencies: number[] = [];
  let bytes = 0;
  let next = 0;
  await Promise.all(
    Array.from({ length: writers }, async (_, w) => {
      const client = await signIn(server, FIRST_WRITER + (w % WRITERS));
      while (next < total) {
        const mail = make(next++);
        bytes += mail.length;
        const command = appendOf('INBOX', [mail]);
        await timed(latencies, () => client.imap(command));
      }
      client.end();
    }),
  );
  return { operations: total, bytes, latenciesMs: latencies };
}

async function appendMany(server: Running, commands: number, each: number): Promise<Outcome> {
  const watch = new Stopwatch(server);
  const client = await signIn(server, FIRST_WRITER);
  let bytes = 0;
  for (let n = 0; n < commands; n++) {
    const mails = Array.from({ length: each }, (_, i) => message(n * each + i));
    for (const mail of mails) bytes += mail.length;
    const command = appendOf('INBOX', mails);
    await watch.time(() => client.imap(command));
  }
  client.end();
  return { ...watch.outcome(commands * each), bytes };
}

export interface Delivering {
  readonly writers: number;
  readonly total: number;
  readonly recipients?: number;
  /** A connection for each message. */
  readonly isAnew?: boolean;
  readonly make?: (n: number) => Buffer;
}

export async function deliver(
  server: Running,
  { writers, total, recipients = 1, isAnew, make = message }: Delivering,
): Promise<Outcome> {
  const latencies: number[] = [];
  let bytes = 0;
  let next = 0;
  await Promise.all(
    Array.from({ length: writers }, async (_, w) => {
      let client = isAnew === true ? undefined : await openLmtp(server);
      while (next < total) {
        const mail = make(next++);
        bytes += mail.length;
        await timed(latencies, async () => {
          if (isAnew === true) client = await openLmtp(server);
          await deliverOne(client as LineClient, server, mail, w, recipients);
          if (isAnew === true) client?.end();
        });
      }
      client?.end();
    }),
  );
  return { operations: total, bytes, latenciesMs: latencies };
}

export async function openLmtp(server: Running): Promise<LineClient> {
  const client = await LineClient.open(server.ports.lmtp);
  await client.line(/^220 .*\r\n$/m);
  client.write('LHLO bench.example.org\r\n');
  await client.line(/^250 .*\r\n$/m);
  return client;
}

async function deliverOne(
  client: LineClient,
  server: Running,
  mail: Buffer,
  writer: number,
  recipients: number,
): Promise<void> {
  const to = Array.from({ length: recipients }, (_, r) =>
    server.recipient(FIRST_WRITER + ((writer + r) % WRITERS)),
  );
  await transaction(client, to, mail);
}

/** One message to all of them; throws when it is refused for one. */
export async function transaction(client: LineClient, to: readonly string[], mail: Buffer): Promise<void> {
  const rcpt = to.map((address) => `RCPT TO:<${address}>\r\n`).join('');
  client.write(`MAIL FROM:<sender@example.org>\r\n${rcpt}DATA\r\n`);
  await client.line(/^354 .*\r\n$/m);
  client.write(Buffer.concat([mail, Buffer.from('\r\n.\r\n')]));
  let replies = 0;
  while (replies < to.length) {
    const answer = await client.line(/^\d\d\d .*\r\n$/m);
    for (const line of answer.split('\r\n')) {
      if (line === '') continue;
      if (!line.startsWith('250')) throw new Error(`refused: ${line}`);
      replies++;
    }
  }
}

export const writing: readonly Workload[] = [
  {
    name: 'append.1',
    what: 'durable APPEND, one connection',
    unit: 'msg',
    run: (server, scale) => append(server, 1, scale.times(1000), message),
  },
  {
    name: 'append.small.1',
    what: 'the same, messages of 1.2 KB',
    unit: 'msg',
    run: (server, scale) => append(server, 1, scale.times(2000), smallMessage),
  },
  {
    name: 'append.multi50',
    what: 'MULTIAPPEND of 50 at once',
    unit: 'msg',
    run: (server, scale) => appendMany(server, scale.times(20), 50),
  },
  {
    name: 'append.16',
    what: 'durable APPEND, 16 connections',
    unit: 'msg',
    run: (server, scale) => append(server, 16, scale.times(4000), message),
  },
  {
    name: 'append.small.16',
    what: 'the same, messages of 1.2 KB',
    unit: 'msg',
    run: (server, scale) => append(server, 16, scale.times(8000), smallMessage),
  },
  {
    name: 'lmtp.1',
    what: 'delivery over one LMTP connection',
    unit: 'msg',
    run: (server, scale) => deliver(server, { writers: 1, total: scale.times(800) }),
  },
  {
    name: 'lmtp.16',
    what: 'delivery over 16 LMTP connections',
    unit: 'msg',
    run: (server, scale) => deliver(server, { writers: 16, total: scale.times(3000) }),
  },
  {
    name: 'lmtp.rcpt10',
    what: 'one message to ten recipients',
    unit: 'msg',
    run: (server, scale) => deliver(server, { writers: 1, total: scale.times(200), recipients: 10 }),
  },
  {
    name: 'lmtp.newconn',
    what: 'delivery, a connection for each message',
    unit: 'msg',
    run: (server, scale) => deliver(server, { writers: 1, total: scale.times(500), isAnew: true }),
  },
];
