/**
 * The changes of one account in one turn: applied to the memory at once, collected as rows for the store, and undone
 * when an operation or the store refuses. Every operation of the domain is written in these verbs, so counters, quota,
 * modseq, history and change records cannot be forgotten by one of them: they are kept here and nowhere else.
 *
 * An operation runs synchronously from `begin` to its end; it gets one modseq, shared by all it changes (RFC 7162 §3.1).
 */
import { invariant } from '../../base/invariant.ts';
import { FLAG } from '../../mail/flags.ts';
import { MailboxError } from '../model/errors.ts';
import {
  asMailboxId,
  asModSeq,
  asUid,
  asUidValidity,
  type EmailId,
  emailId,
  MAX_UID,
  type MailboxId,
  type ModSeq,
  type Role,
} from '../model/model.ts';
import { type MessageRecord, packRecords, packUids, recordAt } from '../model/record.ts';
import type { AccountBatch, ExpungedRow, ExternalId, NewEmail } from '../port/store.ts';
import type { AccountState } from '../state/account.ts';
import { MailboxState } from '../state/mailbox.ts';
import type { FlagColumns, MessageList } from '../state/message-list.ts';

/** A message to add: everything of its record that the mailbox does not choose. */
export type Arrival = Omit<MessageRecord, 'uid' | 'modseq'>;

export class AccountChange {
  readonly account: AccountState;
  readonly nowMs: number;
  readonly #expect: number;
  readonly #undo: (() => void)[] = [];
  #opModseq: ModSeq | undefined;
  #opTouched = new Set<MailboxState>();
  readonly touched = new Set<MailboxState>();
  #deleted: MailboxId[] = [];
  #emails: NewEmail[] = [];
  #retained: EmailId[] = [];
  #released: EmailId[] = [];
  #expunged = new Map<string, ExpungedRow>();
  #pruned: { mailbox: MailboxId; upTo: ModSeq }[] = [];
  #imported: { mailbox: MailboxId; key: Buffer }[] = [];
  #externalIds: ExternalId[] = [];
  #droppedChunks: { mailbox: MailboxId; first: ReturnType<typeof asUid> }[] = [];
  #isNew: boolean;

  constructor(account: AccountState, nowMs: number) {
    this.account = account;
    this.nowMs = nowMs;
    this.#isNew = account.modseq === 0;
    this.#expect = account.modseq;
  }

  /** Starts an operation; returns the mark to `rollBack` to when it throws. */
  begin(): number {
    const mark = this.#undo.length;
    this.#opModseq = undefined;
    this.#opTouched = new Set();
    this.#undo.push(this.account.snapshot());
    return mark;
  }

  rollBack(mark: number): void {
    while (this.#undo.length > mark) (this.#undo.pop() as () => void)();
  }

  /** The modseq of the running operation: one more than any before it. */
  modseq(): ModSeq {
    if (this.#opModseq === undefined) {
      this.#opModseq = asModSeq(this.account.modseq + 1);
      this.account.modseq = this.#opModseq;
    }
    return this.#opModseq;
  }

  /** Declares that the mailbox's row will change in this operation. */
  touch(mailbox: MailboxState): void {
    if (mailbox.isGone) throw new MailboxError('nonexistent', `mailbox ${mailbox.name} was deleted`);
    if (this.#opTouched.has(mailbox)) return;
    this.#opTouched.add(mailbox);
    this.#undo.push(mailbox.snapshot());
    this.touched.add(mailbox);
  }

  /** Appends messages in order and returns their UIDs. The caller has checked the quota. */
  addMessages(mailbox: MailboxState, arrivals: readonly Arrival[]): number[] {
    const list = mailbox.list ?? mailbox.tail;
    invariant(list !== undefined, 'a mailbox is loaded before messages are added');
    if (mailbox.uidNext + arrivals.length > MAX_UID) {
      throw new MailboxError(
        'limit',
        `mailbox ${mailbox.name} has used up its UIDs; copy its mail to a new one`,
      );
    }
    this.touch(mailbox);
    const modseq = this.modseq();
    const uids: number[] = [];
    for (const arrival of arrivals) {
      const uid = mailbox.uidNext++;
      list.append({ ...arrival, uid, modseq });
      this.#undo.push(() => list.unappend());
      this.#count(mailbox, arrival, 1);
      if (mailbox.firstUnseen === 0 && unseenOf(arrival.flags) > 0) mailbox.firstUnseen = mailbox.exists;
      uids.push(uid);
    }
    mailbox.modseq = modseq;
    this.#log(mailbox, { kind: 'added', modseq, uids });
    return uids;
  }

  /** Sets flags and keyword sets of loaded messages; ascending rows, each once. Returns their UIDs. */
  setFlags(mailbox: MailboxState, changes: FlagColumns): number[] {
    const { rows, flags } = changes;
    if (rows.length === 0) return [];
    const list = listOf(mailbox);
    this.touch(mailbox);
    for (let i = 0; i < rows.length; i++) {
      const before = list.columns.flags[rows[i] as number] as number;
      mailbox.unseen += unseenOf(flags[i] as number) - unseenOf(before);
      mailbox.deleted += deletedOf(flags[i] as number) - deletedOf(before);
    }
    const modseq = this.modseq();
    this.#undo.push(list.setFlags(changes, modseq));
    moveFirstUnseen(mailbox, list, changes);
    mailbox.modseq = modseq;
    const uids = rows.map((row) => list.columns.uid[row] as number);
    this.#log(mailbox, { kind: 'flags', modseq, uids });
    return uids;
  }

  /** Takes messages out of a mailbox, keeping them readable for those who have not been told; ascending rows. */
  expunge(mailbox: MailboxState, rows: readonly number[]): void {
    if (rows.length === 0) return;
    const list = listOf(mailbox);
    const records = this.#takeOut(mailbox, list, rows);
    const modseq = this.modseq();
    this.account.needsReaping = true;
    this.account.lastExpungeMs = this.nowMs;
    this.#putExpunged({
      mailbox: mailbox.id,
      modseq,
      uids: packUids(records.map((record) => record.uid)),
      records: packRecords(records),
      atMs: this.nowMs,
    });
    this.#log(mailbox, { kind: 'expunged', modseq, uids: records.map((record) => record.uid) });
  }

  createMailbox(name: string, role: Role | undefined): MailboxState {
    const { account } = this;
    const modseq = this.modseq();
    const mailbox = new MailboxState({
      id: asMailboxId(account.nextMailbox++),
      name,
      ...(role === undefined ? {} : { role }),
      uidValidity: asUidValidity(account.nextUidValidity++),
      uidNext: asUid(1),
      modseq,
      createdModseq: modseq,
      exists: 0,
      unseen: 0,
      firstUnseen: 0,
      deleted: 0,
      bytes: 0,
      subscribed: true,
      recentFrom: asUid(1),
      expungedFloor: modseq,
      keywords: [],
      keywordSets: [],
    });
    account.orphanSubscriptions = account.orphanSubscriptions.filter((orphan) => orphan !== name);
    account.add(mailbox);
    this.#undo.push(() => account.drop(mailbox));
    this.touch(mailbox);
    return mailbox;
  }

  /** The mailbox and its messages leave the account at once; the reaper releases their bytes later. */
  deleteMailbox(mailbox: MailboxState): void {
    const { account } = this;
    this.touch(mailbox);
    this.modseq();
    account.usedBytes -= mailbox.bytes;
    account.usedMessages -= mailbox.exists;
    if (mailbox.subscribed) {
      account.orphanSubscriptions = [...account.orphanSubscriptions, mailbox.name].slice(-1000);
    }
    mailbox.isGone = true;
    account.drop(mailbox);
    account.gone.add(mailbox);
    account.needsReaping = true;
    account.lastExpungeMs = this.nowMs;
    this.#deleted.push(mailbox.id);
    this.#undo.push(() => {
      this.#deleted.pop();
      account.gone.delete(mailbox);
      account.add(mailbox);
    });
  }

  renameMailbox(mailbox: MailboxState, name: string): void {
    const { account } = this;
    const before = mailbox.name;
    this.touch(mailbox);
    this.modseq();
    account.drop(mailbox);
    mailbox.name = name;
    account.add(mailbox);
    this.#takeOverSubscription(mailbox);
    this.#undo.push(() => {
      account.drop(mailbox);
      mailbox.name = before;
      account.add(mailbox);
    });
  }

  newEmail(email: Omit<NewEmail, 'id'>): EmailId {
    const id = emailId(this.account.id, this.account.nextEmail++);
    this.#emails.push({ ...email, id });
    this.#undo.push(() => this.#emails.pop());
    return id;
  }

  retain(email: number): void {
    this.#retained.push(emailId(this.account.id, email));
    this.#undo.push(() => this.#retained.pop());
  }

  /** MOVE takes the records away without expunging them: their emails' references go along. */
  takeForMove(mailbox: MailboxState, rows: readonly number[]): MessageRecord[] {
    const records = this.#takeOut(mailbox, listOf(mailbox), rows);
    const modseq = this.modseq();
    const uids = records.map((record) => record.uid);
    this.#putExpunged({
      mailbox: mailbox.id,
      modseq,
      uids: packUids(uids),
      records: undefined,
      atMs: this.nowMs,
    });
    this.#log(mailbox, { kind: 'expunged', modseq, uids });
    return records;
  }

  rememberImport(mailbox: MailboxState, key: Buffer): void {
    this.#imported.push({ mailbox: mailbox.id, key });
    this.#undo.push(() => this.#imported.pop());
  }

  /** Of a message that was added in this operation. */
  nameExternally(mailbox: MailboxState, uid: number, id: string): void {
    this.#externalIds.push({ mailbox: mailbox.id, uid: asUid(uid), id });
    this.#undo.push(() => this.#externalIds.pop());
  }

  /** The reaper's verbs: nothing that a client sees changes, but the account's row carries the new base all the same. */
  release(emails: readonly number[]): void {
    this.modseq();
    const before = this.#released.length;
    for (const email of emails) this.#released.push(emailId(this.account.id, email));
    this.#undo.push(() => {
      this.#released.length = before;
    });
  }

  replaceExpunged(row: ExpungedRow): void {
    this.modseq();
    this.#putExpunged(row);
  }

  pruneHistory(mailbox: MailboxId, upTo: ModSeq): void {
    this.modseq();
    this.#pruned.push({ mailbox, upTo });
    this.#undo.push(() => this.#pruned.pop());
  }

  dropChunk(mailbox: MailboxId, first: number): void {
    this.modseq();
    this.#droppedChunks.push({ mailbox, first: asUid(first) });
    this.#undo.push(() => this.#droppedChunks.pop());
  }

  get isEmpty(): boolean {
    return this.account.modseq === this.#expect && this.touched.size === 0;
  }

  /** Everything of this turn as rows. Called once, after the last operation. */
  toBatch(deferrable: boolean): AccountBatch {
    const mailboxes = [...this.touched].filter((mailbox) => !mailbox.isGone);
    const dirty = mailboxes.map((mailbox) => {
      const list = mailbox.list ?? mailbox.tail;
      const taken = list?.takeDirty(mailbox.id) ?? { chunks: [], dropped: [] };
      return { id: mailbox.id, ...taken };
    });
    return {
      account: this.account.id,
      expect: this.#isNew ? 0 : this.#expect,
      row: this.account.toRow(),
      mailboxes: mailboxes.map((mailbox) => mailbox.toRow()),
      deletedMailboxes: this.#deleted,
      chunks: dirty.flatMap((one) => one.chunks),
      droppedChunks: [
        ...this.#droppedChunks,
        ...dirty.flatMap((one) => one.dropped.map((first) => ({ mailbox: one.id, first }))),
      ],
      emails: this.#emails,
      retained: this.#retained,
      released: this.#released,
      expunged: [...this.#expunged.values()],
      prunedHistory: this.#pruned,
      imported: this.#imported,
      externalIds: this.#externalIds,
      deferrable,
    };
  }

  #takeOut(mailbox: MailboxState, list: MessageList, rows: readonly number[]): MessageRecord[] {
    this.touch(mailbox);
    const records = rows.map((row) => recordAt(list.columns, row));
    this.#undo.push(list.remove(rows));
    for (const record of records) this.#count(mailbox, record, -1);
    const { firstUnseen } = mailbox;
    if (firstUnseen > 0) {
      const gone = rows.filter((row) => row < firstUnseen - 1).length;
      mailbox.firstUnseen = nextUnseen(mailbox, list, firstUnseen - 1 - gone);
    }
    mailbox.modseq = this.modseq();
    return records;
  }

  #count(mailbox: MailboxState, message: Arrival, sign: 1 | -1): void {
    mailbox.exists += sign;
    mailbox.bytes += sign * message.size;
    mailbox.unseen += sign * unseenOf(message.flags);
    mailbox.deleted += sign * deletedOf(message.flags);
    this.account.usedBytes += sign * message.size;
    this.account.usedMessages += sign;
  }

  /** A name stays subscribed while it has no mailbox; from here on the mailbox says so, or nobody could unsubscribe it. */
  #takeOverSubscription(mailbox: MailboxState): void {
    const { account } = this;
    const others = account.orphanSubscriptions.filter((orphan) => orphan !== mailbox.name);
    if (others.length === account.orphanSubscriptions.length) return;
    account.orphanSubscriptions = others;
    mailbox.subscribed = true;
  }

  #putExpunged(row: ExpungedRow): void {
    const key = `${row.mailbox}/${row.modseq}`;
    const before = this.#expunged.get(key);
    this.#expunged.set(key, row);
    this.#undo.push(() => {
      if (before === undefined) this.#expunged.delete(key);
      else this.#expunged.set(key, before);
    });
  }

  #log(mailbox: MailboxState, change: Parameters<MailboxState['log']['push']>[0]): void {
    mailbox.log.push(change);
    this.#undo.push(() => mailbox.log.pop());
  }
}

function listOf(mailbox: MailboxState): MessageList {
  invariant(mailbox.list !== undefined, 'a mailbox is fully loaded before its messages change');
  return mailbox.list;
}

/** Messages have become seen or unseen. */
function moveFirstUnseen(mailbox: MailboxState, list: MessageList, { rows, flags }: FlagColumns): void {
  const { firstUnseen } = mailbox;
  const unseen = rows[flags.findIndex((one) => unseenOf(one) > 0)];
  if (unseen !== undefined && (firstUnseen === 0 || unseen + 1 < firstUnseen))
    mailbox.firstUnseen = unseen + 1;
  else if (firstUnseen > 0) mailbox.firstUnseen = nextUnseen(mailbox, list, firstUnseen - 1);
}

/** Position of the first unseen message from this row on; one octet a message is looked at. */
function nextUnseen(mailbox: MailboxState, list: MessageList, from: number): number {
  if (mailbox.unseen === 0) return 0;
  const { flags } = list.columns;
  for (let row = from; row < list.count; row++) if (unseenOf(flags[row] as number) > 0) return row + 1;
  return 0;
}

const unseenOf = (flags: number): number => (flags & FLAG.Seen ? 0 : 1);
const deletedOf = (flags: number): number => (flags & FLAG.Deleted ? 1 : 0);
