/** The verbs of a change that are about mailboxes: which there are, what they are called and what they are for. */

import { parentName } from '../../mail/mailbox-name.ts';
import {
  asMailboxId,
  asUidValidity,
  type ModSeq,
  type Role,
  type Uid,
  type UidValidity,
} from '../model/model.ts';
import type { BuriedMailbox } from '../port/store.ts';
import type { WritableAccount } from '../state/account.ts';
import { type MailboxState, WritableMailbox } from '../state/mailbox.ts';
import type { AnnotationChanges } from './annotation-changes.ts';
import type { BatchRows } from './batch-rows.ts';
import type { ChangeRecords } from './change-records.ts';
import type { HistoryChanges } from './history-changes.ts';
import type { PlaceChanges } from './place-changes.ts';
import type { ShareChanges } from './share-changes.ts';
import type { Subscriptions } from './subscriptions.ts';
import { raiseAboveForeign } from './uids.ts';
import type { Undo } from './undo.ts';

/** The change that these verbs are part of. */
interface Whole {
  readonly nowMs: number;
  readonly undo: Undo;
  readonly rows: BatchRows;
  readonly records: ChangeRecords;
  readonly places: PlaceChanges;
  readonly annotations: AnnotationChanges;
  readonly history: HistoryChanges;
  readonly subscriptions: Subscriptions;
  readonly shares: ShareChanges;
  /** The mailbox's row is written with the turn. */
  readonly write: (mailbox: MailboxState) => WritableMailbox;
  /** A mailbox whose row says of itself that it has changed. */
  readonly writeInfo: (mailbox: MailboxState) => WritableMailbox;
  readonly takeModseq: () => ModSeq;
}

export class MailboxChanges {
  readonly #account: WritableAccount;
  readonly #to: Whole;

  constructor(account: WritableAccount, to: Whole) {
    this.#account = account;
    this.#to = to;
  }

  create(name: string, role: Role | undefined): MailboxState {
    const { row } = this.#account;
    const modseq = this.#to.takeModseq();
    const mailbox = WritableMailbox.empty({
      id: asMailboxId(row.nextMailbox++),
      uidValidity: asUidValidity(row.nextUidValidity++),
      name,
      role,
      modseq,
    });
    row.mailboxModseq = modseq;
    this.#account.add(mailbox);
    // Whoever has found it by then must not bring it back: its number will be another's.
    this.#to.undo.did(() => Object.assign(mailbox.fields, { isGone: true }));
    this.#to.undo.did(() => this.#account.drop(mailbox));
    this.#to.write(mailbox);
    this.#to.shares.inherit(mailbox, this.#account.byName.get(parentName(name) ?? ''));
    this.#to.subscriptions.takeOverOrphan(mailbox);
    this.#to.records.mailbox('made', mailbox, modseq);
    return mailbox;
  }

  /** The mailbox and its messages leave at once; the reaper releases their bytes later. Loaded, if they can be. */
  remove(mailbox: MailboxState): void {
    const gone = this.#to.write(mailbox);
    const account = this.#account;
    this.#to.annotations.mailboxGone(gone.id);
    this.#to.shares.mailboxGone(gone.id);
    this.#to.history.mailboxGone(gone);
    const grave = this.#to.history.buried(gone);
    this.#to.places.mailboxGone(gone);
    account.row.mailboxModseq = this.#to.takeModseq();
    if (gone.exists > 0) account.row.emailModseq = account.modseq;
    this.#to.records.mailbox('gone', gone, account.modseq);
    account.row.usedBytes -= gone.bytes;
    account.row.usedMessages -= gone.exists;
    this.#to.subscriptions.leaveOrphan(gone);
    account.drop(gone);
    this.#to.undo.did(() => account.add(gone));
    gone.fields.isGone = true;
    this.#to.undo.add(account.gone, gone);
    this.#to.rows.add({ kind: 'mailbox-deleted', row: grave });
    account.noteExpunge(this.#to.nowMs);
  }

  /** What is known of a deleted one is another. */
  describeBuried(row: BuriedMailbox): void {
    this.#to.takeModseq();
    this.#to.rows.add({ kind: 'mailbox-deleted', row });
  }

  rename(mailbox: MailboxState, name: string): void {
    const renamed = this.#to.writeInfo(mailbox);
    const before = renamed.name;
    this.#place(renamed, name);
    this.#to.undo.did(() => this.#place(renamed, before));
    this.#to.subscriptions.takeOverOrphan(renamed);
  }

  /** The caller sees to it that no other mailbox has the role. */
  describe(mailbox: MailboxState, what: Partial<Pick<MailboxState, 'role' | 'sortOrder'>>): void {
    Object.assign(this.#to.writeInfo(mailbox).fields, what);
  }

  /** Of an empty mailbox, first in its operation: UIDVALIDITY and UIDNEXT of another server, whose history is unknown. */
  adoptUids(mailbox: MailboxState, uidValidity: UidValidity, uidNext: Uid): void {
    const target = this.#to.write(mailbox);
    raiseAboveForeign(this.#account.row, uidValidity);
    const expungedFloor = this.#to.takeModseq();
    this.#to.records.mailbox('info', target, expungedFloor);
    Object.assign(target.fields, { uidValidity, uidNext, modseq: expungedFloor, expungedFloor });
    this.#account.row.mailboxModseq = expungedFloor;
  }

  #place(mailbox: WritableMailbox, name: string): void {
    this.#account.drop(mailbox);
    mailbox.fields.name = name;
    this.#account.add(mailbox);
  }
}
