import type { Secret } from '../base/secret.ts';
import type { ChannelBindings } from './channel-binding.ts';
import type { AccountKeys, ScramHash } from './scram-keys.ts';

/**
 * What every SASL mechanism is (RFC 4422 §3): a machine that turns the client's messages into challenges and at last
 * into credentials. It is pure. It knows no protocol, no base64, no account and no clock: the protocol frames the
 * messages and limits them, `identity/` decides whether the credentials are good, and gives what is kept of an account to the
 * mechanisms that compute with it.
 *
 * A machine serves one exchange and is then dropped. After `credentials` or `failure` it is never asked again.
 */
export type Credentials = PasswordCredentials | ProofCredentials | TokenCredentials | CertificateCredentials;

export interface PasswordCredentials {
  readonly kind: 'password';
  readonly username: string;
  readonly password: Secret;
}

/** A password that was never sent (RFC 5802). */
export interface ProofCredentials {
  readonly kind: 'proof';
  readonly username: string;
  /** What it was proven of; undefined when the proof fits nothing that the account has. */
  readonly proven: { readonly credential: number; readonly stored: Buffer } | undefined;
}

/** What an issuer elsewhere says of whoever has it (RFC 7628). */
export interface TokenCredentials {
  readonly kind: 'token';
  /** As whom the client wants to sign in; empty when it leaves that to the token. */
  readonly username: string;
  readonly token: Secret;
}

/** What TLS has shown already (RFC 4422 appendix A). */
export interface CertificateCredentials {
  readonly kind: 'certificate';
  /** As whom the client wants to sign in; empty when it leaves that to the certificate. */
  readonly username: string;
  readonly certified: readonly string[];
}

/** `malformed`: the message breaks the mechanism's grammar. `forbidden`: it is well formed and asks too much. */
export type SaslFailure = 'malformed' | 'forbidden';

export type SaslStep =
  | { readonly kind: 'challenge'; readonly challenge: Buffer }
  /** It goes on when `useKeys` has been told what is kept of the account. */
  | { readonly kind: 'keys-wanted'; readonly username: string; readonly hash: ScramHash }
  | {
      readonly kind: 'credentials';
      readonly credentials: Credentials;
      /** The server's last message, when they are good; the client answers it with an empty one. */
      readonly whenGood?: Buffer;
      /** The same when they are not, before the refusal. */
      readonly whenBad?: Buffer;
    }
  | { readonly kind: 'failure'; readonly failure: SaslFailure; readonly text: string };

export interface SaslMachine {
  /** `initial` is the initial response when the protocol carried one; an empty one is not an absent one (RFC 4422 §3). */
  start(initial?: Buffer): SaslStep;
  next(response: Buffer): SaslStep;
  useKeys?(keys: AccountKeys): SaslStep;
}

/** What a connection and the accounts allow. */
export interface SaslTerms {
  /** May a password be used here at all: see `plaintext.ts`. */
  readonly mayUsePlaintext: boolean;
  /** The accounts have what proofs are checked with. */
  readonly hasScram: boolean;
  /** Undefined where nothing binds what is said to the connection it is said on. */
  readonly bindings: ChannelBindings | undefined;
  /** Undefined where no issuer's tokens are taken. */
  readonly tokens?: TokenTerms | undefined;
  /** The addresses in the certificate that the client has shown. */
  readonly certified?: readonly string[];
}

/** What a client without a good token is told (RFC 7628 §3.2.2). */
export interface TokenTerms {
  readonly scope?: string;
  /** The URL of the issuer's OpenID configuration. */
  readonly configuration?: string;
}

export interface SaslMechanism {
  /** As announced: `AUTH=PLAIN`, `SASL PLAIN`. */
  readonly name: string;
  isOffered(terms: SaslTerms): boolean;
  begin(terms: SaslTerms): SaslMachine;
}

/** Longer names and passwords are refused before any work is done on them (hashing a megabyte is an attack). */
export const MAX_NAME_BYTES = 1024;
export const MAX_PASSWORD_BYTES = 1024;
/** No message of any mechanism is longer; what is sent beyond it is not worth decoding. The longest are tokens. */
export const MAX_RESPONSE_BYTES = 32 * 1024;

export function challenge(text: string): SaslStep {
  return { kind: 'challenge', challenge: Buffer.from(text, 'latin1') };
}

export function failure(reason: SaslFailure, text: string): SaslStep {
  return { kind: 'failure', failure: reason, text };
}
