/** What rules cost by themselves: a script, compiled, over messages that are there. */
import { message } from '../corpus.ts';
import type { Running } from '../peers/peer.ts';
import { countOf, signIn } from './imap-session.ts';
import { type Outcome, TEXT_USER, type Workload } from './workload.ts';
import { openLmtp, transaction } from './writing.ts';

const RULES = 20;
const MESSAGES = 500;

/** None of them fits, so that each is looked at: the most that a message costs. */
const SCRIPT = [
  'require "fileinto";',
  ...Array.from(
    { length: RULES },
    (_, n) =>
      `if anyof (header :contains ["subject", "list-id"] "nobody writes this ${n}", address :domain "from" "none${n}.example") { fileinto "Rules"; stop; }`,
  ),
  '',
].join('\r\n');

const MAILS = Array.from({ length: MESSAGES }, (_, n) => n);

async function filtered(server: Running): Promise<Outcome> {
  if (server.filter === undefined) throw new Error(`${server.name} runs no scripts`);
  const mails = MAILS.map(message);
  await fill(server, mails);
  const { runs, cpuMs } = await server.filter(TEXT_USER, SCRIPT, mails);
  // By the second of processor time: how fast the clock went meanwhile says nothing.
  return { operations: runs, cpuMs, wallMs: cpuMs };
}

/** Once: the user has nothing else. */
async function fill(server: Running, mails: readonly Buffer[]): Promise<void> {
  const inbox = await signIn(server, TEXT_USER);
  const there = await countOf(inbox, 'INBOX');
  inbox.end();
  if (there > 0) return;
  const client = await openLmtp(server);
  for (const mail of mails) await transaction(client, [server.recipient(TEXT_USER)], mail);
  client.end();
}

export const scripting: readonly Workload[] = [
  {
    name: 'mail.script',
    what: `a script of ${RULES} rules of which none fits, compiled, delivery left out; in a second of processor time`,
    unit: 'run',
    run: filtered,
  },
];
