/**
 * Mailboxes whose counts may be others since a modseq though none of their own messages changed: an email elsewhere makes a thread
 * unread wherever the thread has emails (`mailbox-counts.ts`).
 */
import { TimeSlice } from '../../base/time-slice.ts';
import type { Domain } from '../domain.ts';
import { unpackNumbers } from '../model/history.ts';
import type { MailboxId, ModSeq } from '../model/model.ts';
import { readHistory } from '../reading/moment.ts';
import type { AccountState } from '../state/account.ts';
import { loadList } from '../state/load.ts';
import { loadEverything } from './email-rows.ts';
import { loadThreads } from './threads.ts';

/** Beyond so many changed emails it is not worth looking who their neighbours are. */
const MOST = 1000;

/** Perhaps more than are needed: all, where that is easier. */
export async function countedAnew(
  domain: Domain,
  account: AccountState,
  since: ModSeq,
): Promise<ReadonlySet<MailboxId>> {
  const changed = await changedSince(domain, account, since);
  if (changed === undefined) return new Set(account.mailboxes.keys());
  if (changed.size === 0) return new Set();
  const threads = await loadThreads(domain, account);
  await loadEverything(domain, account);
  const { placements } = account;
  if (placements?.isWhole !== true) return new Set(account.mailboxes.keys());
  const out = new Set<MailboxId>();
  for (const email of changed) {
    for (const member of threads.membersOf(threads.threadOf(email)))
      for (const { mailbox, isHidden } of placements.placesOf(member)) if (!isHidden) out.add(mailbox);
  }
  return out;
}

/** Undefined: too many, or some that are gone, whose thread nobody knows any more. */
async function changedSince(
  domain: Domain,
  account: AccountState,
  since: ModSeq,
): Promise<ReadonlySet<number> | undefined> {
  const changed = new Set<number>();
  let isLost = false;
  await readHistory(domain, account, since, ({ emails }) => {
    if (emails.length > 0 && unpackNumbers(emails).length > 0) isLost = true;
  });
  if (isLost) return undefined;
  const slice = new TimeSlice();
  for (const mailbox of [...account.mailboxes.values()]) {
    if (mailbox.modseq <= since) continue;
    const list = mailbox.list ?? (await loadList(domain, account, mailbox));
    for (let row = 0; row < list.count; row++) {
      const { columns } = list;
      if ((columns.modseq[row] as number) > since) changed.add(columns.email[row] as number);
      if (changed.size > MOST) return undefined;
      const spent = (row & 1023) === 0 ? slice.spent() : undefined;
      if (spent === undefined) continue;
      const uid = columns.uid[row] as number;
      await spent;
      row = list.lowerBound(uid + 1) - 1;
    }
  }
  return changed;
}
