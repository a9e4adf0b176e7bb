/** POP3: sign in and count, list, and download everything. */
import { LineClient } from '../line-client.ts';
import type { Running } from '../peers/peer.ts';
import { BIG_USER, CORPUS_USER, type Outcome, type Scale, timed, type Workload } from './workload.ts';

export async function signIn(server: Running, user: number, isTls = false): Promise<LineClient> {
  const client = await LineClient.open(isTls ? server.ports.pop3s : server.ports.pop3, isTls);
  await client.line(/^\+OK/m);
  for (const line of [`USER ${server.user(user)}`, `PASS ${server.password}`]) {
    client.write(`${line}\r\n`);
    await accepted(client);
  }
  return client;
}

async function accepted(client: LineClient): Promise<string> {
  const answer = await client.line(/^(\+OK|-ERR)/);
  if (!answer.startsWith('+OK')) throw new Error(`refused: ${answer}`);
  return answer;
}

async function quit(client: LineClient): Promise<void> {
  client.write('QUIT\r\n');
  await accepted(client);
  client.end();
}

const END = (tail: string): boolean => tail.endsWith('\r\n.\r\n');
/** The last message and the answer to NOOP, which has no number in it. */
const END_OF_MANY = (tail: string): boolean => /\r\n\.\r\n\+OK(?! \d)[^\r\n]*\r\n$/.test(tail.slice(-200));
/** Commands in flight: what a client may send before it must read, with room to spare. */
const IN_FLIGHT = 50;

async function downloadInLockStep(client: LineClient, total: number, latencies: number[]): Promise<void> {
  for (let n = 1; n <= total; n++) {
    await timed(latencies, async () => {
      client.write(`RETR ${n}\r\n`);
      await client.until(END);
    });
  }
}

async function downloadPipelined(client: LineClient, total: number, latencies: number[]): Promise<void> {
  for (let from = 1; from <= total; from += IN_FLIGHT) {
    const commands = Array.from(
      { length: Math.min(IN_FLIGHT, total + 1 - from) },
      (_, i) => `RETR ${from + i}\r\n`,
    );
    await timed(latencies, async () => {
      client.write(`${commands.join('')}NOOP\r\n`);
      await client.until(END_OF_MANY);
    });
  }
}

async function download(server: Running, scale: Scale, fetch: typeof downloadInLockStep): Promise<Outcome> {
  const latencies: number[] = [];
  const client = await signIn(server, CORPUS_USER);
  const before = client.bytes;
  const total = Math.min(1000, scale.corpus);
  await fetch(client, total, latencies);
  const bytes = client.bytes - before;
  await quit(client);
  return { operations: total, bytes, latenciesMs: latencies };
}

async function sessions(
  server: Running,
  user: number,
  commands: readonly string[],
  total: number,
): Promise<Outcome> {
  const latencies: number[] = [];
  for (let n = 0; n < total; n++) {
    await timed(latencies, async () => {
      const client = await signIn(server, user);
      for (const command of commands) {
        client.write(`${command}\r\n`);
        if (command === 'STAT') await accepted(client);
        else await client.until(END);
      }
      await quit(client);
    });
  }
  return { operations: total, latenciesMs: latencies };
}

export const pop3: readonly Workload[] = [
  {
    name: 'pop3.stat',
    what: 'sign in, STAT, QUIT; 100,000 messages',
    unit: 'session',
    needs: 'big',
    run: (server, scale) => sessions(server, BIG_USER, ['STAT'], scale.times(100)),
  },
  {
    name: 'pop3.uidl',
    what: 'sign in, LIST, UIDL, QUIT; 100,000 messages',
    unit: 'session',
    needs: 'big',
    run: (server, scale) => sessions(server, BIG_USER, ['LIST', 'UIDL'], scale.times(10)),
  },
  {
    name: 'pop3.download',
    what: 'RETR of every message, one after the other',
    unit: 'msg',
    needs: 'corpus',
    run: (server, scale) => download(server, scale, downloadInLockStep),
  },
  {
    name: 'pop3.pipelined',
    what: 'the same with fifty RETRs in flight (RFC 2449 PIPELINING)',
    unit: 'msg',
    needs: 'corpus',
    run: (server, scale) => download(server, scale, downloadPipelined),
  },
];
