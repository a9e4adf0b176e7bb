/**
 * What of a criterion the records of a mailbox do not say, as the emails that it means: the members of a thread (decision 32; it has
 * at most a thousand), and what another mailbox of the account has as well.
 */
import type { Pause } from '../../base/time-slice.ts';
import { FLAG } from '../../mail/flags.ts';
import type { Domain } from '../domain.ts';
import type { Criterion } from '../model/criterion.ts';
import type { MailboxId } from '../model/model.ts';
import { MAX_THREAD_EMAILS } from '../model/threads.ts';
import type { AccountState } from '../state/account.ts';
import { loadList } from '../state/load.ts';
import type { MailboxState } from '../state/mailbox.ts';
import type { MessageList } from '../state/message-list.ts';

/** More than a thread gets: those that come in at once do not see each other counted. */
const MOST = 2 * MAX_THREAD_EMAILS;
/** Rows between two looks at the clock. */
const ROWS = 4096;

export interface Searched {
  readonly domain: Domain;
  readonly account: AccountState;
  readonly mailbox: MailboxState;
  readonly pause: Pause;
}

export async function withEmails(searched: Searched, criterion: Criterion): Promise<Criterion> {
  switch (criterion.kind) {
    case 'thread': {
      const { domain, account } = searched;
      const members = await domain.store.loadThread(account.id, criterion.thread, MOST);
      return { kind: 'emails', numbers: new Set(members) };
    }
    case 'also-in':
      if (criterion.account !== searched.account.id) return { kind: 'emails', numbers: new Set() };
      if (criterion.mailbox === searched.mailbox.id) return { kind: 'all' };
      return { kind: 'emails', numbers: await emailsIn(searched, criterion.mailbox) };
    case 'not':
      return { kind: 'not', criterion: await withEmails(searched, criterion.criterion) };
    case 'and':
    case 'or': {
      const criteria: Criterion[] = [];
      for (const member of criterion.criteria) criteria.push(await withEmails(searched, member));
      return { kind: criterion.kind, criteria };
    }
    default:
      return criterion;
  }
}

/** By number; none when the mailbox is gone by now. */
async function emailsIn({ domain, account, pause }: Searched, id: MailboxId): Promise<ReadonlySet<number>> {
  const numbers = new Set<number>();
  for (let after = 0; ; ) {
    const mailbox = account.mailboxes.get(id);
    if (mailbox === undefined) return numbers;
    const list = mailbox.list ?? (await loadList(domain, account, mailbox));
    after = readRows(list, after, numbers);
    if (after === WHOLE) return numbers;
    const rest = pause();
    if (rest !== undefined) await rest;
  }
}

const WHOLE = -1;

/** Returns up to which UID it has come. */
function readRows(list: MessageList, after: number, numbers: Set<number>): number {
  const { columns, count } = list;
  let row = list.lowerBound(after + 1);
  const end = Math.min(count, row + ROWS);
  for (; row < end; row++)
    if (((columns.flags[row] as number) & FLAG.Deleted) === 0) numbers.add(columns.email[row] as number);
  return end === count ? WHOLE : (columns.uid[end - 1] as number);
}
