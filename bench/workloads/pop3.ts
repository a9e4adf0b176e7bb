/** POP3: sign in and count, list, and download everything. */
import { LineClient } from '../line-client.ts';
import type { Running } from '../peers/peer.ts';
import { BIG_USER, CORPUS_COUNT, CORPUS_USER, type Outcome, timed, type Workload } from './workload.ts';

async function signIn(server: Running, user: number): Promise<LineClient> {
  const client = await LineClient.open(server.ports.pop3);
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
    run: (server, scale) => sessions(server, BIG_USER, ['STAT'], Math.ceil(100 * scale)),
  },
  {
    name: 'pop3.uidl',
    what: 'sign in, LIST, UIDL, QUIT; 100,000 messages',
    unit: 'session',
    needs: 'big',
    run: (server, scale) => sessions(server, BIG_USER, ['LIST', 'UIDL'], Math.ceil(10 * scale)),
  },
  {
    name: 'pop3.download',
    what: 'RETR of every message, one after the other',
    unit: 'msg',
    needs: 'corpus',
    async run(server) {
      const latencies: number[] = [];
      const client = await signIn(server, CORPUS_USER);
      const before = client.bytes;
      const total = Math.min(1000, CORPUS_COUNT);
      for (let n = 1; n <= total; n++) {
        await timed(latencies, async () => {
          client.write(`RETR ${n}\r\n`);
          await client.until(END);
        });
      }
      const bytes = client.bytes - before;
      await quit(client);
      return { operations: total, bytes, latenciesMs: latencies };
    },
  },
];
