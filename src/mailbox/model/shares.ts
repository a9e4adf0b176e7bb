/**
 * Who has which rights in the mailboxes of an account beside its owner, who always has all. Kept with the owner's account, row by row:
 * of which mailbox, for whom, which rights.
 *
 * Whom a grant is for is an identity: `anyone`; an account, by its number, so that whoever gets the address of one that is gone
 * gets none of its rights; a group, by the address that leads to its members. With `-` in front the rights are taken
 * from what the same identity, or another one, gives (RFC 4314 §2).
 */
import type { AccountId, MailboxId } from './model.ts';
import { NO_RIGHTS, type Rights, united, without } from './rights.ts';

/** Without the `-`. */
export type Identity = string;

export const ANYONE: Identity = 'anyone';
export const NEGATIVE = '-';

export const accountIdentity = (id: AccountId): Identity => `#${id}`;

/** Undefined of anybody else. */
export function accountOfIdentity(identity: Identity): AccountId | undefined {
  return identity.startsWith('#') ? (Number(identity.slice(1)) as AccountId) : undefined;
}

export interface ShareRow {
  readonly mailbox: MailboxId;
  /** With `-` in front where the rights are taken. */
  readonly identity: Identity;
  /** There is no row without any. */
  readonly rights: Rights;
}

/** Of one mailbox, by identity. */
export type Shares = ReadonlyMap<Identity, Rights>;

export const SHARE_LIMITS = Object.freeze({
  perMailbox: 100,
  perAccount: 5000,
  /** Accounts that share something with the same identity: that many its mail programs have to list. */
  perIdentity: 200,
});

/** Somebody who is not the owner: himself, `anyone` and the groups that he is in. */
export interface Person {
  readonly id: AccountId;
  readonly identities: ReadonlySet<Identity>;
}

/** What is given by any identity and taken by none. */
export function rightsIn(shares: Shares | undefined, { identities }: Person): Rights {
  if (shares === undefined || shares.size === 0) return NO_RIGHTS;
  let given = '';
  let taken = '';
  for (const [identity, rights] of shares) {
    if (identities.has(identity)) given += rights;
    else if (identity.startsWith(NEGATIVE) && identities.has(identity.slice(1))) taken += rights;
  }
  return without(united(given), taken);
}
