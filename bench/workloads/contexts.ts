/**
 * What a client is told without asking of more than the open mailbox (RFC 5267, RFC 5465): changes of the result of a search, and
 * mail that comes into one of a thousand mailboxes, beside one of a few.
 */
import { message } from '../corpus.ts';
import type { LineClient } from '../line-client.ts';
import type { Running } from '../peers/peer.ts';
import { appendOf, openInbox, signIn } from './imap-session.ts';
import { notifications } from './notifying.ts';
import { BIG_USER, MANY_USER, NOTIFIED_USER, type Outcome, type Workload } from './workload.ts';

const MAILBOXES = 1000;
/** A command each, so many in flight. */
const AT_ONCE = 50;

const prepared = new WeakSet<Running>();

/** Once for each server. */
export async function makeMailboxes(server: Running): Promise<void> {
  if (prepared.has(server)) return;
  prepared.add(server);
  const client = await signIn(server, MANY_USER);
  for (let first = 0; first < MAILBOXES; first += AT_ONCE) {
    const names = Array.from({ length: AT_ONCE }, (_, n) => `Many/${first + n}`);
    client.write(names.map((name, n) => `m${first + n} CREATE ${name}\r\n`).join(''));
    await client.line(new RegExp(`^m${first + AT_ONCE - 1} `, 'm'));
  }
  client.end();
}

/** Of everything that is his, once it waits. */
export async function watchAll(server: Running, user: number): Promise<LineClient> {
  const client = await openInbox(server, user);
  await client.imap(
    'NOTIFY SET (SELECTED (MessageNew MessageExpunge)) (PERSONAL (MessageNew MessageExpunge))',
  );
  return client;
}

async function arrivals(server: Running, user: number, mailbox: string, total: number): Promise<Outcome> {
  const watcher = await watchAll(server, user);
  const client = await signIn(server, user);
  const append = (n: number) => client.imap(appendOf(mailbox, [message(n)]));
  const outcome = await notifications(watcher, total, append, /STATUS/);
  client.end();
  return outcome;
}

export const contexts: readonly Workload[] = [
  {
    name: 'context.update',
    what: 'a flag change until a client in IDLE hears that the result of its search has changed, 100,000 messages',
    unit: 'notice',
    needs: 'big',
    async run(server, scale) {
      const client = await openInbox(server, BIG_USER);
      const watcher = await openInbox(server, BIG_USER);
      await watcher.imap('UID SEARCH RETURN (UPDATE COUNT) FLAGGED');
      const outcome = await notifications(
        watcher,
        // Set and taken back in pairs: each is a change.
        2 * scale.times(10),
        (n) => client.imap(`UID STORE ${1 + (n >> 1)} ${n % 2 === 0 ? '+' : '-'}FLAGS (\\Flagged)`),
        /ESEARCH .*(?:ADDTO|REMOVEFROM)/,
      );
      client.end();
      return outcome;
    },
  },
  {
    name: 'notify.few',
    what: 'new mail until a client hears of it that has asked for NOTIFY on all mailboxes, a few',
    unit: 'notice',
    async run(server, scale) {
      const client = await signIn(server, NOTIFIED_USER);
      await client.attempt('CREATE Few');
      client.end();
      return arrivals(server, NOTIFIED_USER, 'Few', scale.times(20));
    },
  },
  {
    name: 'notify.many',
    what: 'the same with 1,000 mailboxes',
    unit: 'notice',
    async run(server, scale) {
      await makeMailboxes(server);
      return arrivals(server, MANY_USER, 'Many/7', scale.times(20));
    },
  },
];
