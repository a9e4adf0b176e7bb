/**
 * Messages that have left a mailbox while somebody still holds on to it: their records wait in the expunge history, and
 * their octets with them, until every viewer has been told. Moved ones leave no record: they live on
 * elsewhere.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Domain } from '../domain.ts';
import { emailId, type ModSeq } from '../model/model.ts';
import { type MessageRecord, unpackRecords } from '../model/record.ts';
import type { HistoryRow } from '../port/store.ts';
import type { AccountState } from '../state/account.ts';
import type { Viewer } from '../state/mailbox.ts';

/** Each has a thousand records at most. */
const ROWS_PER_LOAD = 10;

export class ExpungedRecords {
  readonly #domain: Pick<Domain, 'store'>;
  readonly #account: AccountState;
  readonly #viewer: Viewer;
  readonly #records = new Map<number, MessageRecord>();
  #upTo: ModSeq;

  /** Of what is expunged from now on. */
  constructor(domain: Pick<Domain, 'store'>, account: AccountState, viewer: Viewer) {
    this.#domain = domain;
    this.#account = account;
    this.#viewer = viewer;
    this.#upTo = viewer.seenModseq;
  }

  /** Undefined for a message that was moved away, or is still there. */
  async find(uid: number): Promise<MessageRecord | undefined> {
    if (!this.#records.has(uid)) await this.#load();
    return this.#records.get(uid);
  }

  async #load(): Promise<void> {
    const { mailbox } = this.#viewer;
    if (this.#upTo >= mailbox.modseq) return;
    // What was taken back is in the mailbox again, and not in its history.
    await this.#account.unsettled?.catch(() => {});
    const { store } = this.#domain;
    for (; ; await nextTurn()) {
      const rows = await store.loadExpunged(this.#account.id, mailbox.id, this.#upTo, ROWS_PER_LOAD);
      for (const row of rows) {
        for (const record of row.records === undefined ? [] : unpackRecords(row.records)) {
          this.#records.set(record.uid, record);
        }
        this.#upTo = row.modseq;
      }
      if (rows.length < ROWS_PER_LOAD) return;
    }
  }
}

/** A session has not been told of it yet. */
export function isStillShown(account: AccountState, row: Pick<HistoryRow, 'mailbox' | 'modseq'>): boolean {
  const gone = [...account.gone].find((deleted) => deleted.id === row.mailbox);
  const mailbox = account.mailboxes.get(row.mailbox) ?? gone;
  if (mailbox === undefined) return false;
  for (const viewer of mailbox.viewers) if (viewer.seenModseq < row.modseq) return true;
  return false;
}

/** Somebody is in the middle of these emails, perhaps where he found them before they were moved here. */
export function areBeingRead(
  { store }: Pick<Domain, 'store'>,
  { id }: Pick<AccountState, 'id'>,
  emails: readonly number[],
): boolean {
  return store.inUse.hasAny(emails.map((email) => emailId(id, email)));
}
