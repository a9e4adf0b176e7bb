import { ANY_STATE, defineCommand } from '../command.ts';
import { ok } from '../replies.ts';
import { end } from '../wire/grammar.ts';

/** NOOP (RFC 9051 §6.1.2): the session tells what is new after any command. */
export const noop = defineCommand({
  name: 'NOOP',
  states: ANY_STATE,
  parse: end,
  run: () => ok('NOOP completed'),
});
