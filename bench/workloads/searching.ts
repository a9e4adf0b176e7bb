/** SEARCH: header fields, bodies, dates and flags, in the realistic mailbox and in the big one. */
import type { Running } from '../peers/peer.ts';
import { openInbox } from './imap-session.ts';
import { BIG_USER, CORPUS_USER, type Outcome, timed, type Workload } from './workload.ts';

async function search(server: Running, user: number, criteria: string, total: number): Promise<Outcome> {
  const latencies: number[] = [];
  const client = await openInbox(server, user);
  for (let n = 0; n < total; n++) await timed(latencies, () => client.imap(`SEARCH ${criteria}`));
  client.end();
  return { operations: total, latenciesMs: latencies, isRatedByLatency: true };
}

/** Name, criteria, and how often: what reads all mail is slow everywhere. */
const QUERIES = [
  ['subject', 'SUBJECT quetzals', 20],
  ['from', 'FROM sender33@', 20],
  ['since', 'SINCE 1-Oct-2026', 40],
  ['unseen', 'UNSEEN', 40],
  ['combined', 'UNSEEN SINCE 1-Jan-2026 FROM sender33@ SUBJECT about', 20],
  ['body', 'BODY quetzal', 2],
  ['text', 'TEXT quetzal', 2],
  ['text.none', 'TEXT archaeopteryx', 2],
] as const;

export const searching: readonly Workload[] = (
  [
    ['corpus', CORPUS_USER, 'realistic messages'],
    ['big', BIG_USER, 'small messages'],
  ] as const
).flatMap(([needs, user, what]) =>
  QUERIES.map(([name, criteria, total]) => ({
    name: `search.${needs}.${name}`,
    what: `SEARCH ${criteria}, ${what}`,
    unit: 'query',
    needs,
    run: (server: Running) => search(server, user, criteria, total),
  })),
);
