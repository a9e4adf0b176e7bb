import { ANY_STATE, defineCommand } from '../command.ts';
import { ok } from '../replies.ts';
import { end } from '../wire/grammar.ts';

/** CAPABILITY (RFC 9051 §6.1.1). What it lists is what is registered. */
export const capability = defineCommand({
  name: 'CAPABILITY',
  states: ANY_STATE,
  parse: end,
  run({ session }) {
    session.out.ascii(`* CAPABILITY ${session.capabilities.join(' ')}`).crlf();
    return ok('CAPABILITY completed');
  },
});
