/**
 * One mailbox in memory: its row, its messages when they are loaded, the change log and who has it open.
 *
 * `MailboxState` is what everybody may see of it. Sessions read it between their awaits; a row number is valid only until
 * the next await, a UID always. `WritableMailbox` is the same mailbox for those who may change it: a change
 * (`change/account-change.ts`), and this room for what is not stored (messages loaded, who looks).
 */
import { invariant } from '../../base/invariant.ts';
import type { KeywordTable } from '../model/keywords.ts';
import {
  asUid,
  type MailboxId,
  type MailboxRow,
  type ModSeq,
  type Role,
  type Uid,
  type UidValidity,
} from '../model/model.ts';
import type { LoadedMailbox } from '../port/store.ts';
import { type ChangeLog, type MessageChange, WritableChangeLog } from './change-log.ts';
import { WritableKeywords } from './keywords.ts';
import { type MessageList, WritableMessageList } from './message-list.ts';

/** Messages that a mailbox just made has room for. */
const EMPTY_ROOM = 16;

/** What of a mailbox is stored and can change. It is taken back as one value, so no field of it can be forgotten. */
export interface MailboxFields {
  readonly name: string;
  readonly role: Role | undefined;
  /** Changes only while the mailbox is empty and nobody has it open. */
  readonly uidValidity: UidValidity;
  readonly uidNext: number;
  readonly modseq: ModSeq;
  readonly infoModseq: ModSeq;
  readonly sortOrder: number;
  readonly exists: number;
  readonly unseen: number;
  /** Position of the first message without \Seen; 0 when all are seen. */
  readonly firstUnseen: number;
  readonly deleted: number;
  readonly bytes: number;
  readonly subscribed: boolean;
  readonly isSubscribedUnasked: boolean;
  readonly recentFrom: number;
  readonly expungedFloor: ModSeq;
  /** The mailbox was deleted; sessions that have it open keep reading, nobody changes it any more. */
  readonly isGone: boolean;
}

export interface MailboxState extends MailboxFields {
  readonly id: MailboxId;
  /** It is gone, and what was in it was brought back elsewhere or let go of: its list says nothing of that any more. */
  readonly isEmptied: boolean;
  readonly createdModseq: ModSeq;
  /** All messages, when a session has needed them. */
  readonly list: MessageList | undefined;
  /** Only the end, when nothing but delivery has needed it. At most one of the two is set. */
  readonly tail: MessageList | undefined;
  readonly keywords: KeywordTable;
  readonly log: ChangeLog<MessageChange>;
  readonly viewers: ReadonlySet<Viewer>;
  /** The mailbox itself, of one that is shown to somebody who is there by leave. */
  readonly original?: MailboxState;
  toRow(): MailboxRow;
}

export interface ViewerEvents {
  /** Something changed and is durable: a hint, the session finds out what by reading the change log. */
  readonly onHint: () => void;
  /** What this session has been shown was taken back (storage failed): it must not go on with its view. */
  readonly onInvalid: () => void;
  /** The mailbox, which was deleted, was brought back as another one: what was in it is there, and may go from there for good. */
  readonly onElsewhere?: () => void;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

export class WritableMailbox implements MailboxState {
  readonly id: MailboxId;
  readonly createdModseq: ModSeq;
  fields: Writable<MailboxFields>;
  list: WritableMessageList | undefined;
  tail: WritableMessageList | undefined;
  readonly keywords: WritableKeywords;
  readonly log: WritableChangeLog<MessageChange>;
  readonly viewers = new Set<Viewer>();
  /** A load that is under way, shared by all who wait for it. */
  loading: Promise<MessageList> | undefined;
  isEmptied = false;
  lastUsedMs = 0;
  /** No message that has left it, as far as is known, had a UID above this one; see `change/uids.ts`. */
  goneUpTo = 0;

  /** For this room and `change/` alone; `tools/layers.ts` sees to it. */
  static of(mailbox: MailboxState): WritableMailbox {
    invariant(mailbox instanceof WritableMailbox, 'there is one kind of mailbox');
    return mailbox;
  }

  static empty({
    role,
    modseq,
    ...names
  }: Pick<WritableMailbox, 'id' | 'uidValidity' | 'name' | 'role' | 'modseq'>): WritableMailbox {
    const row: MailboxRow = {
      ...names,
      ...(role === undefined ? {} : { role }),
      uidNext: asUid(1),
      modseq,
      createdModseq: modseq,
      infoModseq: modseq,
      sortOrder: 0,
      exists: 0,
      unseen: 0,
      firstUnseen: 0,
      deleted: 0,
      bytes: 0,
      subscribed: true,
      isSubscribedUnasked: true,
      recentFrom: asUid(1),
      expungedFloor: modseq,
    };
    return new WritableMailbox({ ...row, keywords: [] });
  }

  constructor(row: LoadedMailbox) {
    const { id, createdModseq, keywords, ...rest } = row;
    this.id = id;
    this.createdModseq = createdModseq;
    this.fields = {
      ...rest,
      role: row.role,
      isGone: false,
    };
    this.keywords = new WritableKeywords(keywords);
    this.log = new WritableChangeLog(row.modseq);
  }

  get name(): string {
    return this.fields.name;
  }
  get role(): Role | undefined {
    return this.fields.role;
  }
  get uidValidity(): UidValidity {
    return this.fields.uidValidity;
  }
  get uidNext(): number {
    return this.fields.uidNext;
  }
  get modseq(): ModSeq {
    return this.fields.modseq;
  }
  get infoModseq(): ModSeq {
    return this.fields.infoModseq;
  }
  get sortOrder(): number {
    return this.fields.sortOrder;
  }
  get exists(): number {
    return this.fields.exists;
  }
  get unseen(): number {
    return this.fields.unseen;
  }
  get firstUnseen(): number {
    return this.fields.firstUnseen;
  }
  get deleted(): number {
    return this.fields.deleted;
  }
  get bytes(): number {
    return this.fields.bytes;
  }
  get subscribed(): boolean {
    return this.fields.subscribed;
  }
  get isSubscribedUnasked(): boolean {
    return this.fields.isSubscribedUnasked;
  }
  get recentFrom(): number {
    return this.fields.recentFrom;
  }
  get expungedFloor(): ModSeq {
    return this.fields.expungedFloor;
  }
  get isGone(): boolean {
    return this.fields.isGone;
  }

  /** Where messages can be added: the list, or its end alone; undefined when neither is loaded. */
  get loaded(): WritableMessageList | undefined {
    return this.list ?? this.tail;
  }

  /** All messages, for changes that need every one of them there. */
  get whole(): WritableMessageList {
    invariant(this.list !== undefined, 'a mailbox is fully loaded before its messages change');
    return this.list;
  }

  /** One that no message ever came to: there is nothing to load. */
  beginEmpty(): void {
    if (this.loaded === undefined) this.tail = WritableMessageList.of([], false, EMPTY_ROOM);
  }

  /** Frees the memory of the messages; they are loaded again when they are needed. */
  unload(): void {
    this.list = undefined;
    this.tail = undefined;
  }

  /** What has to be stored of its messages since the last call. */
  takeDirty(): ReturnType<WritableMessageList['takeDirty']> {
    return this.loaded?.takeDirty(this.id) ?? { chunks: [], dropped: [] };
  }

  /** Change records that every viewer has read serve nobody. */
  trimLog(): void {
    if (!this.log.isDue) return;
    let read = this.modseq;
    for (const viewer of this.viewers) if (viewer.readModseq < read) read = viewer.readModseq;
    this.log.trim(read);
  }

  toRow(): MailboxRow {
    const { role, uidNext, recentFrom, isGone: _, ...rest } = this.fields;
    return {
      ...rest,
      id: this.id,
      createdModseq: this.createdModseq,
      uidNext: uidNext as Uid,
      recentFrom: recentFrom as Uid,
      ...(role === undefined ? {} : { role }),
    };
  }
}

/**
 * A session's hold on a mailbox it has open. It keeps the messages it has not yet been told are gone readable (the
 * reaper looks at `seenModseq`) and the change records it has not read; it is called when something has changed.
 */
export class Viewer {
  readonly isReadOnly: boolean;
  readonly events: ViewerEvents;
  /** The session has been told, or needs not be told, of everything up to this. */
  seenModseq: ModSeq;
  readonly #mailbox: WritableMailbox;
  #readModseq: ModSeq;

  constructor(mailbox: MailboxState, isReadOnly: boolean, events: ViewerEvents) {
    this.#mailbox = WritableMailbox.of(mailbox);
    this.isReadOnly = isReadOnly;
    this.events = events;
    this.seenModseq = mailbox.modseq;
    this.#readModseq = mailbox.modseq;
    this.#mailbox.viewers.add(this);
  }

  get mailbox(): MailboxState {
    return this.#mailbox;
  }

  get isOpen(): boolean {
    return this.#mailbox.viewers.has(this);
  }

  /** How far the change log has been read; `seenModseq` stays behind while expunges are untold. */
  get readModseq(): ModSeq {
    return this.#readModseq;
  }

  set readModseq(modseq: ModSeq) {
    this.#readModseq = modseq;
    this.#mailbox.trimLog();
  }

  /** UIDs `[from, to)` that no session has been told of as \Recent; unless it only looks, nobody is told again. */
  claimRecent(): [from: number, to: number] {
    const { fields } = this.#mailbox;
    const from = fields.recentFrom;
    if (!this.isReadOnly) fields.recentFrom = fields.uidNext;
    return [from, fields.uidNext];
  }

  close(): void {
    this.#mailbox.viewers.delete(this);
    if (this.#mailbox.viewers.size === 0) this.#mailbox.log.trim(this.#mailbox.modseq);
  }
}
