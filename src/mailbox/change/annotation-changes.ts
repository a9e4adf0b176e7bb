/** The verbs of a change that are about annotations: of a mailbox they go with it. */
import { type AnnotationPlace, type AnnotationRow, annotationKey } from '../model/annotations.ts';
import type { MailboxId, ModSeq } from '../model/model.ts';
import type { WritableAccount } from '../state/account.ts';
import type { BatchRows } from './batch-rows.ts';
import type { Undo } from './undo.ts';

export class AnnotationChanges {
  readonly #account: WritableAccount;
  readonly #undo: Undo;
  readonly #rows: BatchRows;
  readonly #takeModseq: () => ModSeq;

  constructor(account: WritableAccount, undo: Undo, rows: BatchRows, takeModseq: () => ModSeq) {
    this.#account = account;
    this.#undo = undo;
    this.#rows = rows;
    this.#takeModseq = takeModseq;
  }

  /** In the place of the one of that name; without a value there is none. */
  put(place: AnnotationPlace, value: Buffer | undefined): void {
    const { annotations } = this.#account;
    const key = annotationKey(place);
    if (value === undefined && !annotations.has(key)) return;
    this.#takeModseq();
    const { mailbox, name } = place;
    if (value === undefined) this.#delete(key);
    else this.#undo.put(annotations, key, { mailbox, name, sizeBytes: value.length });
    this.#rows.add({ kind: 'annotation', place: { mailbox, name }, value });
  }

  mailboxGone(mailbox: MailboxId): void {
    for (const row of [...this.#account.annotations.values()])
      if (row.mailbox === mailbox) this.put(row, undefined);
  }

  #delete(key: string): void {
    const { annotations } = this.#account;
    const before = annotations.get(key) as AnnotationRow;
    annotations.delete(key);
    this.#undo.did(() => annotations.set(key, before));
  }
}
