/**
 * Mailbox/query and Mailbox/queryChanges (RFC 8621 §2.3, §2.4). The state of a query is that of names, roles, places and
 * subscriptions: messages that come and go change no list of mailboxes.
 */
import { asMailboxId } from '../../mailbox/model/model.ts';
import { mailboxObjectId } from '../../mailbox/model/object-ids.ts';
import { mailboxChanges } from '../../mailbox/reading/mailbox-changes.ts';
import { isKept, namesMomentOf } from '../../mailbox/reading/moment.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import { MAIL } from '../capabilities.ts';
import { namedResult, standardQuery } from '../core/standard-query.ts';
import { type QueryChangesAnswer, standardQueryChanges } from '../core/standard-query-changes.ts';
import { momentString, positionIn } from '../core/state-string.ts';
import { LISTING_ARGUMENTS, listMailboxes, type MailboxListing, readListing } from './mailbox-list.ts';

export const mailboxQuery = standardQuery({
  type: 'Mailbox',
  capability: MAIL,
  arguments: LISTING_ARGUMENTS,
  async find({ account, call, filter, sort, args }) {
    const listing = readListing({ filter, sort }, args, call.limits);
    const { state, ids } = await durableList(account, listing);
    return namedResult(ids, { queryState: state, canCalculateChanges: true });
  },
});

export const mailboxQueryChanges = standardQueryChanges({
  type: 'Mailbox',
  capability: MAIL,
  arguments: LISTING_ARGUMENTS,
  async find({ account, call, filter, sort, sinceQueryState, args }) {
    const listing = readListing({ filter, sort }, args, call.limits);
    const position = positionIn('mailboxes', sinceQueryState);
    if (position === undefined || position.told !== undefined) return undefined;
    for (;;) {
      const changes = await mailboxChanges(call.domain, account, position, Number.MAX_SAFE_INTEGER);
      if (changes === undefined) return undefined;
      const { mailboxModseq } = account;
      // What is listed has to be what the changes lead to.
      if (mailboxModseq > changes.next.since.modseq) continue;
      const { state, ids } = await durableList(account, listing);
      if (account.mailboxModseq !== mailboxModseq) continue;
      const isSame = position.since.modseq >= mailboxModseq;
      return isSame ? nothing(state, ids) : difference(listing, changes, state, ids);
    }
  },
});

interface Listed {
  readonly state: string;
  readonly ids: readonly string[];
}

/** As it is durable. */
async function durableList(account: AccountState, listing: MailboxListing): Promise<Listed> {
  for (;;) {
    const ids = listMailboxes(account, listing).map(({ id }) => mailboxObjectId(id));
    const state = momentString('mailboxes', namesMomentOf(account));
    if (await isKept(account.unsettled)) return { state, ids };
  }
}

function nothing(newQueryState: string, ids: readonly string[]): QueryChangesAnswer {
  return { newQueryState, total: ids.length, removed: [], added: [] };
}

/** In a tree, one that moves takes others along that have not changed. */
function difference(
  { sortAsTree, filterAsTree }: MailboxListing,
  {
    created,
    updated,
    destroyed,
  }: { created: readonly number[]; updated: readonly number[]; destroyed: readonly number[] },
  newQueryState: string,
  ids: readonly string[],
): QueryChangesAnswer {
  const idOf = (number: number): string => mailboxObjectId(asMailboxId(number));
  const isTree = sortAsTree || filterAsTree;
  const moved = new Set(isTree ? ids : [...created, ...updated].map(idOf));
  const gone = [...destroyed, ...updated].map(idOf).filter((id) => !moved.has(id));
  return {
    newQueryState,
    total: ids.length,
    removed: [...gone, ...moved],
    added: ids.flatMap((id, index) => (moved.has(id) ? [{ id, index }] : [])),
  };
}
