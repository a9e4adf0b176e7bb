/**
 * The changes of one account in one turn: applied to the memory at once, collected as rows for the store, and undone
 * when an operation or the store refuses. Every operation of the domain is written in these verbs, so counters, quota,
 * modseq, history and change records cannot be forgotten by one of them: they are kept here and nowhere else.
 *
 * An operation runs synchronously from `begin` to its end; it gets one modseq, shared by all it changes (RFC 7162 §3.1).
 * Every verb takes it, so a turn in which the modseq has not moved has nothing to write.
 * What is changed is written through `Undo`; a mailbox's fields can be had for writing only by `#write`.
 */
import { invariant } from '../../base/invariant.ts';
import { type Author, THE_SERVER } from '../model/author.ts';
import { MailboxError } from '../model/errors.ts';
import type { EmailId, MailboxId, ModSeq } from '../model/model.ts';
import { asModSeq, asUid, emailId } from '../model/model.ts';
import { type MessageRecord, recordAt } from '../model/record.ts';
import type { AccountBatch, ImportTrace, NewEmail } from '../port/store.ts';
import type { AccountState, WritableAccount } from '../state/account.ts';
import { type MailboxState, WritableMailbox } from '../state/mailbox.ts';
import type { FlagColumns } from '../state/message-list.ts';
import { AnnotationChanges } from './annotation-changes.ts';
import { BatchRows } from './batch-rows.ts';
import { BelongingChanges } from './belonging-changes.ts';
import { ChangeRecords } from './change-records.ts';
import { CorrespondentChanges } from './correspondent-changes.ts';
import { count, countFlags, isUnseen, noteFlags, noteRemoved } from './counters.ts';
import { FactChanges } from './fact-changes.ts';
import { EXPUNGED_PER_ROW, type Fate, HistoryChanges } from './history-changes.ts';
import { KeywordSets } from './keyword-sets.ts';
import { MailboxChanges } from './mailbox-changes.ts';
import { OutgoingChanges } from './outgoing-changes.ts';
import { PlaceChanges } from './place-changes.ts';
import { RepairChanges } from './repair-changes.ts';
import { RoomChanges } from './room-changes.ts';
import { RuleChanges } from './rule-changes.ts';
import { ShareChanges } from './share-changes.ts';
import { Subscriptions } from './subscriptions.ts';
import { requireUids, takeUid, type UidPlace } from './uids.ts';
import { Undo } from './undo.ts';

/** A message to add: everything of its record that the mailbox does not choose. */
export type Arrival = Omit<MessageRecord, 'uid' | 'modseq'> & { readonly place?: UidPlace | undefined };

/** Where messages come from that are added: none of them is a second place of its email but a copy. */
export type Origin = 'new' | 'copied' | 'moved';

export class AccountChange {
  readonly nowMs: number;
  readonly mailboxes: MailboxChanges;
  readonly repair: RepairChanges;
  readonly keywords: KeywordSets;
  readonly facts: FactChanges;
  readonly history: HistoryChanges;
  readonly outgoing: OutgoingChanges;
  readonly subscriptions: Subscriptions;
  readonly rules: RuleChanges;
  readonly annotations: AnnotationChanges;
  readonly shares: ShareChanges;
  readonly belongings: BelongingChanges;
  readonly room: RoomChanges;
  readonly correspondents: CorrespondentChanges;
  readonly #account: WritableAccount;
  readonly #expect: number;
  readonly #before: { readonly bytes: number; readonly messages: number };
  readonly #undo = new Undo();
  readonly #rows = new BatchRows(this.#undo);
  readonly #records: ChangeRecords;
  readonly #places: PlaceChanges;
  /** Of the running operation; undefined until it changes something. */
  #modseq: ModSeq | undefined;
  /** Of its last row of history. */
  #historyModseq: ModSeq | undefined;
  /** Mailboxes whose fields the running operation has kept. */
  #kept = new Set<WritableMailbox>();

  constructor(account: WritableAccount, nowMs: number) {
    this.nowMs = nowMs;
    this.#account = account;
    this.#expect = account.modseq;
    this.#before = { bytes: account.usedBytes, messages: account.usedMessages };
    this.#records = new ChangeRecords(account, this.#undo);
    this.#places = new PlaceChanges(account, this.#undo);
    const write = (mailbox: MailboxState): WritableMailbox => {
      this.#takeModseq();
      return this.#write(mailbox);
    };
    this.keywords = new KeywordSets(this.#undo, this.#rows, write);
    this.facts = new FactChanges(account, this.#undo, this.#rows, write, () => this.#takeModseq());
    const writeInfo = (mailbox: MailboxState): WritableMailbox => this.#writeInfo(mailbox);
    this.subscriptions = new Subscriptions(account, writeInfo, (name) =>
      this.#records.subscription(name, this.#takeModseq()),
    );
    this.outgoing = new OutgoingChanges(account, this.#undo, this.#rows, nowMs, () => this.#takeModseq());
    this.rules = new RuleChanges(account, this.#undo, this.#rows, nowMs, () => this.#takeModseq());
    this.annotations = new AnnotationChanges(
      account,
      { undo: this.#undo, rows: this.#rows, records: this.#records },
      () => this.#takeModseq(),
    );
    this.belongings = new BelongingChanges(account, this.#undo, this.#rows, nowMs, () => this.#takeModseq());
    this.shares = new ShareChanges(account, {
      ...{ undo: this.#undo, rows: this.#rows, writeInfo },
      takeModseq: () => this.#takeModseq(),
    });
    this.room = new RoomChanges(account, () => this.#takeModseq());
    this.correspondents = new CorrespondentChanges(account, this.#undo, this.#rows, () => this.#takeModseq());
    this.history = new HistoryChanges(
      account,
      this.#rows,
      nowMs,
      () => this.#nextHistoryModseq(),
      () => this.#records.by,
    );
    const common = {
      history: this.history,
      write: (mailbox: MailboxState): WritableMailbox => this.#write(mailbox),
      takeModseq: () => this.#takeModseq(),
    };
    const { annotations, subscriptions, shares } = this;
    this.mailboxes = new MailboxChanges(account, {
      ...{ ...common, nowMs, annotations, subscriptions, shares, writeInfo },
      ...{ undo: this.#undo, rows: this.#rows, records: this.#records, places: this.#places },
    });
    const nextModseq = (): ModSeq => {
      this.#modseq = undefined;
      return this.#takeModseq();
    };
    this.repair = new RepairChanges(account, { ...common, nextModseq });
  }

  get account(): AccountState {
    return this.#account;
  }

  /** Mailboxes that were changed or deleted. */
  get touched(): ReadonlySet<WritableMailbox> {
    return this.#rows.touched;
  }

  /** What belongs to the account beside its mail was changed. */
  get touchesOwn(): boolean {
    return this.#rows.hasOwn || this.#records.touchesOwn || this.room.isTouched;
  }

  /** There is more room than before. */
  get hasFreed(): boolean {
    const { usedBytes, usedMessages } = this.#account;
    return usedBytes < this.#before.bytes || usedMessages < this.#before.messages;
  }

  /** How many of new emails and the like there are by now. */
  get rows(): number {
    return this.#rows.count;
  }

  get isEmpty(): boolean {
    return this.#account.modseq === this.#expect;
  }

  /** Starts an operation; returns the mark to `rollBack` to when it throws. */
  begin(by: Author = THE_SERVER): number {
    this.#records.by = by;
    const mark = this.#undo.mark();
    this.#modseq = undefined;
    this.#historyModseq = undefined;
    this.#kept = new Set();
    this.keywords.begin();
    this.history.begin();
    this.#undo.keep(this.#account.row);
    return mark;
  }

  /** Without a mark, everything of this turn. */
  rollBack(mark = 0): void {
    this.#undo.rollBack(mark);
  }

  /** Everything of this turn as rows. Called once, after the last operation. */
  toBatch(deferrable: boolean): AccountBatch {
    if (!deferrable) this.room.settle();
    return this.#rows.toBatch(this.#account, this.#expect, deferrable);
  }

  // Messages

  /** Throws MailboxError `nonexistent` when the mailbox was deleted since it was looked up. */
  requireThere(mailbox: MailboxState): void {
    if (mailbox.isGone) throw new MailboxError('nonexistent', `mailbox ${mailbox.name} was deleted`);
  }

  /** Appends messages in order and returns their UIDs. The caller has checked the quota. */
  addMessages(mailbox: MailboxState, arrivals: readonly Arrival[], origin: Origin): number[] {
    requireUids(mailbox, arrivals.length);
    const target = this.#write(mailbox);
    if (target.uidNext === 1) target.beginEmpty();
    const list = target.loaded;
    invariant(list !== undefined, 'a mailbox is loaded before messages are added');
    if (origin === 'copied') this.history.copied(target, arrivals);
    if (origin === 'moved') this.history.came(target, arrivals);
    const modseq = this.#takeModseq();
    const uids: number[] = [];
    // The tail may have become part of the whole list by then: somebody opened the mailbox while the store was asked.
    this.#undo.did(() => target.loaded?.unappend(uids.length));
    for (const { place, ...arrival } of arrivals) {
      const uid = takeUid(target, list, place);
      list.append({ ...arrival, uid, modseq });
      uids.push(uid);
      count(this.#account, target, arrival, 1);
      if (target.firstUnseen === 0 && isUnseen(arrival.flags)) target.fields.firstUnseen = target.exists;
    }
    this.#places.added(target, () =>
      arrivals.map(({ email, flags }, i) => ({ email, flags, uid: uids[i] as number })),
    );
    target.fields.modseq = modseq;
    this.#account.row.emailModseq = modseq;
    this.#records.messages(target, 'added', modseq, () => {
      return { uids, emails: arrivals.map(({ email }) => email) };
    });
    return uids;
  }

  /** Sets flags and keyword sets of loaded messages; ascending rows, each once. */
  setFlags(mailbox: MailboxState, changes: FlagColumns): { uids: number[]; modseq: ModSeq | undefined } {
    const { rows } = changes;
    if (rows.length === 0) return { uids: [], modseq: undefined };
    const target = this.#write(mailbox);
    const list = target.whole;
    countFlags(target, list, changes);
    this.history.flagged(target, list, changes);
    this.#places.flagged(target, list, changes);
    const modseq = this.#takeModseq();
    this.#undo.did(list.setFlags(changes, modseq));
    noteFlags(target, list, changes);
    target.fields.modseq = modseq;
    this.#account.row.emailModseq = modseq;
    const uids = rows.map((row) => list.columns.uid[row] as number);
    this.#records.messages(target, 'flags', modseq, () => {
      return { uids, emails: rows.map((row) => list.columns.email[row] as number) };
    });
    return { uids, modseq };
  }

  /** Takes messages out of a mailbox, keeping them readable for those who have not been told; ascending rows. */
  expunge(mailbox: MailboxState, rows: readonly number[], fate: Exclude<Fate, 'moved'> = 'deleted'): void {
    if (rows.length === 0) return;
    this.#takeOut(mailbox, rows, fate);
    this.#account.noteExpunge(this.nowMs);
  }

  /** MOVE takes the records away without expunging them: their emails' references go along. */
  takeForMove(mailbox: MailboxState, rows: readonly number[]): MessageRecord[] {
    return this.#takeOut(mailbox, rows, 'moved');
  }

  newEmail(email: Omit<NewEmail, 'id'>): EmailId {
    this.#takeModseq();
    this.correspondents.begin();
    const id = emailId(this.#account.id, this.#account.row.nextEmail++);
    this.#rows.add({ kind: 'email', email: { ...email, id } });
    return id;
  }

  /** One more message refers to each of these emails. */
  retain(emails: readonly number[]): void {
    this.#takeModseq();
    this.#rows.add({ kind: 'retained', emails: emails.map((email) => emailId(this.#account.id, email)) });
  }

  rememberImport(mailbox: MailboxState, key: Buffer, trace?: ImportTrace): void {
    this.#takeModseq();
    this.#rows.add({ kind: 'imported', mailbox: mailbox.id, key, ...(trace && { trace }) });
  }

  /** Of a message that was added in this operation. */
  nameExternally(mailbox: MailboxState, uid: number, id: string): void {
    this.#takeModseq();
    this.#rows.add({ kind: 'external-id', row: { mailbox: mailbox.id, uid: asUid(uid), id } });
  }

  // Upkeep: no client sees it, but the account's row carries the new base all the same.
  /** One message less refers to each of these emails. */
  release(emails: readonly number[]): void {
    this.#takeModseq();
    this.#rows.add({ kind: 'released', emails: emails.map((email) => emailId(this.#account.id, email)) });
  }

  /** Of a deleted mailbox: whoever still has it open does not hold its messages from here on. */
  dropChunk(mailbox: MailboxId, first: number): void {
    this.#takeModseq();
    for (const gone of this.#account.gone) {
      if (gone.id !== mailbox || gone.isEmptied) continue;
      gone.isEmptied = true;
      this.#undo.did(() => Object.assign(gone, { isEmptied: false }));
    }
    this.#rows.dropChunk(mailbox, asUid(first));
  }

  /** The one way to a mailbox's fields: they are kept as they were, and the mailbox's row is written with the turn. */
  #write(mailbox: MailboxState): WritableMailbox {
    this.requireThere(mailbox);
    const writable = WritableMailbox.of(mailbox);
    if (!this.#kept.has(writable)) {
      this.#kept.add(writable);
      this.#undo.keep(writable.fields);
      this.#rows.touch(writable);
    }
    return writable;
  }

  /** The modseq of the running operation, taken when it first changes something. */
  #takeModseq(): ModSeq {
    if (this.#modseq === undefined) {
      this.#modseq = asModSeq(this.#account.modseq + 1);
      this.#account.row.modseq = this.#modseq;
    }
    return this.#modseq;
  }

  /** One that no row of history has: the operation's, or the next one. */
  #nextHistoryModseq(): ModSeq {
    if (this.#historyModseq !== undefined && this.#historyModseq === this.#modseq) this.#modseq = undefined;
    this.#historyModseq = this.#takeModseq();
    return this.#historyModseq;
  }

  /** The messages at these ascending rows, which leave the mailbox and its history says so. */
  #takeOut(mailbox: MailboxState, rows: readonly number[], fate: Fate): MessageRecord[] {
    const source = this.#write(mailbox);
    const list = source.whole;
    const records = rows.map((row) => recordAt(list.columns, row));
    this.#undo.did(list.remove(rows));
    this.#places.removed(source, records);
    this.shares.messagesGone(source.id, () => records.map(({ uid }) => uid));
    for (const record of records) count(this.#account, source, record, -1);
    noteRemoved(source, list, { rows, records });
    for (let at = 0; at < records.length; at += EXPUNGED_PER_ROW) {
      const some = records.slice(at, at + EXPUNGED_PER_ROW);
      const modseq = this.history.expunged(source, some, fate);
      source.fields.modseq = modseq;
      this.#account.row.emailModseq = modseq;
      this.#records.messages(source, 'expunged', modseq, () => {
        return { uids: some.map(({ uid }) => uid), emails: some.map(({ email }) => email) };
      });
    }
    return records;
  }

  /** A mailbox that gets another name, role or subscription. */
  #writeInfo(mailbox: MailboxState): WritableMailbox {
    const target = this.#write(mailbox);
    target.fields.infoModseq = this.#takeModseq();
    this.#account.row.mailboxModseq = target.fields.infoModseq;
    this.#records.mailbox('info', target, target.fields.infoModseq);
    return target;
  }
}
