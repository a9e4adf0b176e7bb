/** The port to the directory of accounts. */
import type { CredentialChange, CredentialKind, NewCredential } from '../model/credential.ts';
import type { AccountId, AccountRecord } from '../model/model.ts';
import type { OwnLimitChanges, OwnLimits } from '../model/quota.ts';
import type { Domains } from './domains.ts';

/** Who may sign in. Small, read often: implementations may cache, for they are its only writer or follow the one there is. */
export interface Directory {
  /** Domains, aliases and keys. */
  readonly domains: Domains;
  find(address: string): Promise<AccountRecord | undefined>;
  get(id: AccountId): Promise<AccountRecord | undefined>;
  /** Ordered by address. */
  list(): Promise<readonly AccountRecord[]>;
  /** How many credentials of this kind cannot be proven without being sent; asked of every connection. */
  withoutProofKeys(kind: CredentialKind): number;
  /** The one that was made first of those there are. */
  eldest(): Promise<AccountRecord | undefined>;
  /** No account was ever made, not even one that is gone again. */
  isUntouched(): Promise<boolean>;
  /** Each is created or refused by itself (`exists`: an account or an alias has the address); durable when it resolves. */
  create(
    accounts: readonly (OwnLimits & {
      readonly address: string;
      readonly credentials: readonly NewCredential[];
      readonly createdMs: number;
    })[],
  ): Promise<readonly (AccountRecord | 'exists')[]>;
  /**
   * A value of undefined removes the limit or setting. Undefined: there is no such account, or its credentials are not as the change
   * expects them; nothing is changed then.
   */
  update(
    id: AccountId,
    change: OwnLimitChanges & {
      readonly credentials?: CredentialChange;
      readonly settings?: Readonly<Record<string, string | undefined>>;
    },
  ): Promise<AccountRecord | undefined>;
  /** Hides the account at once and remembers it until `forget`: a crash between the two is picked up at the next start. */
  remove(id: AccountId): Promise<void>;
  removing(): Promise<readonly AccountId[]>;
  forget(id: AccountId): Promise<void>;
}
