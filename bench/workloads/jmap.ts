/** JMAP as the webmail asks it, over HTTP. Nobody else here speaks it, so there is nobody beside us. */

import { message } from '../corpus.ts';
import type { LineClient } from '../line-client.ts';
import type { Running } from '../peers/peer.ts';
import { appendOf, openInbox } from './imap-session.ts';
import { type Answer, JmapClient, type MethodCall, openStream } from './jmap-client.ts';
import {
  BIG_USER,
  CORPUS_USER,
  MILLION_USER,
  NOTIFIED_USER,
  type Outcome,
  timed,
  type Workload,
} from './workload.ts';

const CLIENTS = 8;
const STREAMS = 100;
const PAGE = 50;
const LISTED = [
  ...['threadId', 'mailboxIds', 'keywords', 'hasAttachment', 'from', 'to', 'subject', 'receivedAt', 'size'],
  'preview',
];
const NEWEST = [{ property: 'receivedAt', isAscending: false }];

/** The mailbox with the most mail, where that of the benchmark is. */
async function fullest(client: JmapClient): Promise<string> {
  const { all } = await client.call([['Mailbox/get', { properties: ['totalEmails'] }, 'all']]);
  const [first] = [...all.list].sort((a: Answer, b: Answer) => b.totalEmails - a.totalEmails);
  return first.id;
}

/** As RFC 8621 §4.10 asks for the first page of a list of conversations. */
function pageOf(inMailbox: string, position = 0): readonly MethodCall[] {
  const query = { filter: { inMailbox }, sort: NEWEST, collapseThreads: true, position, limit: PAGE };
  const ref = (resultOf: string, name: string, path: string) => ({ resultOf, name, path });
  return [
    ['Email/query', { ...query, calculateTotal: true }, 'query'],
    ['Email/get', { '#ids': ref('query', 'Email/query', '/ids'), properties: ['threadId'] }, 'first'],
    ['Thread/get', { '#ids': ref('first', 'Email/get', '/list/*/threadId') }, 'threads'],
    ['Email/get', { '#ids': ref('threads', 'Thread/get', '/list/*/emailIds'), properties: LISTED }, 'emails'],
  ];
}

/** Several clients of one user, each asking when it has its answer. */
async function together(
  server: Running,
  user: number,
  total: number,
  ask: (client: JmapClient, n: number) => Promise<unknown>,
): Promise<Outcome> {
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => JmapClient.open(server, user)));
  const latenciesMs: number[] = [];
  let next = 0;
  await Promise.all(
    clients.map(async (client) => {
      for (let n = next++; n < total; n = next++) await timed(latenciesMs, () => ask(client, n));
    }),
  );
  for (const client of clients) client.close();
  return { operations: total, latenciesMs };
}

async function lists(server: Running, user: number, total: number): Promise<Outcome> {
  const first = await JmapClient.open(server, user);
  const mailbox = await fullest(first);
  await first.call(pageOf(mailbox));
  first.close();
  return together(server, user, total, (client) => client.call(pageOf(mailbox)));
}

async function firstAfterStart(server: Running, user: number): Promise<Outcome> {
  const client = await JmapClient.open(server, user);
  const mailbox = await fullest(client);
  const latenciesMs: number[] = [];
  await timed(latenciesMs, () => client.call(pageOf(mailbox)));
  client.close();
  return { operations: 1, latenciesMs, isRatedByLatency: true };
}

/** From the change to the last of the streams of one account that hears of it. */
async function fanOut(server: Running, total: number): Promise<Outcome> {
  const writer = await openInbox(server, NOTIFIED_USER);
  const streams: LineClient[] = [];
  for (let n = 0; n < STREAMS; n++) streams.push(await openStream(server, NOTIFIED_USER));
  const latenciesMs: number[] = [];
  for (let n = 0; n < total; n++) {
    const heard = streams.map((stream) => stream.line(/event: state[\s\S]*\n\n/));
    await timed(latenciesMs, () => Promise.all([writer.imap(appendOf('INBOX', [message(n)])), ...heard]));
    // What comes within a quarter of a second is told together.
    await new Promise((resolve) => setTimeout(resolve, 400));
  }
  for (const stream of streams) stream.end();
  writer.end();
  return { operations: total, latenciesMs, isRatedByLatency: true };
}

export const jmap: readonly Workload[] = [
  {
    ...{ name: 'jmap.echo', what: `Core/echo, ${CLIENTS} clients`, unit: 'request', isOursAlone: true },
    run: (server, scale) => together(server, NOTIFIED_USER, scale.times(4000), (client) => client.echo()),
  },
  {
    ...{ name: 'jmap.list', what: `the first page of a list of 100,000, ${CLIENTS} clients`, unit: 'page' },
    ...{ needs: 'big', isOursAlone: true },
    run: (server, scale) => lists(server, BIG_USER, scale.times(800)),
  },
  {
    ...{ name: 'jmap.list.cold', what: 'the first page of a list of 100,000, after a start', unit: 'page' },
    ...{ needs: 'big', isOursAlone: true, isCold: true },
    run: (server) => firstAfterStart(server, BIG_USER),
  },
  {
    ...{
      name: 'jmap.million',
      what: `the first page of a list of 1,000,000, ${CLIENTS} clients`,
      unit: 'page',
    },
    ...{ needs: 'million', isOursAlone: true },
    run: (server, scale) => lists(server, MILLION_USER, scale.times(400)),
  },
  {
    ...{
      name: 'jmap.million.cold',
      what: 'the first page of a list of 1,000,000, after a start',
      unit: 'page',
    },
    ...{ needs: 'million', isOursAlone: true, isCold: true },
    run: (server) => firstAfterStart(server, MILLION_USER),
  },
  {
    ...{ name: 'jmap.open', what: `a message with its texts, ${CLIENTS} clients`, unit: 'message' },
    ...{ needs: 'corpus', isOursAlone: true },
    async run(server, scale) {
      const first = await JmapClient.open(server, CORPUS_USER);
      const inMailbox = await fullest(first);
      const { query } = await first.call([['Email/query', { filter: { inMailbox }, limit: 500 }, 'query']]);
      first.close();
      const shown = { fetchTextBodyValues: true, fetchHTMLBodyValues: true, maxBodyValueBytes: 1_000_000 };
      return together(server, CORPUS_USER, scale.times(2000), (client, n) =>
        client.call([['Email/get', { ids: [query.ids[n % query.ids.length]], ...shown }, 'open']]),
      );
    },
  },
  {
    ...{ name: 'jmap.flag', what: `one keyword, durable, ${CLIENTS} clients`, unit: 'change' },
    ...{ isOursAlone: true },
    async run(server, scale) {
      const imap = await openInbox(server, NOTIFIED_USER);
      for (let n = 0; n < CLIENTS; n++) await imap.imap(appendOf('INBOX', [message(n)]));
      imap.end();
      const first = await JmapClient.open(server, NOTIFIED_USER);
      const { query } = await first.call([['Email/query', { limit: CLIENTS }, 'query']]);
      first.close();
      return together(server, NOTIFIED_USER, scale.times(2000), (client, n) => {
        const update = {
          [query.ids[n % CLIENTS]]: { 'keywords/$flagged': n % (2 * CLIENTS) < CLIENTS || null },
        };
        return client.call([['Email/set', { update }, 'set']]);
      });
    },
  },
  {
    ...{
      name: 'jmap.streams',
      what: `new mail until the last of ${STREAMS} streams hears of it`,
      unit: 'notice',
    },
    ...{ isOursAlone: true },
    run: (server, scale) => fanOut(server, scale.times(10)),
  },
];
