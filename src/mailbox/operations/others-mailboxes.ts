/**
 * Whether somebody may make, rename and delete mailboxes at an owner who lets him (RFC 4314 §4): `k` where the new one is to hang, `x` of
 * the old one. Asked before and inside the change.
 */
import { ancestors, isChildOf } from '../../mail/mailbox-name.ts';
import type { AccountState } from '../state/account.ts';
import { NotPermitted } from './shares.ts';
import type { Place, VisitOf } from './visiting.ts';

/** The same where there is nobody of that name, nothing that is shared, and where one may not. */
export const notThere = (): NotPermitted => new NotPermitted('you may not make a mailbox there');

export const OWNERS_MATTER = "what it is for is its owner's matter";

/** The one that is there and nearest above the new name has to let him make others. Throws `NotPermitted`. */
export function requireMaking(owner: AccountState, visitOf: VisitOf, name: string): void {
  const parent = ancestors(name).findLast((above) => owner.byName.has(above));
  const mailbox = parent === undefined ? undefined : owner.byName.get(parent);
  if (mailbox === undefined || !visitOf(mailbox).may('k')) throw notThere();
}

/** All that is below it goes along, so all of it has to be his to rename. Throws `NotPermitted`. */
export function requireRenaming(place: Place, visitOf: VisitOf, name: string): void {
  const { account, mailbox } = place;
  place.require('x');
  if (mailbox.name === 'INBOX')
    throw new NotPermitted('only its owner gives the mail of INBOX another place');
  for (const other of account.byName.values())
    if (isChildOf(other.name, mailbox.name) && !visitOf(other).may('x'))
      throw new NotPermitted('you may not rename all that is below it');
  requireMaking(account, visitOf, name);
}
