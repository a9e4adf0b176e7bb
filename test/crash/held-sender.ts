/**
 * A process in which mail waits to be sent and its owner takes some of it back, about when its time comes, until it is killed. What he was
 * answered it says on standard output, each in a line: `made 7 s12`, `canceled s12`, `late s12`. `argv`: data folder, first number, seed.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { MethodAnswer } from '../kit/jmap.ts';
import { openHeldWorld } from './held-world.ts';
import { Random } from './random.ts';

const [data = '', first, seed] = process.argv.slice(2);
const random = new Random(Number(seed));
const { server, boxes, identity } = await openHeldWorld(data);
const { alice } = server;
const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const [drafts, scheduled] = [boxes.drafts as string, boxes.scheduled as string];

async function write(n: number): Promise<void> {
  // Some are taken back long before.
  const waitMs = random.chance(0.4) ? 6000 : random.integer(300, 1200);
  const sendAtMs = Date.now() + waitMs;
  const answers = await alice.calls([
    [
      'Email/set',
      {
        create: {
          d: {
            mailboxIds: { [drafts]: true },
            keywords: { $draft: true, $seen: true },
            from: [{ email: 'alice@example.com' }],
            to: [{ email: 'bob@example.com' }],
            subject: `message ${n}.`,
            bodyValues: { t: { value: 'Hej\n' } },
            textBody: [{ partId: 't' }],
          },
        },
      },
    ],
    [
      'EmailSubmission/set',
      {
        create: {
          s: {
            identityId: identity,
            emailId: '#d',
            envelope: {
              mailFrom: {
                email: 'alice@example.com',
                parameters: { HOLDUNTIL: new Date(sendAtMs).toISOString() },
              },
              rcptTo: [{ email: 'bob@example.com', parameters: null }],
            },
          },
        },
        onSuccessUpdateEmail: { '#s': { mailboxIds: { [scheduled]: true } } },
      },
    ],
  ]);
  const { id } = (answers[1] as MethodAnswer)[1].created.s;
  say(`made ${n} ${id}`);
  const backMs = random.integer(-100, 60) + (waitMs > 2000 ? Date.now() : sendAtMs);
  await pause(Math.max(1, backMs - Date.now()));
  const [set] = await alice.calls([
    [
      'EmailSubmission/set',
      {
        update: { [id]: { undoStatus: 'canceled' } },
        onSuccessUpdateEmail: { [id]: { mailboxIds: { [drafts]: true } } },
      },
    ],
  ]);
  const refusal = set?.[1].notUpdated?.[id].type;
  if (refusal !== undefined && refusal !== 'cannotUnsend') throw new Error(JSON.stringify(set?.[1]));
  say(`${refusal === undefined ? 'canceled' : 'late'} ${id}`);
}

/** Another window of the same person. */
async function watch(): Promise<never> {
  for (;;) {
    await alice.call('EmailSubmission/get', { ids: null });
    await pause(25);
  }
}

void watch();
say('ready');
for (let n = Number(first); ; n++) {
  void write(n);
  await pause(random.integer(20, 120));
}
