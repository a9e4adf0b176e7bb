/**
 * What the messages of an email say of it together: in which mailboxes it is, and its keywords.
 *
 * A message with \Deleted does not count (RFC 8621 §4.1.1). $seen is had when every other message has it, so that what is unread in one
 * mailbox does not look read; any other keyword when one has it. All else is the same for all of them.
 */
import { FLAG } from '../../mail/flags.ts';
import { TRAIT } from '../../mail/traits.ts';
import type { Domain } from '../domain.ts';
import { foldKeyword } from '../model/keywords.ts';
import type { MailboxId } from '../model/model.ts';
import { isKept, type Moment, momentOf } from '../reading/moment.ts';
import type { AccountState } from '../state/account.ts';
import { loadList } from '../state/load.ts';
import { loadPlaces } from '../state/load-places.ts';
import type { MailboxState } from '../state/mailbox.ts';
import type { MessageList } from '../state/message-list.ts';
import type { Placements } from '../state/placements.ts';

export interface EmailRow {
  readonly email: number;
  /** Each once, ascending. */
  readonly mailboxes: readonly MailboxId[];
  /** In lower case, ascending; system flags by their names in JMAP. */
  readonly keywords: readonly string[];
  readonly sizeBytes: number;
  /** Seconds. */
  readonly internalDate: number;
  readonly hasAttachment: boolean;
  /** It was the first mail from its author; `namesake` bore the name of somebody else, whom the account has written to. */
  readonly firstContact: 'stranger' | 'namesake' | undefined;
}

export interface EmailRows {
  /** Not later than what the rows say; durable, as they are. */
  readonly moment: Moment;
  /** Of those that are anywhere. */
  readonly rows: ReadonlyMap<number, EmailRow>;
}

/** System flags that are keywords in JMAP (RFC 8621 §4.1.1); \Deleted is none. */
export const FLAG_KEYWORDS: readonly (readonly [name: string, bit: number])[] = [
  ['$answered', FLAG.Answered],
  ['$draft', FLAG.Draft],
  ['$flagged', FLAG.Flagged],
  ['$seen', FLAG.Seen],
];
export const FLAG_OF_KEYWORD: ReadonlyMap<string, number> = new Map(FLAG_KEYWORDS);

/** Some thousand emails at most: all are looked at in one moment. */
export async function emailRows(
  domain: Domain,
  account: AccountState,
  emails: Iterable<number>,
): Promise<EmailRows> {
  for (;;) {
    await loadEverything(domain, account);
    const { placements, unsettled } = account;
    if (placements?.isWhole !== true) continue;
    const moment = momentOf(account, 'emails');
    const rows = new Map<number, EmailRow>();
    for (const email of emails) {
      const row = rowOf(account, placements, email);
      if (row !== undefined) rows.set(email, row);
    }
    if (await isKept(unsettled)) return { moment, rows };
  }
}

/** Nobody has dropped any of it. */
export function isEverythingLoaded({ placements, mailboxes }: AccountState): boolean {
  if (placements?.isWhole !== true) return false;
  for (const { list } of mailboxes.values()) if (list === undefined) return false;
  return true;
}

/** After it, until the next await: places and lists of all mailboxes are in memory. */
export async function loadEverything(domain: Domain, account: AccountState): Promise<void> {
  for (;;) {
    await loadPlaces(domain, account);
    for (const mailbox of account.mailboxes.values()) await loadList(domain, account, mailbox);
    if (isEverythingLoaded(account)) return;
  }
}

/** A message of an email: where it is in memory until the next await. */
export interface MessagePlace {
  readonly mailbox: MailboxState;
  readonly list: MessageList;
  readonly row: number;
}

/** Those without \Deleted. */
export function messagesOf(account: AccountState, placements: Placements, email: number): MessagePlace[] {
  const found: MessagePlace[] = [];
  for (const { mailbox: id, uid, isHidden } of placements.placesOf(email)) {
    const mailbox = isHidden ? undefined : account.mailboxes.get(id);
    const row = mailbox?.list?.indexOf(uid) ?? -1;
    if (mailbox?.list !== undefined && row >= 0) found.push({ mailbox, list: mailbox.list, row });
  }
  return found;
}

/** Of all its messages together, as bits. */
export function flagsOf(messages: readonly MessagePlace[]): number {
  let all = ~0;
  let any = 0;
  for (const { list, row } of messages) {
    const flags = list.columns.flags[row] as number;
    all &= flags;
    any |= flags;
  }
  return (any & ~FLAG.Seen) | (all & FLAG.Seen);
}

/** Of all its messages together, as they are at this moment; none of an email that is nowhere. Everything is loaded. */
export function keywordsNow(account: AccountState, email: number): readonly string[] {
  const { placements } = account;
  return placements === undefined ? [] : keywordsOf(messagesOf(account, placements, email));
}

function rowOf(account: AccountState, placements: Placements, email: number): EmailRow | undefined {
  const messages = messagesOf(account, placements, email);
  const [first] = messages;
  if (first === undefined) return undefined;
  const { columns } = first.list;
  const traits = columns.traits[first.row] as number;
  return {
    email,
    mailboxes: [...new Set(messages.map(({ mailbox }) => mailbox.id))].sort((a, b) => a - b),
    keywords: keywordsOf(messages),
    sizeBytes: columns.size[first.row] as number,
    internalDate: columns.internalDate[first.row] as number,
    hasAttachment: (traits & TRAIT.HasAttachment) !== 0,
    firstContact: firstContactIn(traits),
  };
}

function firstContactIn(traits: number): EmailRow['firstContact'] {
  if ((traits & TRAIT.FirstContact) === 0) return undefined;
  return (traits & TRAIT.Namesake) === 0 ? 'stranger' : 'namesake';
}

function keywordsOf(messages: readonly MessagePlace[]): readonly string[] {
  const flags = flagsOf(messages);
  const names = new Set(FLAG_KEYWORDS.filter(([, bit]) => (flags & bit) !== 0).map(([name]) => name));
  for (const { mailbox, list, row } of messages) {
    for (const keyword of mailbox.keywords.namesOf(list.columns.keywordSet[row] as number)) {
      const name = foldKeyword(keyword);
      // Whoever gave a keyword the name of a system flag has not set that.
      if (!FLAG_OF_KEYWORD.has(name)) names.add(name);
    }
  }
  return [...names].sort();
}
