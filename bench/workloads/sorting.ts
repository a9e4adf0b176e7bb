/** Mail comes in for people who have rules: the same as `lmtp.1` and `lmtp.16`, through a script of twenty. */
import type { Running } from '../peers/peer.ts';
import { FIRST_WRITER, type Outcome, type Workload, WRITERS } from './workload.ts';
import { type Delivering, deliver } from './writing.ts';

/** As people have them: senders, lists, words of the subject; the last one is true of few. */
const RULES = [
  ...Array.from(
    { length: 10 },
    (_, n) => `address :is "from" ["boss${n}@example.org", "team${n}@example.net"]`,
  ),
  ...Array.from({ length: 5 }, (_, n) => `header :contains "list-id" "list${n}.example.org"`),
  ...Array.from({ length: 4 }, (_, n) => `header :matches "subject" ["*invoice ${n}*", "ticket #${n}? *"]`),
  'header :contains "subject" "quetzals"',
];
const SCRIPT = [
  'require ["fileinto", "mailbox", "imap4flags"];',
  ...RULES.map(
    (test, n) => `${n === 0 ? '' : 'els'}if ${test} { addflag "$Rule${n}"; fileinto :create "Rules"; }`,
  ),
  '',
].join('\r\n');

export async function sorted(server: Running, delivering: Delivering): Promise<Outcome> {
  const users = Array.from({ length: WRITERS }, (_, w) => FIRST_WRITER + w);
  for (const user of users) await server.setScript(user, SCRIPT);
  try {
    return await deliver(server, delivering);
  } finally {
    for (const user of users) await server.setScript(user, undefined);
  }
}

export const sorting: readonly Workload[] = [
  {
    name: 'lmtp.sieve.1',
    what: 'delivery through 20 rules, one LMTP connection',
    unit: 'msg',
    run: (server, scale) => sorted(server, { writers: 1, total: scale.times(800) }),
  },
  {
    name: 'lmtp.sieve.16',
    what: 'delivery through 20 rules, 16 LMTP connections',
    unit: 'msg',
    run: (server, scale) => sorted(server, { writers: 16, total: scale.times(3000) }),
  },
];
