/** The mailboxes that the other rows read, filled by MULTIAPPEND, each of them a row itself. */
import { message, smallMessage, textMessage } from '../corpus.ts';
import type { Running } from '../peers/peer.ts';
import { appendOf, countOf, signIn } from './imap-session.ts';
import {
  BIG_USER,
  CORPUS_USER,
  MILLION_USER,
  type Outcome,
  Stopwatch,
  TEXT_USER,
  type Workload,
} from './workload.ts';

async function fill(
  server: Running,
  user: number,
  count: number,
  batch: number,
  make: (n: number) => Buffer,
): Promise<Outcome> {
  const client = await signIn(server, user);
  const watch = new Stopwatch(server);
  let bytes = 0;
  for (let n = 0; n < count; n += batch) {
    const mails = Array.from({ length: Math.min(batch, count - n) }, (_, i) => make(n + i));
    for (const mail of mails) bytes += mail.length;
    const command = appendOf('INBOX', mails);
    await watch.time(() => client.imap(command));
  }
  client.end();
  return { ...watch.outcome(count), bytes };
}

/** By copies of the big one: what it is made of does not matter, how many there are does. */
async function fillMillion(server: Running, count: number): Promise<Outcome> {
  const client = await signIn(server, MILLION_USER);
  const seed = Math.ceil(count / 40);
  for (let n = await countOf(client, 'INBOX'); n < seed; n += 250) {
    const mails = Array.from({ length: Math.min(250, seed - n) }, (_, i) => smallMessage(n + i));
    await client.imap(appendOf('INBOX', mails));
  }
  await client.imap('CREATE Large');
  await client.imap('SELECT INBOX');
  const watch = new Stopwatch(server);
  for (let n = 0; n < 40; n++) await watch.time(() => client.imap('COPY 1:* Large'));
  client.end();
  return watch.outcome(seed * 40);
}

export const filling: readonly Workload[] = [
  {
    name: 'fill.small',
    what: 'small messages, MULTIAPPENDs of 250',
    unit: 'msg',
    fills: 'big',
    run: (server, scale) => fill(server, BIG_USER, scale.big, 250, smallMessage),
  },
  {
    name: 'fill.corpus',
    what: 'real sizes, MULTIAPPENDs of 50',
    unit: 'msg',
    fills: 'corpus',
    run: (server, scale) => fill(server, CORPUS_USER, scale.corpus, 50, message),
  },
  {
    name: 'fill.text',
    what: 'those of real sizes that have no attachment, MULTIAPPENDs of 50',
    unit: 'msg',
    fills: 'text',
    run: (server, scale) => fill(server, TEXT_USER, scale.text, 50, textMessage),
  },
  {
    name: 'fill.million',
    what: 'a mailbox of a million, by COPY of 25,000 at a time',
    unit: 'msg',
    fills: 'million',
    run: (server, scale) => fillMillion(server, scale.million),
  },
];
