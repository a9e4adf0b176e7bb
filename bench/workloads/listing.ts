/**
 * Lists of messages: all of them, and a page of 50. What is asked is what programs ask: ENVELOPE and BODYSTRUCTURE those that
 * are generated from a library, header fields by name Thunderbird, mutt, Apple Mail, alpine and Roundcube.
 */
import type { Running } from '../peers/peer.ts';
import { openInbox } from './imap-session.ts';
import { BIG_USER, CORPUS_USER, type Outcome, type Scale, timed, type Workload } from './workload.ts';

export const META = 'UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE';
const HEADERS =
  'UID FLAGS RFC822.SIZE BODY.PEEK[HEADER.FIELDS (From To Cc Subject Date Message-ID References In-Reply-To)]';
const THUNDERBIRD =
  'UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (From To Cc Bcc Subject Date Message-ID Priority X-Priority References Newsgroups In-Reply-To Content-Type Reply-To)]';

export async function fetchAll(
  server: Running,
  user: number,
  count: number,
  items: string,
): Promise<Outcome> {
  const latencies: number[] = [];
  const client = await openInbox(server, user);
  const before = client.bytes;
  await timed(latencies, () => client.imap(`UID FETCH 1:* (${items})`));
  const bytes = client.bytes - before;
  client.end();
  return { operations: count, bytes, latenciesMs: latencies, isRatedByLatency: true };
}

async function pages(server: Running, scale: Scale, items: string): Promise<Outcome> {
  const latencies: number[] = [];
  const client = await openInbox(server, BIG_USER);
  const total = scale.times(1000);
  for (let n = 0; n < total; n++) {
    const first = 1 + ((n * 7919) % (scale.big - 50));
    await timed(latencies, () => client.imap(`FETCH ${first}:${first + 49} (${items})`));
  }
  client.end();
  return { operations: total, latenciesMs: latencies };
}

const wholeLists: readonly Workload[] = (
  [
    ['big', 'small', BIG_USER, 'big'],
    ['corpus', 'realistic', CORPUS_USER, 'corpus'],
  ] as const
).flatMap(([name, kind, user, needs]) => [
  {
    name: `sync.${name}.first`,
    what: `UID FETCH 1:* (${META}), ${kind} mail, after a restart`,
    unit: 'msg',
    needs,
    isCold: true,
    run: (server: Running, scale: Scale) => fetchAll(server, user, scale[needs], META),
  },
  {
    name: `sync.${name}.again`,
    what: 'the same again',
    unit: 'msg',
    needs,
    run: (server: Running, scale: Scale) => fetchAll(server, user, scale[needs], META),
  },
  {
    name: `sync.${name}.tbird`,
    what: `the first sync of Thunderbird: UID FETCH 1:* (UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (…)]), ${kind} mail`,
    unit: 'msg',
    needs,
    run: (server: Running, scale: Scale) => fetchAll(server, user, scale[needs], THUNDERBIRD),
  },
]);

export const listing: readonly Workload[] = [
  {
    name: 'sync.big.flags',
    what: 'UID FETCH 1:* (FLAGS), 100,000 messages',
    unit: 'msg',
    needs: 'big',
    run: (server, scale) => fetchAll(server, BIG_USER, scale.big, 'FLAGS'),
  },
  ...wholeLists,
  {
    name: 'list.page50',
    what: `50 messages at a random place in 100,000: FETCH (${META})`,
    unit: 'page',
    needs: 'big',
    run: (server, scale) => pages(server, scale, META),
  },
  {
    name: 'list.page50.headers',
    what: `the same: FETCH (${HEADERS})`,
    unit: 'page',
    needs: 'big',
    run: (server, scale) => pages(server, scale, HEADERS),
  },
  {
    name: 'list.page50.preview',
    what: 'the same: FETCH (UID FLAGS ENVELOPE PREVIEW)',
    unit: 'page',
    needs: 'big',
    run: (server, scale) => pages(server, scale, 'UID FLAGS ENVELOPE PREVIEW'),
  },
];
