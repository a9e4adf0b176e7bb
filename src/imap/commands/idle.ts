import { defineCommand, SIGNED_IN } from '../command.ts';
import type { SessionContext } from '../context.ts';
import { Pace } from '../pace.ts';
import { bad, type Completion, no, ok, writeStatus } from '../replies.ts';
import { end } from '../wire/grammar.ts';

const DONE = 'DONE';

/**
 * IDLE (RFC 2177, RFC 9051 §6.3.13), with or without a mailbox open: Outlook sends it before any SELECT.
 *
 * The `+` is the first thing said, because php-imap takes the first line after IDLE for it (Webklex/php-imap#258); what
 * is new follows it, and from then on the moment it is durable. Now and then the line says that it is alive: a phone that
 * changed networks does not notice a dead connection by itself.
 */
export const idle = defineCommand({
  name: 'IDLE',
  states: SIGNED_IN,
  parse: end,
  async run({ session }): Promise<Completion> {
    session.out.ascii('+ ').said('idling').crlf();
    await session.tellUpdates(true);
    const line = await tellUntilLine(session);
    if (line === undefined) return no('The session is over');
    // Whatever has come meanwhile is told before the answer, as after every command.
    return line.toString('latin1').trim().toUpperCase() === DONE
      ? ok('IDLE completed')
      : bad('Expected DONE');
  },
});

async function tellUntilLine(session: SessionContext): Promise<Buffer | undefined> {
  const { idleKeepaliveMs } = session.settings;
  const pace = new Pace(session.domain.clock);
  let hasNews = false;
  for (;;) {
    if (hasNews && pace.waitMs === 0) {
      await session.tellUpdates(true);
      hasNews = false;
      pace.told();
    }
    const event = await session.waitForLine(hasNews ? pace.waitMs : idleKeepaliveMs);
    if (event === 'hint') hasNews = true;
    else if (event === 'timeout' && !hasNews) writeStatus(session.out, '*', 'OK', 'Still here');
    else if (event === 'end') return undefined;
    else if (Buffer.isBuffer(event)) return event;
  }
}
