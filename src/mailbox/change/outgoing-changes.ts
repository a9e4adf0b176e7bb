/**
 * Mail that an operation gives to the queue, and changes of such mail that go in one piece with others. Nothing of it is in memory:
 * these are rows, and a list of what has come for whoever sends it.
 */
import type { MailboxId } from '../model/model.ts';
import {
  type NewRecipient,
  type OutgoingId,
  type OutgoingRow,
  outgoingId,
  type RecipientChange,
} from '../model/outgoing.ts';
import type { WritableAccount } from '../state/account.ts';
import type { BatchRows } from './batch-rows.ts';
import type { Undo } from './undo.ts';

export interface NewOutgoing extends Omit<OutgoingRow, 'id' | 'createdMs'> {
  /** Of what tells of it and is made with it (`belongings.ts`); a number among those of emails when left out. */
  readonly number?: number | undefined;
  /** One at least. */
  readonly recipients: readonly NewRecipient[];
}

export class OutgoingChanges {
  readonly #account: WritableAccount;
  readonly #undo: Undo;
  readonly #rows: BatchRows;
  readonly #nowMs: number;
  readonly #takeModseq: () => void;
  readonly #ids: OutgoingId[] = [];

  constructor(account: WritableAccount, undo: Undo, rows: BatchRows, nowMs: number, takeModseq: () => void) {
    this.#account = account;
    this.#undo = undo;
    this.#rows = rows;
    this.#nowMs = nowMs;
    this.#takeModseq = takeModseq;
  }

  /** What this turn has given to the queue, in order. */
  get ids(): readonly OutgoingId[] {
    return this.#ids;
  }

  /** The caller has made the email, or retained it: that reference is the message's from here on. */
  add({ recipients, number, ...row }: NewOutgoing): OutgoingId {
    this.#takeModseq();
    const id = outgoingId(this.#account.id, number ?? this.#account.row.nextEmail++);
    const nextMs = Math.max(this.#nowMs, row.holdUntilMs ?? 0);
    this.#rows.add({
      kind: 'outgoing',
      row: { ...row, id, createdMs: this.#nowMs },
      recipients: recipients.map((one, i) => ({
        state: 'waiting',
        ...one,
        n: i + 1,
        attempts: 0,
        isTold: false,
        nextMs,
      })),
    });
    this.#undo.append(this.#ids, [id]);
    return id;
  }

  /** A delivery into this mailbox whose import key nobody will ask for any more. */
  forgetDelivery(mailbox: MailboxId, key: Buffer): void {
    this.#takeModseq();
    this.#rows.add({ kind: 'import-forgotten', mailbox, key });
  }

  /** Of mail of this account. */
  settle(...changes: readonly RecipientChange[]): void {
    this.#takeModseq();
    for (const change of changes) this.#rows.add({ kind: 'recipient', change });
  }
}
