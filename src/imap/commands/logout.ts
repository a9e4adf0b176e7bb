import { ANY_STATE, defineCommand } from '../command.ts';
import { ok, writeStatus } from '../replies.ts';
import { LOGOUT } from '../state.ts';
import { end } from '../wire/grammar.ts';

/** LOGOUT (RFC 9051 §6.1.3). */
export const logout = defineCommand({
  name: 'LOGOUT',
  states: ANY_STATE,
  needsNoMessages: true,
  parse: end,
  run({ session }) {
    writeStatus(session.out, '*', 'BYE', 'Goodbye');
    return { ...ok('LOGOUT completed'), next: LOGOUT };
  },
});
