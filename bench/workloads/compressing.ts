/** COMPRESS=DEFLATE (RFC 4978): a download through it. What a connection takes in memory is a row of those that wait. */
import { openInbox } from './imap-session.ts';
import { CORPUS_USER, timed, type Workload } from './workload.ts';

export const compressing: readonly Workload[] = [
  {
    name: 'sync.body.compressed',
    what: 'a quarter of them through COMPRESS=DEFLATE, MB/s of mail',
    unit: 'msg',
    needs: 'corpus',
    async run(server, scale) {
      const latencies: number[] = [];
      const client = await openInbox(server, CORPUS_USER);
      await client.compress();
      const count = Math.ceil(scale.corpus / 4);
      const before = client.bytes;
      await timed(latencies, () => client.imap(`FETCH 1:${count} (BODY.PEEK[])`));
      const bytes = client.bytes - before;
      client.end();
      return { operations: count, bytes, latenciesMs: latencies, isRatedByLatency: true };
    },
  },
];
