/** What submission says of its own (RFC 4954 §6, RFC 6409 §5). */
import type { MailboxErrorCode } from '../mailbox/model/errors.ts';
import type { Reply } from '../smtp/reply.ts';

export const SUBMISSION_REPLY = Object.freeze({
  signInFirst: { code: 530, text: '5.7.0 sign in first' },
  tlsFirst: { code: 530, text: '5.7.0 STARTTLS comes first' },
  signedIn: { code: 235, text: '2.7.0 signed in' },
  signedInAlready: { code: 503, text: '5.5.1 somebody is signed in already' },
  helloFirst: { code: 503, text: '5.5.1 EHLO comes first' },
  encryptFirst: { code: 538, text: '5.7.11 passwords are taken over TLS only; use STARTTLS first' },
  noMechanism: { code: 504, text: '5.5.4 this mechanism is not offered here' },
  expectedMechanism: { code: 501, text: '5.5.4 expected AUTH, a mechanism, and perhaps its first response' },
  notBase64: { code: 501, text: '5.5.2 expected base64' },
  cancelled: { code: 501, text: '5.7.0 signing in was cancelled' },
  spent: { code: 421, text: '4.7.0 too many failed attempts to sign in' },
  longLine: {
    code: 550,
    text: '5.6.0 a line of the message is longer than 998 octets, which the servers on its way need not take',
  },
  nul: { code: 550, text: '5.6.0 the message has NUL octets in it, which no server needs to take' },
  noField: { code: 550, text: '5.6.0 a line of the header is no field, or there are thousands of them' },
  noExpansion: { code: 502, text: '5.5.1 nobody is told who is on a list' },
  help: { code: 214, text: '2.0.0 RFC 6409 says what can be said here' },
} as const satisfies Record<string, Reply>);

/** A sign-in that failed: what cannot be judged at this moment is tried again by the program itself. */
const SIGN_IN: Partial<Readonly<Record<MailboxErrorCode, readonly [code: number, enhanced: string]>>> = {
  'bad-credentials': [535, '5.7.8'],
  forbidden: [535, '5.7.8'],
  throttled: [454, '4.7.0'],
};

export function signInReply(code: MailboxErrorCode, message: string): Reply {
  const [reply, enhanced] = SIGN_IN[code] ?? [454, '4.3.0'];
  return { code: reply, text: `${enhanced} ${message.replace(/[^\x20-\x7e]/g, '?')}` };
}
