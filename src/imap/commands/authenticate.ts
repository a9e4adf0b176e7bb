import { MAX_NAME_BYTES, MAX_PASSWORD_BYTES, type SaslStep } from '../../sasl/mechanism.ts';
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

/** No message of a mechanism is longer; what is sent beyond it is not worth decoding. */
const MAX_RESPONSE_BYTES = 2 * (2 * MAX_NAME_BYTES + MAX_PASSWORD_BYTES);
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
    if (mechanism.isPlaintext && !session.mayUsePlaintext) return refusePlaintext();
    const machine = mechanism.begin();
    let step = machine.start(initialResponse(args.initial));
    while (step.kind === 'challenge') {
      const response = await askFor(session, step.challenge);
      if (response === undefined) return bad('Authentication was cancelled');
      step = machine.next(response);
    }
    if (step.kind === 'credentials') return session.signIn(tag, step.credentials, mechanism.name);
    session.presence.refused();
    return refusal(step);
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
  if (text.length > MAX_RESPONSE_BYTES || !CANONICAL_BASE64.test(text)) {
    throw new SyntaxFault('Expected a response in base64');
  }
  return Buffer.from(text, 'base64');
}

/** RFC 5530 §3 AUTHORIZATIONFAILED: the name that signs in may not act for the other one. */
function refusal(step: Extract<SaslStep, { readonly kind: 'failure' }>): Completion {
  return step.failure === 'forbidden' ? no(step.text, 'AUTHORIZATIONFAILED') : bad(step.text);
}
