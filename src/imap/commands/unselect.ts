import { defineCommand, SELECTED } from '../command.ts';
import { ok } from '../replies.ts';
import { end } from '../wire/grammar.ts';

/** UNSELECT (RFC 3691, RFC 9051 §6.4.2): leaves the mailbox and removes nothing from it. */
export const unselect = defineCommand({
  name: 'UNSELECT',
  states: SELECTED,
  needsNoMessages: true,
  parse: end,
  run({ session }) {
    session.deselect();
    return ok('UNSELECT completed');
  },
});
