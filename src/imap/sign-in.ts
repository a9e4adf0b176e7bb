/** What LOGIN and AUTHENTICATE say when passwords may not be sent. */
import { type Completion, no } from './replies.ts';

/** RFC 5530 §3 PRIVACYREQUIRED: the client's answer to it is STARTTLS, not another password. */
export function refusePlaintext(): Completion {
  return no('Passwords are taken over TLS only; use STARTTLS first', 'PRIVACYREQUIRED');
}
