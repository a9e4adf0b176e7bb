/**
 * Mailboxes made, changed and deleted by a client that knows them by their numbers and says all that it wants of one at once:
 * name, place in the tree, role, order, subscription are one change. The rules are those of `folders.ts`.
 */
import { DELIMITER, isChildOf, lastSegment, parentName } from '../../mail/mailbox-name.ts';
import type { AccountChange } from '../change/account-change.ts';
import type { Domain } from '../domain.ts';
import { MailboxError } from '../model/errors.ts';
import type { MailboxId, Role } from '../model/model.ts';
import type { AccountState } from '../state/account.ts';
import type { MailboxState } from '../state/mailbox.ts';
import {
  createParents,
  freeRoleFor,
  loadForHistory,
  newName,
  refuseExisting,
  refuseSecond,
  refuseTooMany,
  renameTree,
} from './folders.ts';
import { OWNERS_MATTER, requireMaking, requireRenaming } from './others-mailboxes.ts';
import { NotPermitted } from './shares.ts';
import { inFewWords, ownerOf, visitsIn } from './visiting.ts';

export interface MailboxWishes {
  /** The last level of the name. */
  readonly name?: string;
  /** Undefined: at the top. */
  readonly parent?: MailboxId | undefined;
  /** Undefined: none. */
  readonly role?: Role | undefined;
  readonly sortOrder?: number;
  readonly isSubscribed?: boolean;
}

/**
 * Of an account that is shown to somebody who is there by leave, what he may is asked inside the change. Throws MailboxError `nonexistent` (the
 * parent), `exists`, `invalid-name`, `cannot`, `over-quota`, `limit`, `forbidden`.
 */
export async function makeMailbox(
  domain: Domain,
  shown: AccountState,
  wishes: MailboxWishes & { readonly name: string },
): Promise<MailboxState> {
  const account = ownerOf(shown);
  const visitOf = visitsIn(shown);
  const made = domain.turns.run({
    account,
    run: (change) => {
      const name = fullName(account, wishes.parent, wishes.name);
      if (visitOf !== undefined) {
        requireMaking(account, visitOf, name);
        refuseOwnersMatters(wishes, { role: undefined, sortOrder: 0 });
      }
      refuseExisting(account, name);
      if (wishes.role !== undefined) refuseSecond(account, wishes.role);
      createParents(domain, change, name);
      // A program that knows roles and asks for none means none, whatever the name.
      const role = 'role' in wishes || visitOf !== undefined ? wishes.role : freeRoleFor(account, name);
      refuseTooMany(domain, account, 1, role);
      const mailbox = change.mailboxes.create(name, role);
      carryOut(change, mailbox, { ...wishes, role });
      return mailbox;
    },
  });
  return visitOf === undefined ? made : made.catch(inFewWords);
}

/** What is not named stays. Throws as above, and `nonexistent` when the mailbox is gone. */
export async function editMailbox(
  domain: Domain,
  shown: AccountState,
  id: MailboxId,
  wishes: MailboxWishes,
): Promise<void> {
  const account = ownerOf(shown);
  const visitOf = visitsIn(shown);
  await domain.turns.run({
    account,
    run: (change) => {
      const mailbox = mailboxOfId(account, id);
      if (visitOf !== undefined) {
        visitOf(mailbox).require('l');
        refuseOwnersMatters(wishes, mailbox);
      }
      if (wishes.role !== undefined && wishes.role !== mailbox.role) refuseSecond(account, wishes.role);
      const name = wishedName(account, mailbox, wishes);
      if (name !== mailbox.name) {
        if (visitOf !== undefined) requireRenaming(visitOf(mailbox), visitOf, name);
        if (mailbox.name === 'INBOX') throw new MailboxError('cannot', 'INBOX keeps its name and its place');
        renameTree(domain, change, mailbox.name, name);
      }
      carryOut(change, mailbox, wishes);
    },
  });
}

/** `withEmails`: what is in it goes with it; else it has to be empty, but for what was marked as deleted. */
export async function removeMailbox(
  domain: Domain,
  shown: AccountState,
  id: MailboxId,
  withEmails: boolean,
): Promise<void> {
  const account = ownerOf(shown);
  const visitOf = visitsIn(shown);
  await loadForHistory(domain, account, mailboxOfId(account, id));
  await domain.turns.run({
    account,
    run: (change) => {
      const mailbox = mailboxOfId(account, id);
      visitOf?.(mailbox).require('x');
      if (mailbox.name === 'INBOX') throw new MailboxError('cannot', 'INBOX cannot be deleted');
      if ([...account.byName.keys()].some((name) => isChildOf(name, mailbox.name)))
        throw new MailboxError('has-children', 'there are mailboxes below it; delete them first');
      if (!withEmails && mailbox.exists > mailbox.deleted)
        throw new MailboxError('not-empty', 'there is mail in it');
      change.mailboxes.remove(mailbox);
    },
  });
}

/** Who has the name that is wished for; `mailbox`: the one that is to have it, undefined for a new one. Throws as above. */
export function holderOfName(
  account: AccountState,
  wishes: MailboxWishes,
  mailbox: MailboxState | undefined,
): MailboxState | undefined {
  const { parent, name = '' } = wishes;
  const wished =
    mailbox === undefined ? fullName(account, parent, name) : wishedName(account, mailbox, wishes);
  return account.byName.get(wished);
}

/** Throws `NotPermitted`. */
function refuseOwnersMatters(
  wishes: MailboxWishes,
  is: { readonly role: Role | undefined; readonly sortOrder: number },
): void {
  const { role = undefined, sortOrder = is.sortOrder } = wishes;
  if (('role' in wishes && role !== is.role) || sortOrder !== is.sortOrder)
    throw new NotPermitted(OWNERS_MATTER);
}

function carryOut(change: AccountChange, mailbox: MailboxState, wishes: MailboxWishes): void {
  const { sortOrder, isSubscribed } = wishes;
  if ('role' in wishes && wishes.role !== mailbox.role)
    change.mailboxes.describe(mailbox, { role: wishes.role });
  if (sortOrder !== undefined && sortOrder !== mailbox.sortOrder)
    change.mailboxes.describe(mailbox, { sortOrder });
  if (isSubscribed !== undefined && isSubscribed !== mailbox.subscribed)
    change.subscriptions.set(mailbox, isSubscribed);
}

function wishedName(account: AccountState, mailbox: MailboxState, wishes: MailboxWishes): string {
  const { name = lastSegment(mailbox.name) } = wishes;
  if ('parent' in wishes) return fullName(account, wishes.parent, name);
  if (wishes.name === undefined) return mailbox.name;
  const parent = parentName(mailbox.name);
  return nameBelow(parent, name);
}

function fullName(account: AccountState, parent: MailboxId | undefined, name: string): string {
  return nameBelow(parent === undefined ? undefined : mailboxOfId(account, parent).name, name);
}

function nameBelow(parent: string | undefined, name: string): string {
  if (name.includes(DELIMITER)) throw new MailboxError('invalid-name', `a name has no ${DELIMITER} in it`);
  return newName(parent === undefined ? name : parent + DELIMITER + name);
}

function mailboxOfId({ mailboxes }: AccountState, id: MailboxId): MailboxState {
  const mailbox = mailboxes.get(id);
  if (mailbox === undefined) throw new MailboxError('nonexistent', 'there is no such mailbox');
  return mailbox;
}
