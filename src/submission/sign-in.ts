/** AUTH (RFC 4954 §4): the exchange of SASL in lines of SMTP. */
import { type Exchange, ExchangeFault } from '../identity/exchange.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import { MAX_RESPONSE_BYTES, type SaslTerms } from '../sasl/mechanism.ts';
import { findMechanism } from '../sasl/mechanisms.ts';
import { CommandFault } from '../smtp/command.ts';
import { ClientGone, type Dialogue } from '../smtp/role.ts';
import { SUBMISSION_REPLY as REPLY, signInReply } from './replies.ts';

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** What AUTH asks for. Throws `CommandFault`. */
export function exchangeOf(argument: string, terms: SaslTerms, dialogue: Dialogue): Exchange {
  const [, name, initial] = /^([A-Za-z0-9_-]{1,40})(?: +(\S+))?$/.exec(argument) ?? [];
  if (name === undefined) throw new CommandFault(REPLY.expectedMechanism);
  const mechanism = findMechanism(name);
  if (mechanism === undefined) throw new CommandFault(REPLY.noMechanism);
  if (!terms.mayUsePlaintext) throw new CommandFault(REPLY.encryptFirst);
  if (!mechanism.isOffered(terms)) throw new CommandFault(REPLY.noMechanism);
  return {
    mechanism,
    terms,
    initial: initial === undefined ? undefined : decoded(initial),
    async ask(challenge) {
      dialogue.say({ code: 334, text: challenge.toString('base64') });
      const line = await dialogue.line();
      if (line === undefined) throw new ClientGone('the client went away while it signed in');
      const text = line.toString('latin1');
      return text === '*' ? undefined : decoded(text);
    },
  };
}

/** Why nobody is signed in, as a reply. Rethrows what is no matter of the client's. */
export function refusalOf(error: unknown) {
  if (error instanceof MailboxError) return signInReply(error.code, error.message);
  if (!(error instanceof ExchangeFault)) throw error;
  if (error.kind === 'cancelled') return REPLY.cancelled;
  const enhanced = error.kind === 'forbidden' ? '5.7.8' : '5.5.2';
  return { code: error.kind === 'forbidden' ? 535 : 501, text: `${enhanced} ${error.message}` };
}

/** An equals sign alone is an empty one (RFC 4954 §4). */
function decoded(text: string): Buffer {
  if (text === '=') return Buffer.alloc(0);
  if (text.length > MAX_RESPONSE_BYTES * 2 || !BASE64.test(text)) throw new CommandFault(REPLY.notBase64);
  return Buffer.from(text, 'base64');
}
