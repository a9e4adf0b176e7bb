/**
 * Messages that were brought from a server which people still use there: what was changed about them there is changed here, and what
 * they have from there is remembered anew, in one change. A message that is not in the mailbox any more was moved or deleted
 * here, and stays where it is.
 */
import type { AccountChange } from '../change/account-change.ts';
import type { Domain } from '../domain.ts';
import { asUid } from '../model/model.ts';
import type { AccountState } from '../state/account.ts';
import { loadList } from '../state/load.ts';
import type { MailboxState } from '../state/mailbox.ts';
import type { MessageList } from '../state/message-list.ts';

export interface FollowedMessage {
  /** The import key (16 octets). */
  readonly importKey: Buffer;
  /** Here. */
  readonly uid: number;
  readonly flags: number;
  readonly keywords: readonly string[];
  /** As `ImportTrace` has them. */
  readonly marks: number;
}

/** Messages a change. */
const SLICE = 1000;

/** The UIDs of those whose flags are others now. Resolves when durable. */
export async function followSource(
  domain: Domain,
  account: AccountState,
  mailbox: MailboxState,
  messages: readonly FollowedMessage[],
): Promise<readonly number[]> {
  const ordered = messages.toSorted((a, b) => a.uid - b.uid);
  const changed: number[] = [];
  for (let start = 0; start < ordered.length; start += SLICE) {
    const slice = ordered.slice(start, start + SLICE);
    const list = await loadList(domain, account, mailbox);
    const uids = await domain.turns.run({
      account,
      run: (change) => {
        change.requireThere(mailbox);
        return followSlice(domain, change, mailbox, list, slice);
      },
    });
    for (const uid of uids) changed.push(uid);
  }
  return changed;
}

function followSlice(
  domain: Domain,
  change: AccountChange,
  mailbox: MailboxState,
  list: MessageList,
  messages: readonly FollowedMessage[],
): readonly number[] {
  const changes = { rows: [] as number[], flags: [] as number[], keywordSets: [] as number[] };
  const { columns } = list;
  let row = -1;
  for (const { importKey, uid, flags, keywords, marks } of messages) {
    change.rememberImport(mailbox, importKey, { uid: asUid(uid), marks });
    const found = list.indexOf(uid, row + 1);
    if (found < 0) continue;
    row = found;
    const set = change.keywords.numberOfMost(mailbox, keywords, domain.limits);
    if (columns.flags[row] === flags && columns.keywordSet[row] === set) continue;
    changes.rows.push(row);
    changes.flags.push(flags);
    changes.keywordSets.push(set);
  }
  return change.setFlags(mailbox, changes).uids;
}
