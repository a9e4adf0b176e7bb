/** Mail comes in: APPEND and LMTP, one writer and sixteen, durable each. */
import { message } from '../corpus.ts';
import { LineClient } from '../line-client.ts';
import type { Running } from '../peers/peer.ts';
import { signIn } from './imap-session.ts';
import { type Outcome, timed, type Workload } from './workload.ts';

/** Writers use users of their own, so that the filled mailboxes stay as they are. */
const FIRST_WRITER = 2;
const WRITERS = 16;

async function append(server: Running, writers: number, total: number): Promise<Outcome> {
  const latencies: number[] = [];
  let bytes = 0;
  let next = 0;
  await Promise.all(
    Array.from({ length: writers }, async (_, w) => {
      const client = await signIn(server, FIRST_WRITER + (w % WRITERS));
      while (next < total) {
        const mail = message(next++);
        bytes += mail.length;
        const command = Buffer.concat([
          Buffer.from(`APPEND INBOX {${mail.length}+}\r\n`),
          mail,
          Buffer.from('\r\n'),
        ]);
        await timed(latencies, () => client.imap(command));
      }
      client.end();
    }),
  );
  return { operations: total, bytes, latenciesMs: latencies };
}

async function deliver(server: Running, writers: number, total: number, recipients = 1): Promise<Outcome> {
  const latencies: number[] = [];
  let bytes = 0;
  let next = 0;
  await Promise.all(
    Array.from({ length: writers }, async (_, w) => {
      const client = await openLmtp(server);
      while (next < total) {
        const mail = message(next++);
        bytes += mail.length;
        await timed(latencies, () => deliverOne(client, server, mail, w, recipients));
      }
      client.end();
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
    run: (server, scale) => append(server, 1, Math.ceil(1000 * scale)),
  },
  {
    name: 'append.16',
    what: 'durable APPEND, 16 connections',
    unit: 'msg',
    run: (server, scale) => append(server, 16, Math.ceil(4000 * scale)),
  },
  {
    name: 'lmtp.1',
    what: 'delivery over one LMTP connection',
    unit: 'msg',
    run: (server, scale) => deliver(server, 1, Math.ceil(800 * scale)),
  },
  {
    name: 'lmtp.16',
    what: 'delivery over 16 LMTP connections',
    unit: 'msg',
    run: (server, scale) => deliver(server, 16, Math.ceil(3000 * scale)),
  },
  {
    name: 'lmtp.rcpt10',
    what: 'one message to ten recipients',
    unit: 'msg',
    run: (server, scale) => deliver(server, 1, Math.ceil(200 * scale), 10),
  },
];
