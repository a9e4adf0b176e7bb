/**
 * What several workers are for: the work of many people at once. An account is on one worker, so each row has people of its own
 * on all of them, and whoever accepts a connection passes it on to its holder as often as chance has it.
 */
import { message } from '../corpus.ts';
import type { LineClient } from '../line-client.ts';
import type { Running } from '../peers/peer.ts';
import { type IdleRow, idleRows } from './idle.ts';
import { appendOf, countOf, signIn } from './imap-session.ts';
import { mixing } from './mixed.ts';
import { logins } from './opening.ts';
import { FIRST_WRITER, type Outcome, type Scale, type Workload, WRITERS } from './workload.ts';
import { writing } from './writing.ts';

const PEOPLE = Array.from({ length: WRITERS }, (_, n) => FIRST_WRITER + n);
const DOWNLOADS = 4;
const MAILBOX = 'Download';
/** Messages of one MULTIAPPEND. */
const AT_ONCE = 50;

/** Each takes all of a mailbox of its own in one command, over and over. */
async function downloads(server: Running, scale: Scale): Promise<Outcome> {
  const count = Math.max(AT_ONCE, scale.times(1000));
  const clients: LineClient[] = [];
  for (const user of PEOPLE.slice(0, DOWNLOADS)) {
    const client = await signIn(server, user);
    await fillOnce(client, count);
    await client.imap(`SELECT ${MAILBOX}`);
    clients.push(client);
  }
  const octets = (): number => clients.reduce((sum, client) => sum + client.bytes, 0);
  const before = octets();
  const start = performance.now();
  await Promise.all(clients.map((client) => client.imap('UID FETCH 1:* (BODY.PEEK[])')));
  const wallMs = performance.now() - start;
  const bytes = octets() - before;
  for (const client of clients) client.end();
  return { operations: DOWNLOADS * count, bytes, wallMs };
}

async function fillOnce(client: LineClient, count: number): Promise<void> {
  await client.attempt(`CREATE ${MAILBOX}`);
  for (let n = await countOf(client, MAILBOX); n < count; n += AT_ONCE) {
    const mails = Array.from({ length: Math.min(AT_ONCE, count - n) }, (_, i) => message(n + i));
    await client.imap(appendOf(MAILBOX, mails));
  }
}

export const cores: readonly Workload[] = [
  ...[...writing, ...mixing]
    .filter(({ name }) => name === 'lmtp.16' || name === 'mixed.16')
    .map((workload) => ({ ...workload, name: `cores.${workload.name}` })),
  {
    name: 'cores.login.32',
    what: 'connect, LOGIN, SELECT, LOGOUT, 32 at once, of fifteen people',
    unit: 'login',
    run: (server, scale) => logins(server, 32, scale.times(3000), { users: PEOPLE }),
  },
  {
    name: 'cores.login.tls.8',
    what: 'the same over TLS, 8 at once',
    unit: 'login',
    run: (server, scale) => logins(server, 8, scale.times(1200), { users: PEOPLE, isTls: true }),
  },
  {
    name: 'cores.download.4',
    what: 'UID FETCH 1:* (BODY.PEEK[]), four at once, each of a mailbox of its own',
    unit: 'msg',
    run: downloads,
  },
];

export const coresIdle: readonly IdleRow[] = idleRows
  .filter(({ name }) => name === 'idle.plain' || name === 'idle.tls')
  .map((row) => ({ ...row, name: `cores.${row.name}` }));
