import type { Secret } from '../base/secret.ts';

/**
 * What every SASL mechanism is (RFC 4422 §3): a machine that turns the client's messages into challenges and at last
 * into credentials. It is pure. It knows no protocol, no base64, no account and no clock: the protocol frames the
 * messages and limits them, `mailbox/` decides whether the credentials are good.
 *
 * A machine serves one exchange and is then dropped. After `credentials` or `failure` it is never asked again.
 */
export interface Credentials {
  readonly username: string;
  readonly password: Secret;
  /** Whom the client wants to act as, when it names anybody but itself. Nobody may, today: see `plain.ts`. */
  readonly authzid?: string;
}

/** `malformed`: the message breaks the mechanism's grammar. `forbidden`: it is well formed and asks too much. */
export type SaslFailure = 'malformed' | 'forbidden';

export type SaslStep =
  | { readonly kind: 'challenge'; readonly challenge: Buffer }
  | { readonly kind: 'credentials'; readonly credentials: Credentials }
  | { readonly kind: 'failure'; readonly failure: SaslFailure; readonly text: string };

export interface SaslMachine {
  /** `initial` is the initial response when the protocol carried one; an empty one is not an absent one (RFC 4422 §3). */
  start(initial?: Buffer): SaslStep;
  next(response: Buffer): SaslStep;
}

export interface SaslMechanism {
  /** As announced: `AUTH=PLAIN`, `SASL PLAIN`. */
  readonly name: string;
  /** The password crosses the wire readable: offered only where the configuration lets passwords travel. */
  readonly isPlaintext: boolean;
  begin(): SaslMachine;
}

/** Longer names and passwords are refused before any work is done on them (hashing a megabyte is an attack). */
export const MAX_NAME_BYTES = 1024;
export const MAX_PASSWORD_BYTES = 1024;

export function challenge(text: string): SaslStep {
  return { kind: 'challenge', challenge: Buffer.from(text, 'latin1') };
}

export function failure(reason: SaslFailure, text: string): SaslStep {
  return { kind: 'failure', failure: reason, text };
}
