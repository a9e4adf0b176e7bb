/**
 * A mailbox as somebody sees it who is there by leave of its owner: its messages when he may read it, with what he himself has seen of
 * them in the place of the owner's \Seen; none when he may only know of it. What he may is looked up each time, so it ends when it is
 * taken.
 */
import { FLAG } from '../../mail/flags.ts';
import { nameAtOwner } from '../../mail/mailbox-name.ts';
import type { KeywordTable } from '../model/keywords.ts';
import type { AccountId, MailboxId, MailboxRow, ModSeq, Role, UidValidity } from '../model/model.ts';
import type { ReadonlyColumns } from '../model/record.ts';
import { NO_RIGHTS, type Rights } from '../model/rights.ts';
import { NOTHING_SEEN, type SeenMessages } from '../model/seen.ts';
import { type Person, rightsIn, type Shares } from '../model/shares.ts';
import type { AccountState } from './account.ts';
import type { ChangeLog, MessageChange } from './change-log.ts';
import type { MailboxState, Viewer } from './mailbox.ts';
import { type MessageList, WritableMessageList } from './message-list.ts';

const NOBODY: ReadonlySet<Viewer> = new Set();

interface VisitOptions {
  readonly owner: AccountState;
  readonly original: MailboxState;
  readonly person: Person;
  /** Names of mailboxes of others, as the visitor's own account has them. */
  readonly subscribed: () => readonly string[];
}

export class VisitedMailbox implements MailboxState {
  readonly original: MailboxState;
  readonly tail = undefined;
  readonly viewers = NOBODY;
  readonly #owner: AccountState;
  readonly #person: Person;
  readonly #subscribed: () => readonly string[];
  readonly #none: MessageList = new WritableMessageList(true, 0);
  /** What follows from the shares that were looked at last; they are never changed, others come in their place. */
  #rights: { readonly of: Shares | undefined; readonly rights: Rights } | undefined;
  #list: SeenList | undefined;
  #highest: { readonly list: MessageList; readonly version: number; readonly email: number } | undefined;

  constructor({ owner, original, person, subscribed }: VisitOptions) {
    this.#owner = owner;
    this.original = original;
    this.#person = person;
    this.#subscribed = subscribed;
  }

  get rights(): Rights {
    if (this.original.isGone) return NO_RIGHTS;
    const shares = this.#owner.shares.get(this.id);
    if (this.#rights === undefined || this.#rights.of !== shares)
      this.#rights = { of: shares, rights: rightsIn(shares, this.#person) };
    return this.#rights.rights;
  }

  get isListed(): boolean {
    return this.rights.includes('l');
  }

  get isRead(): boolean {
    return this.isListed && this.rights.includes('r');
  }

  get list(): MessageList | undefined {
    if (!this.isRead) return this.#none;
    const { list } = this.original;
    if (list === undefined) return undefined;
    if (this.#list?.original !== list)
      this.#list = new SeenList(list, () => seenBy(this.#owner, this.id, this.#person.id));
    return this.#list;
  }

  /** The highest number of an email that is in it, 0 of none; undefined when that is not known just now. */
  get highestEmail(): number | undefined {
    if (!this.isRead) return 0;
    const { list } = this.original;
    if (list === undefined) return this.exists === 0 ? 0 : undefined;
    const known = this.#highest;
    if (known?.list === list && known.version === list.version) return known.email;
    const { email } = list.columns;
    let highest = 0;
    for (let row = 0; row < list.count; row++)
      if ((email[row] as number) > highest) highest = email[row] as number;
    this.#highest = { list, version: list.version, email: highest };
    return highest;
  }

  get id(): MailboxId {
    return this.original.id;
  }
  get name(): string {
    return this.original.name;
  }
  get role(): Role | undefined {
    return this.original.role;
  }
  get sortOrder(): number {
    return this.original.sortOrder;
  }
  get uidValidity(): UidValidity {
    return this.original.uidValidity;
  }
  get uidNext(): number {
    return this.original.uidNext;
  }
  /** What happens to messages that he may not read is nothing to him. */
  get modseq(): ModSeq {
    return this.isRead ? this.original.modseq : this.createdModseq;
  }
  get infoModseq(): ModSeq {
    return this.original.infoModseq;
  }
  get createdModseq(): ModSeq {
    return this.original.createdModseq;
  }
  get expungedFloor(): ModSeq {
    return this.original.expungedFloor;
  }
  get exists(): number {
    return this.isRead ? this.original.exists : 0;
  }
  get unseen(): number {
    return this.exists - (this.isRead ? seenBy(this.#owner, this.id, this.#person.id).count : 0);
  }
  /** Not known: it is what SELECT tells, and nobody selects this. */
  get firstUnseen(): number {
    return 0;
  }
  get deleted(): number {
    return this.isRead ? this.original.deleted : 0;
  }
  get bytes(): number {
    return this.isRead ? this.original.bytes : 0;
  }
  get subscribed(): boolean {
    return this.#subscribed().includes(nameAtOwner(this.#owner.record.address, this.name));
  }
  get isSubscribedUnasked(): boolean {
    return false;
  }
  get recentFrom(): number {
    return this.original.recentFrom;
  }
  get isGone(): boolean {
    return this.original.isGone;
  }
  get isEmptied(): boolean {
    return this.original.isEmptied;
  }
  get keywords(): KeywordTable {
    return this.original.keywords;
  }
  get log(): ChangeLog<MessageChange> {
    return this.original.log;
  }

  toRow(): MailboxRow {
    return this.original.toRow();
  }
}

function seenBy(owner: AccountState, mailbox: MailboxId, reader: AccountId): SeenMessages {
  return owner.seen.get(mailbox)?.get(reader) ?? NOTHING_SEEN;
}

/** The messages of a mailbox with one reader's \Seen. His flags are a column of their own, made when the list has changed. */
class SeenList implements MessageList {
  readonly original: MessageList;
  readonly #seen: () => SeenMessages;
  #made: { readonly version: number; readonly columns: ReadonlyColumns } | undefined;

  constructor(original: MessageList, seen: () => SeenMessages) {
    this.original = original;
    this.#seen = seen;
  }

  get columns(): ReadonlyColumns {
    const { version } = this.original;
    if (this.#made?.version !== version) this.#made = { version, columns: this.#column() };
    return this.#made.columns;
  }

  get count(): number {
    return this.original.count;
  }

  get version(): number {
    return this.original.version;
  }

  lowerBound(uid: number): number {
    return this.original.lowerBound(uid);
  }

  indexOf(uid: number, guess?: number): number {
    return this.original.indexOf(uid, guess);
  }

  usedKeywordSets(): Uint8Array {
    return this.original.usedKeywordSets();
  }

  #column(): ReadonlyColumns {
    const { columns, count } = this.original;
    const flags = new Uint8Array(count);
    const seen = this.#seen();
    for (let row = 0; row < count; row++)
      flags[row] =
        ((columns.flags[row] as number) & ~FLAG.Seen) |
        (seen.has(columns.uid[row] as number) ? FLAG.Seen : 0);
    return { ...columns, flags };
  }
}
