/**
 * Who may do what in a mailbox: rights given, taken and looked up (RFC 4314). The owner has all of them, whatever is said, so that he
 * cannot lock himself out. Somebody else acts through `guarded`, which asks in every change whether he still may: rights that were taken
 * count from the next change on, however long his command takes.
 */
import type { Domain } from '../domain.ts';
import { MailboxError } from '../model/errors.ts';
import { changedRights, NO_RIGHTS, type Right, type Rights, type RightsChange } from '../model/rights.ts';
import {
  accountIdentity,
  accountOfIdentity,
  type Identity,
  NEGATIVE,
  type Person,
  rightsIn,
  SHARE_LIMITS,
  type Shares,
} from '../model/shares.ts';
import type { AccountState } from '../state/account.ts';
import type { MailboxState } from '../state/mailbox.ts';
import { tellAffected } from './share-notices.ts';

/** Something is there for him, and he lacks the right to this. */
export class NotPermitted extends MailboxError {
  constructor(message: string) {
    super('forbidden', message);
  }
}

/** Nothing in a mailbox that is gone. */
export function rightsOf(account: AccountState, mailbox: MailboxState, person: Person): Rights {
  return mailbox.isGone ? NO_RIGHTS : rightsIn(account.shares.get(mailbox.id), person);
}

/** Beside the owner, by identity. */
export function sharesOf(account: AccountState, mailbox: MailboxState): Shares {
  return account.shares.get(mailbox.id) ?? new Map();
}

/** The domain for somebody who is there by leave: `check` throws where he has lost it, and nothing is changed then. */
export function guarded(domain: Domain, check: () => void): Domain {
  const { outbox, onRoom, onRoomMade, onShared } = domain.turns;
  return {
    ...domain,
    turns: {
      outbox,
      onRoom,
      onRoomMade,
      onShared,
      run: (operation) =>
        domain.turns.run({
          ...operation,
          run: (change) => {
            check();
            return operation.run(change);
          },
        }),
    },
  };
}

export interface Grant {
  /** With `-` in front or not. */
  readonly identity: Identity;
  readonly wanted: RightsChange;
}

/** `changeAllShares` of one. */
export async function changeShares(
  domain: Domain,
  account: AccountState,
  mailbox: MailboxState,
  identity: Identity,
  wanted: RightsChange,
  by?: string,
): Promise<Rights> {
  const [rights] = await changeAllShares(domain, account, mailbox, [{ identity, wanted }], by);
  return rights as Rights;
}

/**
 * Gives each identity other rights in the mailbox, all in one change, and says which it has now. `by`: the address of who does it, where that
 * is not the owner. Throws MailboxError `nonexistent`, `limit`, `cannot` (the owner's own).
 */
export async function changeAllShares(
  domain: Domain,
  account: AccountState,
  mailbox: MailboxState,
  grants: readonly Grant[],
  by = account.record.address,
): Promise<readonly Rights[]> {
  const own = accountIdentity(account.id);
  if (grants.some(({ identity }) => identity === own || identity === NEGATIVE + own))
    throw new MailboxError('cannot', 'the owner has all rights and keeps them');
  const changed = await domain.turns.run({
    account,
    run: (change) => {
      change.requireThere(mailbox);
      return grants.map(({ identity, wanted }) => {
        const shares = sharesOf(account, mailbox);
        const before = shares.get(identity) ?? NO_RIGHTS;
        const after = changedRights(before, wanted);
        if (!shares.has(identity) && after !== NO_RIGHTS) refuseTooMany(account, shares);
        change.shares.grant(mailbox, identity, after);
        return { identity, before, after };
      });
    },
  });
  await tellAffected(domain, account, mailbox, changed, by);
  return changed.map(({ after }) => after);
}

function refuseTooMany(account: AccountState, here: Shares): void {
  const { perMailbox, perAccount } = SHARE_LIMITS;
  if (here.size >= perMailbox)
    throw new MailboxError(
      'limit',
      `a mailbox can be shared with at most ${perMailbox}; use a group, or take somebody's rights first`,
    );
  let all = 0;
  for (const shares of account.shares.values()) all += shares.size;
  if (all >= perAccount)
    throw new MailboxError(
      'limit',
      `an account can give rights at most ${perAccount} times; use groups, or take somebody's rights first`,
    );
}

/** Whether somebody may write as the owner of an account: the right is that of its INBOX. */
export function mayPostFor(account: AccountState, person: Person): boolean {
  const inbox = account.byName.get('INBOX');
  return inbox !== undefined && has(rightsOf(account, inbox, person), 'p');
}

export function has(rights: Rights, right: Right): boolean {
  return rights.includes(right);
}

/** Rows of accounts that are no more. */
export function isOfAccount(identity: Identity): boolean {
  return accountOfIdentity(identity.startsWith(NEGATIVE) ? identity.slice(1) : identity) !== undefined;
}
