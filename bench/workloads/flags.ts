/** Flags change: of one message, of a thousand. Set and taken back in pairs: every command changes something, in every repetition. */
import { openInbox } from './imap-session.ts';
import { BIG_USER, timed, type Workload } from './workload.ts';

export const flags: readonly Workload[] = [
  {
    name: 'store.one',
    what: 'one flag of one message, one connection',
    unit: 'store',
    needs: 'big',
    changesFlags: true,
    async run(server, scale) {
      const total = 2 * scale.times(2000);
      const latencies: number[] = [];
      const client = await openInbox(server, BIG_USER);
      for (let n = 0; n < total; n++) {
        const uid = 1 + (((n >> 1) * 7919) % scale.big);
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
      const total = 2 * scale.times(200);
      const latencies: number[] = [];
      const client = await openInbox(server, BIG_USER);
      for (let n = 0; n < total; n++) {
        const first = 1 + (((n >> 1) * 1000) % (scale.big - 1000));
        const sign = n % 2 === 0 ? '+' : '-';
        await timed(latencies, () =>
          client.imap(`UID STORE ${first}:${first + 999} ${sign}FLAGS.SILENT (\\Answered)`),
        );
      }
      client.end();
      return { operations: total, latenciesMs: latencies };
    },
  },
];
