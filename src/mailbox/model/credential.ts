/**
 * What somebody signs in with, as it is kept. An account has one password at most, and any number of others beside it. What
 * a secret is made of, and who may use it for what, is `identity/`'s matter; the store keeps rows.
 */

export const CREDENTIAL_KINDS = ['password', 'app-password'] as const;
export type CredentialKind = (typeof CREDENTIAL_KINDS)[number];

/** When, from where and by what program somebody signed in with it. */
export interface CredentialUse {
  readonly atMs: number;
  readonly remote: string;
  readonly service: string;
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
}

export interface StoredCredential extends NewCredential {
  /** Never given twice, whatever becomes of the account. */
  readonly id: number;
}

/**
 * What is to be otherwise. One with a number takes the place of the one that has it, if that is still there; a new password
 * takes the place of the old one.
 */
export interface CredentialChange {
  readonly put?: readonly (NewCredential | StoredCredential)[];
  readonly dropped?: readonly number[];
}

/** What is stored of the account's password: the string, or undefined when there is none. */
export function passwordIn(credentials: readonly StoredCredential[]): StoredCredential | undefined {
  return credentials.find(({ kind }) => kind === 'password');
}
