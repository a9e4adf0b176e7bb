/** A client in IDLE hears of a change; the time from sending the change to the line. */
import { message } from '../corpus.ts';
import type { LineClient } from '../line-client.ts';
import { appendOf, openInbox } from './imap-session.ts';
import { NOTIFIED_USER, type Outcome, timed, type Workload } from './workload.ts';

/** Who hears of it has done what he needs for that, and is not yet in IDLE. */
export async function notifications(
  watcher: LineClient,
  total: number,
  change: (n: number) => Promise<unknown>,
  pattern: RegExp,
): Promise<Outcome> {
  const latencies: number[] = [];
  watcher.write('i IDLE\r\n');
  await watcher.line(/^\+/m);
  for (let n = 0; n < total; n++) {
    const heard = watcher.line(pattern);
    await timed(latencies, async () => {
      await Promise.all([change(n), heard]);
    });
    // Long enough that each is news of its own, for servers that gather what comes in quick succession.
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  watcher.end();
  return { operations: total, latenciesMs: latencies };
}

export const notifying: readonly Workload[] = [
  {
    name: 'notify.store',
    what: 'a flag change until an idling client hears of it',
    unit: 'notice',
    async run(server, scale) {
      const client = await openInbox(server, NOTIFIED_USER);
      await client.imap(appendOf('INBOX', [message(1)]));
      await client.imap('NOOP');
      const outcome = await notifications(
        await openInbox(server, NOTIFIED_USER),
        // Set and taken back in pairs: each is a change.
        2 * scale.times(10),
        (n) => client.imap(`STORE 1 ${n % 2 === 0 ? '+' : '-'}FLAGS (\\Flagged)`),
        /FETCH.*\r\n$/,
      );
      client.end();
      return outcome;
    },
  },
  {
    name: 'notify.append',
    what: 'new mail until an idling client hears of it',
    unit: 'notice',
    async run(server, scale) {
      const client = await openInbox(server, NOTIFIED_USER);
      const outcome = await notifications(
        await openInbox(server, NOTIFIED_USER),
        scale.times(20),
        (n) => client.imap(appendOf('INBOX', [message(n)])),
        /EXISTS/,
      );
      client.end();
      return outcome;
    },
  },
];
