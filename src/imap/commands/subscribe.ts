import { isOfOthers } from '../../mail/mailbox-name.ts';
import { setSubscribed, setSubscribedToOthers } from '../../mailbox/operations/folders.ts';
import { type Command, defineCommand, SIGNED_IN } from '../command.ts';
import { ok } from '../replies.ts';
import { end } from '../wire/grammar.ts';
import { spSuppliedMailbox } from '../wire/mailbox.ts';

/** SUBSCRIBE and UNSUBSCRIBE (RFC 9051 §6.3.7, §6.3.8). What was asked for outlives its mailbox. */
export const subscribe = subscribing('SUBSCRIBE', true);
export const unsubscribe = subscribing('UNSUBSCRIBE', false);

function subscribing(command: string, isSubscribed: boolean): Command {
  return defineCommand({
    name: command,
    states: SIGNED_IN,
    parse(c) {
      const target = spSuppliedMailbox(c);
      end(c);
      return target.name;
    },
    async run({ session }, name) {
      const { domain, reach } = session;
      if (!isOfOthers(name) || reach.own.byName.has(name))
        await setSubscribed(domain, reach.own, name, isSubscribed);
      else {
        // RFC 4314 §4: whoever unsubscribes needs no rights.
        if (isSubscribed) await reach.mailboxOf(name, 'l');
        await setSubscribedToOthers(domain, reach.own, name, isSubscribed);
      }
      return ok(`${command} completed`);
    },
  });
}
