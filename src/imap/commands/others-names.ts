/**
 * Mailboxes made, renamed and deleted at somebody else who lets one (RFC 4314 §4): `k` where the new one is to hang, `x` of the old
 * one. All stay with their owner, who has their room.
 */
import { ancestors, isChildOf } from '../../mail/mailbox-name.ts';
import { MailboxError } from '../../mailbox/model/errors.ts';
import type { Right } from '../../mailbox/model/rights.ts';
import { createMailbox, deleteMailbox, renameMailbox } from '../../mailbox/operations/folders.ts';
import { guarded, NotPermitted } from '../../mailbox/operations/shares.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import type { SessionContext } from '../context.ts';
import { inFewWords, type Place } from '../place.ts';
import { namedIn } from '../reach.ts';

/** The same where there is nobody of that name, nothing that is shared, and where one may not. */
const notThere = (): MailboxError => new NotPermitted('you may not make a mailbox there');

export async function createAtOthers(session: SessionContext, name: string): Promise<Place> {
  const { owner, rest } = await ownerIn(session, name);
  const domain = guarded(session.domain, () => void nearestParent(session, owner, rest));
  nearestParent(session, owner, rest);
  return session.reach.placeIn(owner, await createMailbox(domain, owner, rest).catch(inFewWords));
}

export async function deleteAtOthers(session: SessionContext, name: string): Promise<Place> {
  const place = await session.reach.mailboxOf(name, 'x');
  await deleteMailbox(place.acting(session.domain, 'x'), place.account, place.mailbox.name);
  return place;
}

/** All that is below it goes along, so all of it has to be his to rename. */
export async function renameAtOthers(session: SessionContext, from: string, to: string): Promise<Place> {
  const place = await session.reach.mailboxOf(from, 'x');
  if (place.isOwn || namedIn(to) === undefined)
    throw new MailboxError('cannot', 'a mailbox stays with its owner; copy what is in it');
  const { owner, rest } = await ownerIn(session, to);
  if (owner !== place.account)
    throw new MailboxError('cannot', 'a mailbox stays with its owner; copy what is in it');
  if (place.mailbox.name === 'INBOX')
    throw new NotPermitted('only its owner gives the mail of INBOX another place');
  const check = (): void => {
    place.require('x');
    requireBelow(place, 'x');
    nearestParent(session, owner, rest);
  };
  check();
  await renameMailbox(guarded(session.domain, check), owner, place.mailbox.name, rest).catch(inFewWords);
  return place;
}

async function ownerIn(
  session: SessionContext,
  name: string,
): Promise<{ owner: AccountState; rest: string }> {
  const named = namedIn(name);
  const owner = named?.name === undefined ? undefined : await session.reach.ownerOf(named.address);
  if (owner === undefined || named?.name === undefined) throw notThere();
  return { owner, rest: named.name };
}

/** The one that is there and nearest above it, where he may make others. */
function nearestParent({ reach }: SessionContext, owner: AccountState, name: string): void {
  const parent = ancestors(name).findLast((above) => owner.byName.has(above));
  const mailbox = parent === undefined ? undefined : owner.byName.get(parent);
  if (mailbox === undefined || !reach.placeIn(owner, mailbox).may('k')) throw notThere();
}

function requireBelow(place: Place, right: Right): void {
  for (const other of place.account.byName.values())
    if (isChildOf(other.name, place.mailbox.name) && !place.beside(other).may(right))
      throw new NotPermitted('you may not rename all that is below it');
}
