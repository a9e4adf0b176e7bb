import { defineCommand } from '../command.ts';
import { bad, ok } from '../replies.ts';
import { end } from '../wire/grammar.ts';

/**
 * STARTTLS (RFC 9051 §6.2.1). What a client (or somebody between it and us) sent behind it in the clear is dropped before
 * the handshake: a command smuggled in there must not run with the client's rights.
 */
export const starttls = defineCommand({
  name: 'STARTTLS',
  states: ['not-authenticated'],
  parse: end,
  async run({ session, tag }) {
    if (session.isSecure) return bad('TLS is active already');
    await session.startTls(tag);
    return ok('TLS is active');
  },
  answersItself: true,
});
