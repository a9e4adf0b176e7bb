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
import type { EmailId, MailboxId, ModSeq, Role, Uid, UidValidity } from '../model/model.ts';
import { asMailboxId, asModSeq, asUid, asUidValidity, emailId } from '../model/model.ts';
import { type MessageRecord, recordAt } from '../model/record.ts';
import type { AccountBatch, NewEmail } from '../port/store.ts';
import type { AccountState, WritableAccount } from '../state/account.ts';
import { type MailboxState, WritableMailbox } from '../state/mailbox.ts';
import type { FlagColumns } from '../state/message-list.ts';
import { sumsOf } from '../state/message-sums.ts';
import { AnnotationChanges } from './annotation-changes.ts';
import { BatchRows } from './batch-rows.ts';
import { BelongingChanges } from './belonging-changes.ts';
import { ChangeRecords } from './change-records.ts';
import { count, countFlags, isUnseen, noteFlags, noteRemoved } from './counters.ts';
import { FactChanges } from './fact-changes.ts';
import { EXPUNGED_PER_ROW, HistoryChanges } from './history-changes.ts';
import { KeywordSets } from './keyword-sets.ts';
import { OutgoingChanges } from './outgoing-changes.ts';
import { PlaceChanges } from './place-changes.ts';
import { RuleChanges } from './rule-changes.ts';
import { Subscriptions } from './subscriptions.ts';
import { raiseAboveForeign, requireUids, takeUid, type UidPlace } from './uids.ts';
import { Undo } from './undo.ts';

/** A message to add: everything of its record that the mailbox does not choose. */
export type Arrival = Omit<MessageRecord, 'uid' | 'modseq'> & { readonly place?: UidPlace | undefined };

/** Where messages come from that are added: none of them is a second place of its email but a copy. */
export type Origin = 'new' | 'copied' | 'moved';

export class AccountChange {
  readonly nowMs: number;
  readonly keywords: KeywordSets;
  readonly facts: FactChanges;
  readonly history: HistoryChanges;
  readonly outgoing: OutgoingChanges;
  readonly subscriptions: Subscriptions;
  readonly rules: RuleChanges;
  readonly annotations: AnnotationChanges;
  readonly belongings: BelongingChanges;
  readonly #account: WritableAccount;
  readonly #expect: number;
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
    this.#records = new ChangeRecords(account, this.#undo);
    this.#places = new PlaceChanges(account, this.#undo);
    const write = (mailbox: MailboxState): WritableMailbox => {
      this.#takeModseq();
      return this.#write(mailbox);
    };
    this.keywords = new KeywordSets(this.#undo, this.#rows, write);
    this.facts = new FactChanges(account, this.#undo, this.#rows, write, () => this.#takeModseq());
    const writeInfo = (mailbox: MailboxState): WritableMailbox => this.#writeInfo(mailbox);
    this.subscriptions = new Subscriptions(account, writeInfo, () => this.#takeModseq());
    this.outgoing = new OutgoingChanges(account, this.#undo, this.#rows, nowMs, () => this.#takeModseq());
    this.rules = new RuleChanges(account, this.#undo, this.#rows, nowMs, () => this.#takeModseq());
    this.annotations = new AnnotationChanges(account, this.#undo, this.#rows, () => this.#takeModseq());
    this.belongings = new BelongingChanges(account, this.#undo, this.#rows, nowMs, () => this.#takeModseq());
    this.history = new HistoryChanges(account, this.#rows, nowMs, () => this.#nextHistoryModseq());
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
    return this.#rows.hasOwn;
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
    this.#undo.keep(this.#account.row);
    return mark;
  }

  /** Without a mark, everything of this turn. */
  rollBack(mark = 0): void {
    this.#undo.rollBack(mark);
  }

  /** Everything of this turn as rows. Called once, after the last operation. */
  toBatch(deferrable: boolean): AccountBatch {
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
  expunge(mailbox: MailboxState, rows: readonly number[]): void {
    if (rows.length === 0) return;
    this.#takeOut(mailbox, rows, 'kept');
    this.#account.noteExpunge(this.nowMs);
  }

  /** MOVE takes the records away without expunging them: their emails' references go along. */
  takeForMove(mailbox: MailboxState, rows: readonly number[]): MessageRecord[] {
    return this.#takeOut(mailbox, rows, 'moved');
  }

  newEmail(email: Omit<NewEmail, 'id'>): EmailId {
    this.#takeModseq();
    const id = emailId(this.#account.id, this.#account.row.nextEmail++);
    this.#rows.add({ kind: 'email', email: { ...email, id } });
    return id;
  }

  /** One more message refers to each of these emails. */
  retain(emails: readonly number[]): void {
    this.#takeModseq();
    this.#rows.add({ kind: 'retained', emails: emails.map((email) => emailId(this.#account.id, email)) });
  }

  rememberImport(mailbox: MailboxState, key: Buffer): void {
    this.#takeModseq();
    this.#rows.add({ kind: 'imported', mailbox: mailbox.id, key });
  }

  /** Of a message that was added in this operation. */
  nameExternally(mailbox: MailboxState, uid: number, id: string): void {
    this.#takeModseq();
    this.#rows.add({ kind: 'external-id', row: { mailbox: mailbox.id, uid: asUid(uid), id } });
  }

  // Mailboxes

  createMailbox(name: string, role: Role | undefined): MailboxState {
    const { row } = this.#account;
    const modseq = this.#takeModseq();
    const mailbox = WritableMailbox.empty({
      id: asMailboxId(row.nextMailbox++),
      uidValidity: asUidValidity(row.nextUidValidity++),
      name,
      role,
      modseq,
    });
    row.mailboxModseq = modseq;
    this.#records.mailbox('made', mailbox, modseq);
    this.#account.add(mailbox);
    // Whoever has found it by then must not bring it back: its number will be another's.
    this.#undo.did(() => Object.assign(mailbox.fields, { isGone: true }));
    this.#undo.did(() => this.#account.drop(mailbox));
    this.#write(mailbox);
    this.subscriptions.takeOverOrphan(mailbox);
    return mailbox;
  }

  /** The mailbox and its messages leave at once; the reaper releases their bytes later. Loaded, if they can be. */
  deleteMailbox(mailbox: MailboxState): void {
    const gone = this.#write(mailbox);
    const account = this.#account;
    this.annotations.mailboxGone(gone.id);
    this.history.mailboxGone(gone);
    this.#places.mailboxGone(gone);
    account.row.mailboxModseq = this.#takeModseq();
    if (gone.exists > 0) account.row.emailModseq = account.modseq;
    this.#records.mailbox('gone', gone, account.modseq);
    account.row.usedBytes -= gone.bytes;
    account.row.usedMessages -= gone.exists;
    this.subscriptions.leaveOrphan(gone);
    account.drop(gone);
    this.#undo.did(() => account.add(gone));
    gone.fields.isGone = true;
    this.#undo.add(account.gone, gone);
    this.#rows.add({ kind: 'mailbox-deleted', mailbox: gone.id });
    this.#account.noteExpunge(this.nowMs);
  }

  renameMailbox(mailbox: MailboxState, name: string): void {
    const renamed = this.#writeInfo(mailbox);
    const before = renamed.name;
    this.#place(renamed, name);
    this.#undo.did(() => this.#place(renamed, before));
    this.subscriptions.takeOverOrphan(renamed);
  }

  /** The caller sees to it that no other mailbox has the role. */
  describe(mailbox: MailboxState, what: Partial<Pick<MailboxState, 'role' | 'sortOrder'>>): void {
    Object.assign(this.#writeInfo(mailbox).fields, what);
  }

  /** Of an empty mailbox, first in its operation: UIDVALIDITY and UIDNEXT of another server, whose history is unknown. */
  adoptUids(mailbox: MailboxState, uidValidity: UidValidity, uidNext: Uid): void {
    const target = this.#write(mailbox);
    raiseAboveForeign(this.#account.row, uidValidity);
    const expungedFloor = this.#takeModseq();
    Object.assign(target.fields, { uidValidity, uidNext, modseq: expungedFloor, expungedFloor });
    this.#account.row.mailboxModseq = expungedFloor;
  }

  // Upkeep: no client sees it, but the account's row carries the new base all the same.
  /** One message less refers to each of these emails. */
  release(emails: readonly number[]): void {
    this.#takeModseq();
    this.#rows.add({ kind: 'released', emails: emails.map((email) => emailId(this.#account.id, email)) });
  }

  dropChunk(mailbox: MailboxId, first: number): void {
    this.#takeModseq();
    this.#rows.dropChunk(mailbox, asUid(first));
  }

  // Repair

  /** Counters become what the loaded messages add up to. */
  recount(mailbox: MailboxState): void {
    const target = this.#write(mailbox);
    Object.assign(target.fields, sumsOf(target.whole));
    // Messages that damage took left no trace.
    this.history.unknown();
  }

  /** UIDNEXT above every UID, the account's modseq and the mailbox's above every message's. */
  raiseMarks(mailbox: MailboxState): void {
    const target = this.#write(mailbox);
    const { columns, count } = target.whole;
    let highest = this.#account.modseq as number;
    for (let row = 0; row < count; row++) highest = Math.max(highest, columns.modseq[row] as number);
    this.#account.row.modseq = asModSeq(highest);
    target.fields.uidNext = Math.max(target.uidNext, ((columns.uid[count - 1] ?? 0) as number) + 1);
    this.#modseq = undefined;
    target.fields.modseq = this.#takeModseq();
    this.#account.row.mailboxModseq = target.modseq;
  }

  /** The account's usage becomes the sum of its mailboxes'. */
  recountUsage(): void {
    this.#takeModseq();
    const mailboxes = [...this.#account.mailboxes.values()];
    this.#account.row.usedBytes = mailboxes.reduce((sum, mailbox) => sum + mailbox.bytes, 0);
    this.#account.row.usedMessages = mailboxes.reduce((sum, mailbox) => sum + mailbox.exists, 0);
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
  #takeOut(mailbox: MailboxState, rows: readonly number[], octets: 'kept' | 'moved'): MessageRecord[] {
    const source = this.#write(mailbox);
    const list = source.whole;
    const records = rows.map((row) => recordAt(list.columns, row));
    this.#undo.did(list.remove(rows));
    this.#places.removed(source, records);
    for (const record of records) count(this.#account, source, record, -1);
    noteRemoved(source, list, { rows, records });
    for (let at = 0; at < records.length; at += EXPUNGED_PER_ROW) {
      const some = records.slice(at, at + EXPUNGED_PER_ROW);
      const modseq = this.history.expunged(source, some, octets);
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

  #place(mailbox: WritableMailbox, name: string): void {
    this.#account.drop(mailbox);
    mailbox.fields.name = name;
    this.#account.add(mailbox);
  }
}
