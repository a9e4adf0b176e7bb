/**
 * Brings the places of an account's emails into memory, from the lists of all its mailboxes, in slices that let others run;
 * who asks meanwhile waits for the same. They stay until nobody has asked for a while.
 */
import { TimeSlice } from '../../base/time-slice.ts';
import { FLAG } from '../../mail/flags.ts';
import type { MailboxId } from '../model/model.ts';
import { type AccountState, WritableAccount } from './account.ts';
import { type Loader, loadList } from './load.ts';
import type { MessageList } from './message-list.ts';
import { WritablePlacements } from './placements.ts';

/**
 * After it, `account.placements` is there and whole, also when it was dropped while it was made. A later await may be another's
 * moment to drop it: in a change whoever needs it looks, and asks again.
 */
export async function loadPlaces(domain: Loader, account: AccountState): Promise<void> {
  const target = WritableAccount.of(account.visit?.owner ?? account);
  do {
    target.placements ??= new WritablePlacements((made) => fill(domain, target, made));
    const { placements } = target;
    placements.lastUsedMs = domain.clock.nowMs();
    try {
      await placements.ready;
    } catch (error) {
      if (target.placements === placements) target.placements = undefined;
      throw error;
    }
  } while (target.placements?.isWhole !== true);
}

/** They are made anew when somebody asks. */
export function forgetPlaces(account: AccountState): void {
  WritableAccount.of(account).placements = undefined;
}

async function fill(domain: Loader, account: WritableAccount, made: WritablePlacements): Promise<void> {
  const slice = new TimeSlice();
  await slice.next();
  for (let id = made.next(account); id !== undefined; id = made.next(account)) {
    await readMailbox(domain, account, made, id, slice);
    // Nobody will look at it.
    if (account.placements !== made) return;
  }
}

/** All of its messages, or until it is deleted. */
async function readMailbox(
  domain: Loader,
  account: WritableAccount,
  made: WritablePlacements,
  id: MailboxId,
  slice: TimeSlice,
): Promise<void> {
  made.reads(id, 0);
  for (let upTo = 0; account.placements === made; ) {
    const mailbox = account.mailboxes.get(id);
    if (mailbox === undefined) return;
    const list = mailbox.list ?? (await loadList(domain, account, mailbox));
    // Deleted or dropped from memory while that was waited for.
    if (mailbox.isGone || mailbox.list !== list) continue;
    upTo = readSlice(list, made, { mailbox: id, upTo }, slice);
    if (upTo === WHOLE) {
      made.hasRead(id);
      return;
    }
    made.reads(id, upTo);
    await slice.next();
  }
}

const WHOLE = -1;

/** Returns up to which UID it has come when the time is over, or WHOLE. */
function readSlice(
  list: MessageList,
  made: WritablePlacements,
  { mailbox, upTo }: { readonly mailbox: MailboxId; readonly upTo: number },
  slice: TimeSlice,
): number {
  const { columns, count } = list;
  for (let row = list.lowerBound(upTo + 1); row < count; row++) {
    const uid = columns.uid[row] as number;
    const isHidden = ((columns.flags[row] as number) & FLAG.Deleted) !== 0;
    made.add(columns.email[row] as number, { mailbox, uid, isHidden });
    if ((row & 1023) === 0 && slice.isSpent) return uid;
  }
  return WHOLE;
}
