/**
 * UNAUTHENTICATE (RFC 8437): the client of many accounts signs out and keeps its connection, and TLS with it. Offered after
 * sign-in alone, and not where it cannot be done: on a connection that another process has handed over, whose door is there,
 * and on a compressed one, whose octets cannot go back to what they were.
 */
import { defineCommand, SIGNED_IN } from '../command.ts';
import { defineExtension } from '../extension.ts';
import { bad, ok } from '../replies.ts';
import { NOT_AUTHENTICATED } from '../state.ts';
import { end } from '../wire/grammar.ts';

const unauthenticateCommand = defineCommand({
  name: 'UNAUTHENTICATE',
  states: SIGNED_IN,
  needsNoMessages: true,
  parse: end,
  run: ({ session }) =>
    session.mayGoBack
      ? { ...ok('Signed out'), next: NOT_AUTHENTICATED }
      : bad('UNAUTHENTICATE is not possible on this connection'),
});

export const unauthenticate = defineExtension({
  rfc: 'RFC 8437 UNAUTHENTICATE',
  capabilities: ({ mayGoBack }) => (mayGoBack === true ? ['UNAUTHENTICATE'] : []),
  commands: [unauthenticateCommand],
});
