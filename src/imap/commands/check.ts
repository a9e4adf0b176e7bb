import { defineCommand, SELECTED } from '../command.ts';
import { ok } from '../replies.ts';
import { end } from '../wire/grammar.ts';

/** CHECK (RFC 3501 §6.4.1), gone from IMAP4rev2: everything that was answered is on the disk already. */
export const check = defineCommand({
  name: 'CHECK',
  states: SELECTED,
  parse: end,
  run: () => ok('CHECK completed'),
});
