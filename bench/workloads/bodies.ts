/** Downloads: all in one command, one command a message, and the text part alone. */
import type { LineClient } from '../line-client.ts';
import type { Running } from '../peers/peer.ts';
import { openInbox, signIn } from './imap-session.ts';
import { fetchAll } from './listing.ts';
import { CORPUS_USER, type Outcome, type Scale, timed, type Workload } from './workload.ts';

export async function oneByOne(
  server: Running,
  scale: Scale,
  item: string,
  { user, count } = { user: CORPUS_USER, count: scale.corpus },
): Promise<Outcome> {
  const latencies: number[] = [];
  const client = await openInbox(server, user);
  const before = client.bytes;
  const total = scale.times(3000);
  for (let n = 1; n <= total; n++) {
    await timed(latencies, () => client.imap(`FETCH ${1 + (n % count)} (${item})`));
  }
  const bytes = client.bytes - before;
  client.end();
  return { operations: total, bytes, latenciesMs: latencies };
}

async function overTls(server: Running, scale: Scale): Promise<Outcome> {
  const client = await signIn(server, CORPUS_USER, true);
  await client.imap('SELECT INBOX');
  return aQuarter(client, scale);
}

/** Of the corpus, which is open, in one command; ends the session. */
export async function aQuarter(client: LineClient, scale: Scale): Promise<Outcome> {
  const latencies: number[] = [];
  const count = Math.ceil(scale.corpus / 4);
  const before = client.bytes;
  await timed(latencies, () => client.imap(`FETCH 1:${count} (BODY.PEEK[])`));
  const bytes = client.bytes - before;
  client.end();
  return { operations: count, bytes, latenciesMs: latencies, isRatedByLatency: true };
}

export const bodies: readonly Workload[] = [
  {
    name: 'sync.body',
    what: 'UID FETCH 1:* (BODY.PEEK[]), all in one command',
    unit: 'msg',
    needs: 'corpus',
    run: (server, scale) => fetchAll(server, CORPUS_USER, scale.corpus, 'BODY.PEEK[]'),
  },
  {
    name: 'sync.body.tls',
    what: 'a quarter of them over TLS',
    unit: 'msg',
    needs: 'corpus',
    run: overTls,
  },
  {
    name: 'sync.body.each',
    what: 'one FETCH a message',
    unit: 'msg',
    needs: 'corpus',
    run: (server, scale) => oneByOne(server, scale, 'BODY.PEEK[]'),
  },
  {
    name: 'sync.text.each',
    what: 'one FETCH of the first part a message',
    unit: 'msg',
    needs: 'corpus',
    run: (server, scale) => oneByOne(server, scale, 'BODY.PEEK[1]'),
  },
];
