/**
 * Sixteen clients at once that sign in, open one of eight INBOXes, do thirty things by chance and sign out, in the manner of
 * ImapTest's defaults. Messages go while others name them: an answer of NO or BAD is an answer.
 */
import { message, random } from '../corpus.ts';
import type { LineClient } from '../line-client.ts';
import type { Running } from '../peers/peer.ts';
import { appendOf, countOf, openInbox, signIn } from './imap-session.ts';
import { FIRST_WRITER, type Outcome, timed, type Workload } from './workload.ts';

const CLIENTS = 16;
const USERS = 8;
const IN_A_SESSION = 30;
const KEPT = 100;

type Do = (next: () => number) => string | Buffer;

const one = (next: () => number): number => 1 + Math.floor(next() * KEPT);

/** By how often in a hundred. */
const CHANCES: readonly (readonly [number, Do])[] = [
  [30, (next) => `FETCH ${one(next)}:${one(next)} (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)`],
  [15, (next) => `FETCH ${one(next)} (BODY.PEEK[])`],
  [5, (next) => `FETCH ${one(next)} (BODY.PEEK[1])`],
  [20, (next) => `STORE ${one(next)} ${next() < 0.5 ? '+' : '-'}FLAGS (\\Seen)`],
  [3, (next) => `STORE ${one(next)} +FLAGS.SILENT (\\Deleted)`],
  [2, () => 'EXPUNGE'],
  [7, (next) => appendOf('INBOX', [message(Math.floor(next() * 5000))])],
  [4, () => 'SEARCH UNSEEN SUBJECT letter'],
  [4, () => 'STATUS INBOX (MESSAGES UNSEEN)'],
  [4, () => 'LIST "" "*"'],
  [6, () => 'NOOP'],
];

function choose(next: () => number): string | Buffer {
  let left = next() * 100;
  for (const [chance, make] of CHANCES) {
    left -= chance;
    if (left < 0) return make(next);
  }
  return 'NOOP';
}

async function session(
  server: Running,
  user: number,
  next: () => number,
  latencies: number[],
): Promise<void> {
  const client: LineClient = await openInbox(server, user);
  for (let n = 0; n < IN_A_SESSION; n++) await timed(latencies, () => client.attempt(choose(next)));
  await client.imap('LOGOUT');
  client.end();
}

async function mixed(server: Running, sessions: number): Promise<Outcome> {
  for (let user = 0; user < USERS; user++) {
    const client = await signIn(server, FIRST_WRITER + user);
    const have = await countOf(client, 'INBOX');
    const mails = Array.from({ length: Math.max(0, KEPT - have) }, (_, n) => message(n));
    if (mails.length > 0) await client.imap(appendOf('INBOX', mails));
    client.end();
  }
  const latencies: number[] = [];
  const start = performance.now();
  let left = sessions;
  await Promise.all(
    Array.from({ length: CLIENTS }, async (_, c) => {
      const next = random(c + 1);
      while (left-- > 0) await session(server, FIRST_WRITER + (c % USERS), next, latencies);
    }),
  );
  return { operations: sessions * IN_A_SESSION, latenciesMs: latencies, wallMs: performance.now() - start };
}

export const mixing: readonly Workload[] = [
  {
    name: 'mixed.16',
    what: '16 clients in the manner of ImapTest: sign in, 30 commands by chance, sign out',
    unit: 'cmd',
    run: (server, scale) => mixed(server, Math.max(CLIENTS, scale.times(320))),
  },
];
