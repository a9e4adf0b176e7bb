/**
 * How many emails and threads are in each mailbox, and how many of them are unread (RFC 8621 §2). Emails are counted, not messages:
 * one that is twice in a mailbox counts once, one with \Deleted not at all. An email is unread when a message of it has neither \Seen nor
 * \Draft. A thread is unread when one of its emails is, wherever that lies, but in Trash alone; and in Trash when one there is.
 *
 * All messages are passed over three times, in slices: some milliseconds for a hundred thousand. The result is kept until
 * something changes. What changes meanwhile may or may not be counted; whoever asks is told of it as a later change.
 */
import { TimeSlice } from '../../base/time-slice.ts';
import { FLAG } from '../../mail/flags.ts';
import type { Domain } from '../domain.ts';
import type { MailboxId } from '../model/model.ts';
import { isKept } from '../reading/moment.ts';
import type { AccountState } from '../state/account.ts';
import type { KeptList } from '../state/email-lists.ts';
import { loadList } from '../state/load.ts';
import type { MailboxState } from '../state/mailbox.ts';
import type { ThreadTable } from '../state/thread-table.ts';
import { inOneState } from './one-state.ts';
import { loadThreads } from './threads.ts';

export interface MailboxCounts {
  readonly totalEmails: number;
  readonly unreadEmails: number;
  readonly totalThreads: number;
  readonly unreadThreads: number;
}

export type AllCounts = ReadonlyMap<MailboxId, MailboxCounts>;

interface KeptCounts extends KeptList {
  readonly modseq: number;
  readonly counts: AllCounts;
}

const NAME = 'counts of mailboxes';
/** Of an email. */
const UNSEEN = 1;
const DRAFT = 2;
/** Of a thread: where an email of it is unread. */
const ELSEWHERE = 1;
const IN_TRASH = 2;

/** Of all mailboxes; durable, and not older than the call. */
export async function mailboxCounts(domain: Domain, account: AccountState): Promise<AllCounts> {
  const { emailLists } = domain.accounts;
  for (;;) {
    const { modseq, unsettled } = account;
    const kept = emailLists.list(account, NAME, domain.clock.nowMs()) as KeptCounts | undefined;
    if (kept?.modseq === modseq && (await isKept(unsettled))) return kept.counts;
    const made = await inOneState(domain, account, async () => {
      const threads = await loadThreads(domain, account);
      return { counts: await count(domain, account, threads) };
    });
    if (made === undefined) continue;
    const { counts } = made;
    if (account.modseq === modseq) {
      const sizeBytes = counts.size * 100;
      emailLists.keepList(account, NAME, { modseq, counts, sizeBytes } as KeptCounts, domain.clock.nowMs());
    }
    return counts;
  }
}

async function count(domain: Domain, account: AccountState, threads: ThreadTable): Promise<AllCounts> {
  const emails = new Numbered();
  await eachVisible(domain, account, (email, flags) => {
    const bits = ((flags & FLAG.Seen) === 0 ? UNSEEN : 0) | ((flags & FLAG.Draft) === 0 ? 0 : DRAFT);
    if (bits !== 0) emails.set(email, emails.get(email) | bits);
  });
  const unread = new Numbered();
  await eachVisible(domain, account, (email, _, mailbox) => {
    if (emails.get(email) !== UNSEEN) return;
    const thread = threads.threadOf(email);
    unread.set(thread, unread.get(thread) | (mailbox.role === 'trash' ? IN_TRASH : ELSEWHERE));
  });
  return sums(domain, account, { emails, unread, threads });
}

interface Known {
  readonly emails: Numbered;
  readonly unread: Numbered;
  readonly threads: ThreadTable;
}

async function sums(domain: Domain, account: AccountState, known: Known): Promise<AllCounts> {
  const { emails, unread, threads } = known;
  const counts = new Map<MailboxId, { -readonly [K in keyof MailboxCounts]: number }>();
  for (const id of account.mailboxes.keys())
    counts.set(id, { totalEmails: 0, unreadEmails: 0, totalThreads: 0, unreadThreads: 0 });
  // By which mailbox each was counted last.
  const emailSeen = new Numbered();
  const threadSeen = new Numbered();
  const ordinals = new Map([...account.mailboxes.keys()].map((id, index) => [id, index + 1]));
  await eachVisible(domain, account, (email, _, mailbox) => {
    const of = counts.get(mailbox.id);
    const ordinal = ordinals.get(mailbox.id);
    if (of === undefined || ordinal === undefined || emailSeen.get(email) === ordinal) return;
    emailSeen.set(email, ordinal);
    of.totalEmails++;
    if (emails.get(email) === UNSEEN) of.unreadEmails++;
    const thread = threads.threadOf(email);
    if (threadSeen.get(thread) === ordinal) return;
    threadSeen.set(thread, ordinal);
    of.totalThreads++;
    const where = mailbox.role === 'trash' ? IN_TRASH : ELSEWHERE;
    if ((unread.get(thread) & where) !== 0) of.unreadThreads++;
  });
  return counts;
}

/** Mailbox by mailbox. */
async function eachVisible(
  domain: Domain,
  account: AccountState,
  visit: (email: number, flags: number, mailbox: MailboxState) => void,
): Promise<void> {
  const slice = new TimeSlice();
  for (const mailbox of [...account.mailboxes.values()]) {
    if (mailbox.exists === 0) continue;
    const list = mailbox.list ?? (await loadList(domain, account, mailbox));
    for (let row = 0; row < list.count; row++) {
      const { columns } = list;
      const flags = columns.flags[row] as number;
      if ((flags & FLAG.Deleted) === 0) visit(columns.email[row] as number, flags, mailbox);
      const spent = (row & 1023) === 0 ? slice.spent() : undefined;
      if (spent === undefined) continue;
      const uid = columns.uid[row] as number;
      await spent;
      row = list.lowerBound(uid + 1) - 1;
    }
  }
}

/** Small numbers by large ones, 0 where there is none: pages of what is needed. */
class Numbered {
  readonly #pages: (Uint16Array | undefined)[] = [];

  get(key: number): number {
    return this.#pages[key >>> 12]?.[key & 4095] ?? 0;
  }

  set(key: number, value: number): void {
    let page = this.#pages[key >>> 12];
    if (page === undefined) {
      page = new Uint16Array(4096);
      this.#pages[key >>> 12] = page;
    }
    page[key & 4095] = value;
  }
}
