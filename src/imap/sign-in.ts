/**
 * The end of LOGIN and of AUTHENTICATE: credentials become the authenticated state. The OK carries the capabilities, so
 * that no client has to ask for them again (RFC 9051 §7.1 `CAPABILITY`).
 */
import type { Credentials } from '../sasl/mechanism.ts';
import type { SessionContext } from './context.ts';
import { type Completion, no, ok } from './replies.ts';

/** Throws MailboxError for wrong credentials. */
export async function completeSignIn(
  session: SessionContext,
  credentials: Credentials,
  mechanism: string,
): Promise<Completion> {
  const { account, capabilities } = await session.signIn(credentials, mechanism);
  return {
    ...ok('Signed in', `CAPABILITY ${capabilities.join(' ')}`),
    next: { kind: 'authenticated', account },
  };
}

/** RFC 5530 §3 PRIVACYREQUIRED: the client's answer to it is STARTTLS, not another password. */
export function refusePlaintext(): Completion {
  return no('Passwords are taken over TLS only; use STARTTLS first', 'PRIVACYREQUIRED');
}
