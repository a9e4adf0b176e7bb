import { ExchangeFault } from '../../identity/exchange.ts';
import { MAX_RESPONSE_BYTES } from '../../sasl/mechanism.ts';
import { findMechanism } from '../../sasl/mechanisms.ts';
import { defineCommand } from '../command.ts';
import type { DoorContext } from '../context.ts';
import { bad, type Completion, no } from '../replies.ts';
import { refusePlaintext } from '../sign-in.ts';
import { SyntaxFault } from '../wire/fault.ts';
import { atom, base64, end, isTrailingSpace, maybeSp, sp } from '../wire/grammar.ts';

interface AuthenticateArgs {
  readonly mechanism: string;
  /** Base64, or `=` for an empty one (RFC 4959 §3). */
  readonly initial: string | undefined;
}

/** Of base64. */
const MAX_RESPONSE_CHARACTERS = Math.ceil(MAX_RESPONSE_BYTES / 3) * 4;
const CANONICAL_BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** AUTHENTICATE (RFC 9051 §6.2.2), with an initial response when the client has one (RFC 4959). */
export const authenticate = defineCommand({
  name: 'AUTHENTICATE',
  states: ['not-authenticated'],
  parse(c): AuthenticateArgs {
    sp(c);
    const mechanism = atom(c);
    const initial = !isTrailingSpace(c) && maybeSp(c) ? base64(c) : undefined;
    end(c);
    return { mechanism, initial };
  },
  async run({ session, tag }, args): Promise<Completion> {
    const mechanism = findMechanism(args.mechanism);
    if (mechanism === undefined) return no('This mechanism is not offered', 'CANNOT');
    if (!session.saslTerms.mayUsePlaintext) return refusePlaintext();
    if (!mechanism.isOffered(session.saslTerms)) return no('This mechanism is not offered here', 'CANNOT');
    const initial = initialResponse(args.initial);
    const ask = (challenge: Buffer): Promise<Buffer | undefined> => askFor(session, challenge);
    try {
      return await session.exchange(tag, { mechanism, terms: session.saslTerms, initial, ask });
    } catch (error) {
      if (error instanceof ExchangeFault) return refusal(error);
      throw error;
    }
  },
});

function initialResponse(initial: string | undefined): Buffer | undefined {
  if (initial === undefined) return undefined;
  return initial === '=' ? Buffer.alloc(0) : decoded(initial);
}

/** Undefined when the client gives up, by `*` or by going away. */
async function askFor(session: DoorContext, challenge: Buffer): Promise<Buffer | undefined> {
  session.out.ascii('+ ').ascii(challenge.toString('base64')).crlf();
  const line = await session.readLine();
  if (line === undefined || line.equals(CANCEL)) return undefined;
  return decoded(line.toString('latin1'));
}

const CANCEL = Buffer.from('*');

function decoded(text: string): Buffer {
  if (text.length > MAX_RESPONSE_CHARACTERS || !CANONICAL_BASE64.test(text)) {
    throw new SyntaxFault('Expected a response in base64');
  }
  return Buffer.from(text, 'base64');
}

/** RFC 5530 §3 AUTHORIZATIONFAILED: the name that signs in may not act for the other one. */
function refusal({ kind, message }: ExchangeFault): Completion {
  return kind === 'forbidden' ? no(message, 'AUTHORIZATIONFAILED') : bad(message);
}
