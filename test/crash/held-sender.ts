/**
 * A process in which mail waits to be sent and its owner takes some of it back, about when its time comes, until it is killed. What he was
 * answered it says on standard output, each in a line: `made 7 s12`, of mail that a program sends over SMTP `program 7 s12`; `canceled s12`,
 * `late s12`. `argv`: data folder, first number, seed.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { NOTIFY_DEFAULT, outgoingId, outgoingNumber } from '../../src/mailbox/model/outgoing.ts';
import { receive } from '../../src/mailbox/operations/incoming.ts';
import { takeBack } from '../../src/mailbox/operations/take-back.ts';
import { acceptWaiting } from '../../src/submission/waiting.ts';
import type { MethodAnswer } from '../kit/jmap.ts';
import { BOB, openHeldWorld } from './held-world.ts';
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
  const isOfProgram = random.chance(0.5);
  const id = isOfProgram ? await sendAsProgram(n, sendAtMs) : await sendOverJmap(n, sendAtMs);
  say(`${isOfProgram ? 'program' : 'made'} ${n} ${id}`);
  const backMs = random.integer(-100, 60) + (waitMs > 2000 ? Date.now() : sendAtMs);
  await pause(Math.max(1, backMs - Date.now()));
  const byCommand = isOfProgram && random.chance(0.5);
  const isDone = byCommand ? await cancelByCommand(id) : await cancelOverJmap(id);
  say(`${isDone ? 'canceled' : 'late'} ${id}`);
}

/** As submission does when it has read all of it. */
async function sendAsProgram(n: number, holdUntilMs: number): Promise<string> {
  const { domain, store } = server.kit;
  const account = await server.account();
  const text = `From: alice@example.com\r\nTo: ${BOB}\r\nSubject: message ${n}.\r\nMessage-ID: <${n}@example.com>\r\n\r\nHej\r\n`;
  const received = await receive(store, [account.id], text.length, Buffer.from(text));
  const envelope = {
    ...{ kind: 'sent' as const, sender: 'alice@example.com', isUtf8: false, isEightBit: false },
    ...{ requiresTls: false, isTlsOptional: false, holdUntilMs, expiresMs: Date.now() + 60_000 },
  };
  const recipients = [{ address: BOB, route: 'local' as const, notify: NOTIFY_DEFAULT }];
  const { id } = await acceptWaiting(domain, account, received, { envelope, recipients }, true);
  return `s${outgoingNumber(id)}`;
}

async function cancelByCommand(id: string): Promise<boolean> {
  const { domain } = server.kit;
  const account = await server.account();
  return takeBack(domain, account, outgoingId(account.id, Number(id.slice(1))));
}

async function sendOverJmap(n: number, sendAtMs: number): Promise<string> {
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
  return (answers[1] as MethodAnswer)[1].created.s.id;
}

async function cancelOverJmap(id: string): Promise<boolean> {
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
  // Of what a program has sent nothing is told once it has left.
  if (refusal !== undefined && refusal !== 'cannotUnsend' && refusal !== 'notFound')
    throw new Error(JSON.stringify(set?.[1]));
  return refusal === undefined;
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
