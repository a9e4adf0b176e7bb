/**
 * A SASL exchange from its first message to credentials, for every protocol in which people sign in (RFC 4422 §3). The protocol
 * frames messages (`ask`); what a mechanism has to know of the account is asked of the authenticator.
 */
import type { Connection } from '../net/connection.ts';
import type { SaslFailure, SaslMechanism, SaslStep, SaslTerms } from '../sasl/mechanism.ts';
import { allowsPlaintext, type PlaintextRule } from '../sasl/plaintext.ts';
import type { Authenticator } from './authenticator.ts';

export interface Exchange {
  readonly mechanism: SaslMechanism;
  readonly terms: SaslTerms;
  readonly initial: Buffer | undefined;
  /** Undefined when the client gives up. Throws what the protocol throws when the client is gone or writes nonsense. */
  ask(challenge: Buffer): Promise<Buffer | undefined>;
  /** Where the protocol's success has room for the server's last message, the client is not asked for its empty answer. */
  carry?(last: Buffer): void;
}

/** It ended without credentials. */
export class ExchangeFault extends Error {
  override readonly name = 'ExchangeFault';
  readonly kind: SaslFailure | 'cancelled';

  constructor(kind: ExchangeFault['kind'], text: string) {
    super(text);
    this.kind = kind;
  }
}

/** Throws `ExchangeFault`. */
export async function converse(
  { mechanism, terms, initial, ask }: Exchange,
  authenticator: Pick<Authenticator, 'keysOf'>,
): Promise<Extract<SaslStep, { readonly kind: 'credentials' }>> {
  const machine = mechanism.begin(terms);
  let step = machine.start(initial);
  for (;;) {
    if (step.kind === 'credentials') return step;
    if (step.kind === 'failure') throw new ExchangeFault(step.failure, step.text);
    if (step.kind === 'challenge') step = machine.next(await answer(ask, step.challenge));
    else {
      const keys = await authenticator.keysOf(step.username, step.hash);
      step = machine.useKeys?.(keys) ?? { kind: 'failure', failure: 'malformed', text: 'Nobody wants keys' };
    }
  }
}

/** The server's last message. */
export async function tellLast(ask: Exchange['ask'], message: Buffer): Promise<void> {
  const response = await answer(ask, message);
  if (response.length > 0) throw new ExchangeFault('malformed', 'There was nothing more to say');
}

/** What can be used on this connection, now. */
export function termsOn(
  connection: Connection,
  rule: PlaintextRule,
  authenticator: Pick<Authenticator, 'hasScram' | 'tokenTerms'>,
): SaslTerms {
  const isBound = connection.tlsVersion === 'TLSv1.3';
  return {
    mayUsePlaintext: allowsPlaintext(rule, connection),
    hasScram: authenticator.hasScram,
    tokens: authenticator.tokenTerms,
    certified: connection.certifiedAddresses,
    bindings: isBound ? (type) => connection.channelBinding(type) : undefined,
  };
}

async function answer(ask: Exchange['ask'], challenge: Buffer): Promise<Buffer> {
  const response = await ask(challenge);
  if (response === undefined) throw new ExchangeFault('cancelled', 'Authentication was cancelled');
  return response;
}
