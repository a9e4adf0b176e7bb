/** A thousand messages are copied, moved, marked and expunged at once; and copied one by one. */
import type { Running } from '../peers/peer.ts';
import { openInbox } from './imap-session.ts';
import { BIG_USER, type Outcome, type Scale, Stopwatch, type Workload } from './workload.ts';

const MANY = 1000;

/** `prepare` before each round and `work` in it, in a mailbox that is made for it and gone afterwards. */
async function inCopies(
  server: Running,
  rounds: number,
  round: (session: Awaited<ReturnType<typeof openInbox>>, watch: Stopwatch) => Promise<void>,
): Promise<Outcome> {
  const watch = new Stopwatch(server);
  const client = await openInbox(server, BIG_USER);
  for (let n = 0; n < rounds; n++) {
    await client.imap('CREATE Copies');
    await round(client, watch);
    await client.imap('SELECT INBOX');
    await client.imap('DELETE Copies');
  }
  client.end();
  return watch.outcome(rounds * MANY);
}

const rounds = (scale: Scale): number => Math.max(2, scale.times(10));

export const moving: readonly Workload[] = [
  {
    name: 'copy.1000',
    what: 'COPY of 1,000 messages',
    unit: 'msg',
    needs: 'big',
    run: (server, scale) =>
      inCopies(server, rounds(scale), (client, watch) =>
        watch.time(() => client.imap(`COPY 1:${MANY} Copies`)),
      ),
  },
  {
    name: 'copy.each',
    what: 'COPY of one message after the other',
    unit: 'msg',
    needs: 'big',
    async run(server, scale) {
      const watch = new Stopwatch(server);
      const client = await openInbox(server, BIG_USER);
      await client.imap('CREATE Copies');
      const total = scale.times(500);
      for (let n = 1; n <= total; n++) await watch.time(() => client.imap(`COPY ${n} Copies`));
      await client.imap('DELETE Copies');
      client.end();
      return watch.outcome(total);
    },
  },
  {
    name: 'move.1000',
    what: 'MOVE of 1,000 messages',
    unit: 'msg',
    needs: 'big',
    run: (server, scale) =>
      inCopies(server, rounds(scale), async (client, watch) => {
        await client.imap(`COPY 1:${MANY} Copies`);
        await client.imap('CREATE Moved');
        await client.imap('SELECT Copies');
        await watch.time(() => client.imap(`MOVE 1:${MANY} Moved`));
        await client.imap('DELETE Moved');
      }),
  },
  {
    name: 'store.deleted',
    what: 'STORE 1:1000 +FLAGS.SILENT (\\Deleted)',
    unit: 'msg',
    needs: 'big',
    changesFlags: true,
    run: (server, scale) =>
      inCopies(server, rounds(scale), async (client, watch) => {
        await client.imap(`COPY 1:${MANY} Copies`);
        await client.imap('SELECT Copies');
        await watch.time(() => client.imap(`STORE 1:${MANY} +FLAGS.SILENT (\\Deleted)`));
      }),
  },
  {
    name: 'expunge.1000',
    what: 'EXPUNGE of 1,000 messages',
    unit: 'msg',
    needs: 'big',
    run: (server, scale) =>
      inCopies(server, rounds(scale), async (client, watch) => {
        await client.imap(`COPY 1:${MANY} Copies`);
        await client.imap('SELECT Copies');
        await client.imap(`STORE 1:${MANY} +FLAGS.SILENT (\\Deleted)`);
        await watch.time(() => client.imap('EXPUNGE'));
      }),
  },
];
