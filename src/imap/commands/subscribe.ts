import { setSubscribed } from '../../mailbox/operations/folders.ts';
import { type Command, defineCommand, SIGNED_IN } from '../command.ts';
import { ok } from '../replies.ts';
import { end } from '../wire/grammar.ts';
import { spSuppliedMailbox } from '../wire/mailbox.ts';

/** SUBSCRIBE and UNSUBSCRIBE (RFC 9051 §6.3.7, §6.3.8). What was asked for outlives its mailbox. */
export const subscribe = subscribing('SUBSCRIBE', true);
export const unsubscribe = subscribing('UNSUBSCRIBE', false);

function subscribing(name: string, isSubscribed: boolean): Command {
  return defineCommand({
    name,
    states: SIGNED_IN,
    parse(c) {
      const target = spSuppliedMailbox(c);
      end(c);
      return target.name;
    },
    async run({ session, state }, mailbox) {
      await setSubscribed(session.domain, state.account, mailbox, isSubscribed);
      return ok(`${name} completed`);
    },
  });
}
