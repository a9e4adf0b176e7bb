/** The verbs of a change that are about annotations: of a mailbox they go with it. */
import { type AnnotationPlace, type AnnotationRow, annotationKey } from '../model/annotations.ts';
import type { MailboxId, ModSeq } from '../model/model.ts';
import type { WritableAccount } from '../state/account.ts';
import type { BatchRows } from './batch-rows.ts';
import type { ChangeRecords } from './change-records.ts';
import type { Undo } from './undo.ts';

/** The change that these verbs are part of. */
interface Whole {
  readonly undo: Undo;
  readonly rows: BatchRows;
  readonly records: ChangeRecords;
}

export class AnnotationChanges {
  readonly #account: WritableAccount;
  readonly #undo: Undo;
  readonly #rows: BatchRows;
  readonly #records: ChangeRecords;
  readonly #takeModseq: () => ModSeq;

  constructor(account: WritableAccount, { undo, rows, records }: Whole, takeModseq: () => ModSeq) {
    this.#account = account;
    this.#undo = undo;
    this.#rows = rows;
    this.#records = records;
    this.#takeModseq = takeModseq;
  }

  /** In the place of the one of that name; without a value there is none. */
  put(place: AnnotationPlace, value: Buffer | undefined): void {
    const { annotations } = this.#account;
    const key = annotationKey(place);
    if (value === undefined && !annotations.has(key)) return;
    const { mailbox, name } = place;
    this.#records.annotation(mailbox, name, this.#takeModseq());
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
