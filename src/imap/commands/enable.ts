import { defineCommand, SIGNED_IN } from '../command.ts';
import { ok } from '../replies.ts';
import { enableList } from '../wire/account-args.ts';
import { end } from '../wire/grammar.ts';

/**
 * ENABLE (RFC 5161, RFC 9051 §6.3.1). What is unknown or cannot be enabled is passed over; ENABLED names what this
 * command has switched on, and comes even when that is nothing. Possible with a mailbox open, as RFC 5161 §3.1 leaves it
 * to servers; the next response is written in the new modes.
 */
export const enable = defineCommand({
  name: 'ENABLE',
  states: SIGNED_IN,
  parse(c, tables) {
    const words = enableList(c);
    end(c);
    return words.flatMap((word) => tables.enables.get(word) ?? []);
  },
  run(call, wanted) {
    const { out, modes } = call.session;
    const fresh: string[] = [];
    for (const mode of wanted) {
      if (modes.enabled.has(mode.name)) continue;
      if (mode.mayEnable?.(call) === false) continue;
      modes.enabled.add(mode.name);
      mode.enable(call);
      fresh.push(mode.name);
    }
    out.isUtf8 = modes.isUtf8;
    out.ascii(['* ENABLED', ...fresh].join(' ')).crlf();
    return ok('ENABLE completed');
  },
});
