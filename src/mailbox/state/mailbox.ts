/**
 * One mailbox in memory: its row, its messages when they are loaded, the change log and who is looking.
 *
 * Only `AccountChange` writes to it. Sessions read it between their awaits; a row number is valid only until the next
 * await, a UID always.
 */

import { KeywordTable } from '../model/keywords.ts';
import type { MailboxId, MailboxRow, ModSeq, Role, Uid, UidValidity } from '../model/model.ts';
import { ChangeLog } from './change-log.ts';
import type { MessageList } from './message-list.ts';

/** What a mailbox knows of a session that has it open; see `viewer.ts`. */
export interface Watcher {
  readonly seenModseq: ModSeq;
  /** How far it has looked; what it has seen there it may not have told yet. */
  readonly readModseq: ModSeq;
  /** Something changed and is durable. */
  hint(): void;
  /** What this session has been shown was taken back (storage failed): it must not go on with its view. */
  invalidate(): void;
}

export class MailboxState {
  readonly id: MailboxId;
  readonly uidValidity: UidValidity;
  readonly createdModseq: ModSeq;
  name: string;
  role: Role | undefined;
  uidNext: number;
  modseq: ModSeq;
  exists: number;
  unseen: number;
  firstUnseen: number;
  deleted: number;
  bytes: number;
  subscribed: boolean;
  recentFrom: number;
  expungedFloor: ModSeq;
  keywords: KeywordTable;
  /** The mailbox was deleted; sessions that have it open keep reading, nobody changes it any more. */
  isGone = false;
  /** All messages, when a session has needed them. */
  list: MessageList | undefined;
  /** Only the end, when nothing but delivery has needed it. At most one of the two is set. */
  tail: MessageList | undefined;
  readonly log: ChangeLog;
  /** A load that is under way, shared by all who wait for it. */
  loading: Promise<MessageList> | undefined;
  lastUsedMs = 0;
  readonly viewers = new Set<Watcher>();

  constructor(row: MailboxRow) {
    this.id = row.id;
    this.uidValidity = row.uidValidity;
    this.createdModseq = row.createdModseq;
    this.name = row.name;
    this.role = row.role;
    this.uidNext = row.uidNext;
    this.modseq = row.modseq;
    this.exists = row.exists;
    this.unseen = row.unseen;
    this.firstUnseen = row.firstUnseen;
    this.deleted = row.deleted;
    this.bytes = row.bytes;
    this.subscribed = row.subscribed;
    this.recentFrom = row.recentFrom;
    this.expungedFloor = row.expungedFloor;
    this.keywords = new KeywordTable(row.keywords, row.keywordSets);
    this.log = new ChangeLog(row.modseq);
  }

  toRow(): MailboxRow {
    return {
      id: this.id,
      name: this.name,
      ...(this.role === undefined ? {} : { role: this.role }),
      uidValidity: this.uidValidity,
      uidNext: this.uidNext as Uid,
      modseq: this.modseq,
      createdModseq: this.createdModseq,
      exists: this.exists,
      unseen: this.unseen,
      firstUnseen: this.firstUnseen,
      deleted: this.deleted,
      bytes: this.bytes,
      subscribed: this.subscribed,
      recentFrom: this.recentFrom as Uid,
      expungedFloor: this.expungedFloor,
      keywords: this.keywords.names,
      keywordSets: this.keywords.sets,
    };
  }

  /** Remembers the fields a change may touch; the returned function restores them. */
  snapshot(): () => void {
    const { name, role, uidNext, modseq, exists, unseen, firstUnseen, deleted, bytes } = this;
    const { subscribed, recentFrom, expungedFloor, keywords, isGone } = this;
    const saved = { name, role, uidNext, modseq, exists, unseen, firstUnseen, deleted, bytes };
    return () => Object.assign(this, saved, { subscribed, recentFrom, expungedFloor, keywords, isGone });
  }
}
