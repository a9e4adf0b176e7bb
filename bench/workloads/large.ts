/** What must not grow with the mailbox or with the number of accounts: a million messages in one, ten thousand accounts. */
import type { LineClient } from '../line-client.ts';
import type { Running } from '../peers/peer.ts';
import { cpuMs } from '../process-tree.ts';
import { signIn } from './imap-session.ts';
import { MILLION_USER, type Outcome, type Scale, Stopwatch, timed, type Workload } from './workload.ts';

async function openLarge(server: Running): Promise<LineClient> {
  const client = await signIn(server, MILLION_USER);
  await client.imap('SELECT Large');
  return client;
}

async function inLarge(server: Running, total: number, command: (n: number) => string): Promise<Outcome> {
  const latencies: number[] = [];
  const client = await openLarge(server);
  for (let n = 0; n < total; n++) await timed(latencies, () => client.imap(command(n)));
  client.end();
  return { operations: total, latenciesMs: latencies, isRatedByLatency: true };
}

const place = (n: number, scale: Scale): number => 1 + ((n * 104_729) % (scale.million - 60));

/** Until the server answers somebody whom it has not seen since. */
async function start(server: Running, scale: Scale): Promise<Outcome> {
  const watch: number[] = [];
  await server.stop();
  await timed(watch, async () => {
    await server.start();
    const client = await signIn(server, scale.accounts - 1);
    await client.imap('SELECT INBOX');
    client.end();
  });
  // All that the new process has spent.
  return { operations: 1, latenciesMs: watch, isRatedByLatency: true, cpuMs: cpuMs(server.pids) };
}

export const large: readonly Workload[] = [
  {
    name: 'large.select',
    what: 'SELECT of a million after a restart',
    unit: 'select',
    needs: 'million',
    isCold: true,
    async run(server) {
      const watch = new Stopwatch(server);
      const client = await signIn(server, MILLION_USER);
      await watch.time(() => client.imap('SELECT Large'));
      client.end();
      return watch.outcome(1);
    },
  },
  {
    name: 'large.page50',
    what: '50 messages of metadata in a million',
    unit: 'page',
    needs: 'million',
    run: (server, scale) =>
      inLarge(server, scale.times(400), (n) => {
        const first = place(n, scale);
        return `FETCH ${first}:${first + 49} (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)`;
      }),
  },
  {
    name: 'large.store',
    what: 'one flag of one of a million',
    unit: 'store',
    needs: 'million',
    run: (server, scale) =>
      inLarge(
        server,
        2 * scale.times(500),
        (n) => `STORE ${place(n >> 1, scale)} ${n % 2 === 0 ? '+' : '-'}FLAGS (\\Flagged)`,
      ),
  },
  {
    name: 'large.search.uid',
    what: 'UID SEARCH UID of ten of a million',
    unit: 'query',
    needs: 'million',
    run: (server, scale) =>
      inLarge(server, scale.times(500), (n) => `UID SEARCH UID ${place(n, scale)}:${place(n, scale) + 9}`),
  },
  {
    name: 'large.expunge',
    what: 'EXPUNGE of one of a million',
    unit: 'expunge',
    needs: 'million',
    async run(server, scale) {
      const watch = new Stopwatch(server);
      const client = await openLarge(server);
      const total = scale.times(100);
      for (let n = 0; n < total; n++) {
        await client.imap(`STORE ${place(n, scale)} +FLAGS.SILENT (\\Deleted)`);
        await watch.time(() => client.imap('EXPUNGE'));
      }
      client.end();
      return watch.outcome(total);
    },
  },
  {
    name: 'start.accounts',
    what: 'start with 10,000 accounts, until one of them has its INBOX open',
    unit: 'start',
    needs: 'accounts',
    run: start,
  },
];
