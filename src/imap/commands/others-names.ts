/**
 * Mailboxes made, renamed and deleted at somebody else who lets one (RFC 4314 §4): `k` where the new one is to hang, `x` of the old
 * one. All stay with their owner, who has their room.
 */
import { MailboxError } from '../../mailbox/model/errors.ts';
import { createMailbox, deleteMailbox, renameMailbox } from '../../mailbox/operations/folders.ts';
import { notThere, requireMaking, requireRenaming } from '../../mailbox/operations/others-mailboxes.ts';
import { guarded } from '../../mailbox/operations/shares.ts';
import { inFewWords, type Place, type VisitOf } from '../../mailbox/operations/visiting.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import type { SessionContext } from '../context.ts';
import { namedIn } from '../reach.ts';

export async function createAtOthers(session: SessionContext, name: string): Promise<Place> {
  const { owner, rest } = await ownerIn(session, name);
  const check = (): void => requireMaking(owner, visitsTo(session, owner), rest);
  const domain = guarded(session.domain, check);
  check();
  return session.reach.placeIn(owner, await createMailbox(domain, owner, rest).catch(inFewWords));
}

export async function deleteAtOthers(session: SessionContext, name: string): Promise<Place> {
  const place = await session.reach.mailboxOf(name, 'x');
  await deleteMailbox(place.acting(session.domain, 'x'), place.account, place.mailbox.name);
  return place;
}

export async function renameAtOthers(session: SessionContext, from: string, to: string): Promise<Place> {
  const place = await session.reach.mailboxOf(from, 'x');
  if (place.isOwn || namedIn(to) === undefined)
    throw new MailboxError('cannot', 'a mailbox stays with its owner; copy what is in it');
  const { owner, rest } = await ownerIn(session, to);
  if (owner !== place.account)
    throw new MailboxError('cannot', 'a mailbox stays with its owner; copy what is in it');
  const check = (): void => requireRenaming(place, visitsTo(session, owner), rest);
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

const visitsTo =
  ({ reach }: SessionContext, owner: AccountState): VisitOf =>
  (mailbox) =>
    reach.placeIn(owner, mailbox);
