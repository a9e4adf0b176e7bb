/** COMPRESS=DEFLATE (RFC 4978): a download through it. What a connection takes in memory is a row of those that wait. */
import { aQuarter } from './bodies.ts';
import { openInbox } from './imap-session.ts';
import { CORPUS_USER, type Workload } from './workload.ts';

export const compressing: readonly Workload[] = [
  {
    name: 'sync.body.compressed',
    what: 'a quarter of them through COMPRESS=DEFLATE, MB/s of mail',
    unit: 'msg',
    needs: 'corpus',
    async run(server, scale) {
      const client = await openInbox(server, CORPUS_USER);
      await client.compress();
      return aQuarter(client, scale);
    },
  },
];
