import { defineCommand, SIGNED_IN } from '../command.ts';
import { bad, type Completion, no, ok, writeStatus } from '../replies.ts';
import { end } from '../wire/grammar.ts';

const DONE = 'DONE';

/**
 * IDLE (RFC 2177, RFC 9051 §6.3.13), with or without a mailbox open: Outlook sends it before any SELECT.
 *
 * What is new goes out before the `+`, because some clients take the first line after IDLE for the continuation; from
 * then on the moment it is durable. Now and then the line says that it is alive: a phone that changed networks does not
 * notice a dead connection by itself.
 */
export const idle = defineCommand({
  name: 'IDLE',
  states: SIGNED_IN,
  parse: end,
  async run({ session }): Promise<Completion> {
    await session.tellUpdates(true);
    session.out.ascii('+ idling').crlf();
    for (;;) {
      const event = await session.waitForLine(session.settings.idleKeepaliveMs);
      if (event === 'hint') await session.tellUpdates(true);
      else if (event === 'timeout') writeStatus(session.out, '*', 'OK', 'Still here');
      else if (event === 'end') return no('The connection is gone');
      else if (event.toString('latin1').trim().toUpperCase() === DONE) return ok('IDLE completed');
      else return bad('Expected DONE');
    }
  },
});
