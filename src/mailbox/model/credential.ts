/**
 * What somebody signs in with, as it is kept. An account has one password at most, and any number of others beside it; those
 * that a browser holds (`web-session`) are children of the password and end with it. A second step beside the password is a
 * device that makes codes (`totp`), a key that signs (`passkey`), or, when neither is at hand, one of the codes that were written
 * down (`recovery-codes`, all in one row). What a secret is made of, and who may use it for what, is `identity/`'s matter; the
 * store keeps rows.
 */

export const CREDENTIAL_KINDS = [
  'password',
  'app-password',
  'web-session',
  'totp',
  'passkey',
  'recovery-codes',
] as const;
export type CredentialKind = (typeof CREDENTIAL_KINDS)[number];

/** When, from where and by what program somebody signed in with it. */
export interface CredentialUse {
  readonly atMs: number;
  readonly remote: string;
  readonly service: string;
}

/**
 * What a client's proof that it has the password is checked with (RFC 5802, as RFC 5803 keeps it): all in base64, each key
 * pair as `StoredKey:ServerKey`. Never logged.
 */
export interface ProofKeys {
  readonly salt: string;
  readonly iterations: number;
  /** One for each way to write the password. */
  readonly sha256: readonly string[];
  readonly sha1: readonly string[];
}

/** Of a key that signs: its secret is not here, only what its signatures are checked with. */
export interface PasskeyFacts {
  /** The name in the browser's address to which it belongs. */
  readonly host: string;
  /** How often it has signed, as it says itself; 0 of one that does not count. */
  readonly signed: number;
  /** How browsers reach it, in their words. */
  readonly transports?: readonly string[];
}

export interface NewCredential {
  readonly kind: CredentialKind;
  /** Never logged. Of a password a PHC string (`$argon2id$...`) or another server's (`{SCHEME}...`). */
  readonly secret: string;
  readonly createdMs: number;
  /** What its owner calls it. */
  readonly name?: string;
  /** The services it is good for (`imap`, `pop3`); all when absent. */
  readonly services?: readonly string[];
  /** Networks (`192.0.2.0/24`) from which it is good; from everywhere when absent. */
  readonly networks?: readonly string[];
  readonly expiresMs?: number;
  readonly lastUse?: CredentialUse;
  /** Of a browser's: its person says that nobody else uses that device. */
  readonly isOwnDevice?: boolean;
  /** Absent of a password that was set before there were any, or came from another server. */
  readonly proofKeys?: ProofKeys;
  /** What was last taken, for what must not be taken again: of codes the time step, of a passkey the moment of the challenge. */
  readonly counter?: number;
  readonly passkey?: PasskeyFacts;
}

export interface StoredCredential extends NewCredential {
  /** Never given twice, whatever becomes of the account. */
  readonly id: number;
}

/**
 * What is to be otherwise. One with a number takes the place of the one that has it, if that is still there; a new password
 * takes the place of the old one, and with that go all sessions of browsers. Of what makes codes, and of the codes that were written
 * down, an account has one at most as well.
 */
export interface CredentialChange {
  readonly put?: readonly (NewCredential | StoredCredential)[];
  readonly dropped?: readonly number[];
  /** Each must be there with this secret and counter, or nothing is changed: what is good once is spent once. */
  readonly expected?: readonly StoredCredential[];
}

/** What is stored of the account's password: the string, or undefined when there is none. */
export function passwordIn(credentials: readonly StoredCredential[]): StoredCredential | undefined {
  return credentials.find(({ kind }) => kind === 'password');
}

/** The kinds that a new one of this kind takes the place of, in the same step as it comes. */
export const REPLACES: Readonly<Record<CredentialKind, readonly CredentialKind[]>> = Object.freeze({
  password: ['password', 'web-session'],
  'app-password': [],
  'web-session': [],
  totp: ['totp'],
  passkey: [],
  'recovery-codes': ['recovery-codes'],
});

/** Whether everything that a change goes out from is still so. */
export function isAsExpected(
  credentials: readonly StoredCredential[],
  { expected = [] }: CredentialChange,
): boolean {
  return expected.every(({ id, secret, counter }) =>
    credentials.some((one) => one.id === id && one.secret === secret && one.counter === counter),
  );
}

/** Whether the password alone does not let anybody in. */
export function hasSecondStep(credentials: readonly Pick<StoredCredential, 'kind'>[]): boolean {
  return credentials.some(({ kind }) => kind === 'totp' || kind === 'passkey');
}

/** How many of this kind have no keys for proofs. */
export function withoutProofKeys(credentials: readonly StoredCredential[], kind: CredentialKind): number {
  return credentials.reduce(
    (sum, one) => sum + (one.kind === kind && one.proofKeys === undefined ? 1 : 0),
    0,
  );
}
