/**
 * The verbs of a change that remember: which emails gained or lost a place by it. One row for each kind of thing that
 * happened to a mailbox, however many messages it was; each has a modseq that no other row has.
 */
import { FLAG } from '../../mail/flags.ts';
import type { Author } from '../model/author.ts';
import { type Deletion, packDeletion, recoverableBytes, recoverableBytesOf } from '../model/deletion.ts';
import { type HistoryKind, packNumbers } from '../model/history.ts';
import type { MailboxId, ModSeq } from '../model/model.ts';
import { type MessageRecord, packRecords, packUids } from '../model/record.ts';
import type { BuriedMailbox, HistoryRow } from '../port/store.ts';
import type { WritableAccount } from '../state/account.ts';
import type { MailboxState } from '../state/mailbox.ts';
import type { FlagColumns, MessageList } from '../state/message-list.ts';
import type { BatchRows } from './batch-rows.ts';

/** Messages that leave, a row: the reaper writes it anew when it has let go of a part of it. */
export const EXPUNGED_PER_ROW = 1000;
/** Emails a row where nobody writes it a second time. */
const EMAILS_PER_ROW = 16_384;

const NO_MESSAGES = { uids: Buffer.alloc(0), records: undefined };
/**
 * What becomes of messages that leave a mailbox: they are a place elsewhere now; somebody may want them back; or nobody will, because
 * they are there in another form.
 */
export type Fate = 'moved' | 'deleted' | 'superseded';

export class HistoryChanges {
  readonly #account: WritableAccount;
  readonly #rows: BatchRows;
  readonly #nowMs: number;
  readonly #nextModseq: () => ModSeq;
  readonly #by: () => Author;
  /** Of messages on their way to another mailbox those with \Deleted, which are no place: how many of each email. */
  readonly #hidden = new Map<number, number>();

  /** `nextModseq` gives the operation's modseq, or the next one when a row has it already. */
  constructor(
    account: WritableAccount,
    rows: BatchRows,
    nowMs: number,
    nextModseq: () => ModSeq,
    by: () => Author,
  ) {
    this.#account = account;
    this.#by = by;
    this.#rows = rows;
    this.#nowMs = nowMs;
    this.#nextModseq = nextModseq;
  }

  /** An operation. */
  begin(): void {
    this.#hidden.clear();
  }

  /** These messages, a row's worth, have left. */
  expunged(mailbox: MailboxState, records: readonly MessageRecord[], fate: Fate): ModSeq {
    const places = fate === 'moved' ? [] : records.filter(isPlace).map(({ email }) => email);
    const uids = records.map(({ uid }) => uid);
    if (fate === 'moved') {
      for (const { email } of records.filter((one) => !isPlace(one))) this.#count(email, 1);
      this.#noteMoved(mailbox, 'left', records);
    }
    if (fate === 'deleted') this.#account.deletedBytes += recoverableBytes(records);
    return this.#note(mailbox.id, 'expunged', places, {
      uids: packUids(uids),
      records: fate === 'moved' ? undefined : packRecords(records),
      ...(fate === 'deleted' && { deletion: packDeletion(this.#deletionOf(mailbox, setsOf(records))) }),
    });
  }

  /** Before the list gets these flags. */
  flagged(mailbox: MailboxState, list: MessageList, { rows, flags }: FlagColumns): void {
    const hidden: number[] = [];
    const shown: number[] = [];
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i] as number;
      const before = (list.columns.flags[row] as number) & FLAG.Deleted;
      if (before === ((flags[i] as number) & FLAG.Deleted)) continue;
      (before === 0 ? hidden : shown).push(list.columns.email[row] as number);
    }
    if (hidden.length > 0) this.#note(mailbox.id, 'hidden', hidden);
    if (shown.length > 0) this.#note(mailbox.id, 'shown', shown);
  }

  /** They are in another mailbox, or in this one, as well. */
  copied(mailbox: MailboxState, records: readonly Pick<MessageRecord, 'email' | 'flags'>[]): void {
    const places = records.filter(isPlace).map(({ email }) => email);
    if (places.length > 0) this.#note(mailbox.id, 'copied', places);
  }

  /** They were moved here from another mailbox. Of whoever may not mark them here they lose \Deleted, and are a place that they were not. */
  came(mailbox: MailboxState, records: readonly Pick<MessageRecord, 'email' | 'flags'>[]): void {
    for (const { email } of records.filter((one) => !isPlace(one))) this.#count(email, -1);
    const wereHidden = (email: number): boolean => this.#hidden.has(email) && this.#count(email, -1);
    const shown = new Set(records.filter((one) => isPlace(one) && wereHidden(one.email)));
    if (shown.size > 0)
      this.#note(
        mailbox.id,
        'shown',
        [...shown].map(({ email }) => email),
      );
    this.#noteMoved(
      mailbox,
      'came',
      records.filter((one) => !shown.has(one)),
    );
  }

  /** With all of its messages. Where they are not known, neither is what happened until now. */
  mailboxGone(mailbox: MailboxState): void {
    const { list } = mailbox;
    const places = list === undefined ? new Uint32Array() : placesIn(list);
    this.#note(mailbox.id, 'mailbox-gone', places.subarray(0, EMAILS_PER_ROW));
    for (let at = EMAILS_PER_ROW; at < places.length; at += EMAILS_PER_ROW)
      this.#note(mailbox.id, 'hidden', places.subarray(at, at + EMAILS_PER_ROW));
    if (list === undefined && mailbox.exists > 0) this.unknown();
  }

  /** Something changed that no row tells of: everybody has to look at everything. */
  unknown(): void {
    const modseq = this.#nextModseq();
    Object.assign(this.#account.row, { changesFloor: modseq, emailModseq: modseq, mailboxModseq: modseq });
  }

  /** What is to be known of a mailbox that goes with all of its messages. */
  buried(mailbox: MailboxState): BuriedMailbox {
    const { id, exists: messages, bytes, sortOrder, subscribed, isSubscribedUnasked } = mailbox;
    const row = { id, atMs: this.#nowMs };
    this.#account.deletedBytes += recoverableBytesOf({ messages, bytes });
    // Its messages may not be known.
    const rows = mailbox.keywords.unused(() => false);
    const sets = rows.flatMap((row) => (row.kind === 'set' ? row.number : []));
    return {
      ...row,
      deletion: packDeletion({
        ...this.#deletionOf(mailbox, sets),
        ...{ messages, bytes, sortOrder, subscribed: subscribed && !isSubscribedUnasked },
      }),
    };
  }

  /** A row of it, anew. */
  replace(row: HistoryRow): void {
    this.#nextModseq();
    this.#rows.putHistory(row);
  }

  /** Up to and including this modseq. */
  prune(upTo: ModSeq): void {
    this.#nextModseq();
    this.#rows.add({ kind: 'history-pruned', upTo });
    const { row } = this.#account;
    if (row.historyFloor < upTo) row.historyFloor = upTo;
    if (row.changesFloor < upTo) row.changesFloor = upTo;
  }

  /** Where nobody else looks it is no news. */
  #noteMoved(
    mailbox: MailboxState,
    kind: 'left' | 'came',
    records: readonly Pick<MessageRecord, 'email' | 'flags'>[],
  ): void {
    if ((this.#account.shares.get(mailbox.id)?.size ?? 0) === 0) return;
    const places = records.filter(isPlace).map(({ email }) => email);
    if (places.length > 0) this.#note(mailbox.id, kind, places);
  }

  #count(email: number, by: 1 | -1): true {
    const count = (this.#hidden.get(email) ?? 0) + by;
    if (count > 0) this.#hidden.set(email, count);
    else this.#hidden.delete(email);
    return true;
  }

  #deletionOf(mailbox: MailboxState, sets: readonly number[]): Deletion {
    const { name, role, keywords } = mailbox;
    const { service, client } = this.#by();
    const named = sets.map((set) => [set, keywords.namesOf(set)]);
    return {
      ...{ mailbox: name, service, keywords: Object.fromEntries(named) },
      ...(role && { role }),
      ...(client !== undefined && { client }),
    };
  }

  #note(
    mailbox: MailboxId,
    kind: HistoryKind,
    emails: ArrayLike<number>,
    { uids, ...rest }: Pick<HistoryRow, 'uids' | 'records' | 'deletion'> = NO_MESSAGES,
  ): ModSeq {
    const modseq = this.#nextModseq();
    const numbers = emails.length + uids.length / 4;
    const row = { mailbox, modseq, kind, uids, emails: packNumbers(emails), numbers, ...rest };
    this.#rows.putHistory({ ...row, atMs: this.#nowMs });
    this.#account.historyRows++;
    return modseq;
  }
}

function setsOf(records: readonly MessageRecord[]): number[] {
  return [...new Set(records.map(({ keywordSet }) => keywordSet))].filter((set) => set !== 0);
}

function isPlace({ flags }: { readonly flags: number }): boolean {
  return (flags & FLAG.Deleted) === 0;
}

/** The emails of the messages without \Deleted. */
function placesIn({ columns, count }: MessageList): Uint32Array {
  const places = new Uint32Array(count);
  let found = 0;
  for (let row = 0; row < count; row++)
    if (((columns.flags[row] as number) & FLAG.Deleted) === 0) places[found++] = columns.email[row] as number;
  return places.subarray(0, found);
}
