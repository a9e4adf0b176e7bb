import { login as loginMechanism } from '../../sasl/login.ts';
import { defineCommand } from '../command.ts';
import { bad, type Completion } from '../replies.ts';
import { refusePlaintext } from '../sign-in.ts';
import { astring, end, sp } from '../wire/grammar.ts';

interface LoginArgs {
  readonly username: Buffer;
  readonly password: Buffer;
}

/**
 * LOGIN (RFC 9051 §6.2.3): the two values that SASL's mechanism of the same name asks for, so they are judged, limited
 * and prepared by that mechanism and nowhere else.
 */
export const login = defineCommand({
  name: 'LOGIN',
  states: ['not-authenticated'],
  parse(c): LoginArgs {
    sp(c);
    const username = astring(c, 'a user name');
    sp(c);
    const password = astring(c, 'a password');
    end(c);
    return { username, password };
  },
  async run({ session, tag }, { username, password }): Promise<Completion> {
    if (!session.saslTerms.mayUsePlaintext) return refusePlaintext();
    const machine = loginMechanism.begin(session.saslTerms);
    machine.start();
    let step = machine.next(username);
    if (step.kind === 'challenge') step = machine.next(password);
    if (step.kind === 'credentials') return session.signIn(tag, step.credentials, 'LOGIN');
    session.presence.refused();
    return bad('Empty or impossible user name or password');
  },
});
