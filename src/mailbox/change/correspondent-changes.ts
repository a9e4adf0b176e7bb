/**
 * The verbs of a change that are about whom an account knows. No client of mail is told of them, so messages keep their modseq; what is
 * noted in a turn is one row of its batch, however many messages it has brought.
 */
import { KNOWN, MOST_CORRESPONDENTS } from '../model/correspondents.ts';
import type { ModSeq } from '../model/model.ts';
import type { WritableAccount } from '../state/account.ts';
import type { BatchRows } from './batch-rows.ts';
import type { Undo } from './undo.ts';

/** The end of a key by which one in so many is told, without a count of them that would have to be kept. */
const COUNTED = /00$/;

export class CorrespondentChanges {
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

  /** Before the account's next email is made: the first one brings the secret, and mail from before it waits to be read. */
  begin(): void {
    if (this.#account.correspondence !== undefined) return;
    const { newSecret: secret, row } = this.#account;
    const hasMail = row.nextEmail > 1;
    this.#set({ secret, unread: hasMail ? 1 : 0 });
    // Under the secret of before, if there was one, which is lost.
    if (hasMail) this.#rows.add({ kind: 'correspondents-pruned', heard: 0, others: 0 });
  }

  /** Bits of `KNOWN`, beside those that are known already. */
  note(key: string, kinds: number): void {
    const { newcomers, row } = this.#account;
    if ((newcomers.kindsOf(key) & kinds) === kinds) return;
    this.begin();
    this.#undo.did(newcomers.add(this.#takeModseq(), key, kinds));
    this.#rows.meet({ key, kinds, since: row.nextEmail });
    if (COUNTED.test(key)) this.#rows.add({ kind: 'correspondents-pruned', ...MOST_CORRESPONDENTS });
  }

  /** Mail has come from it. */
  hear(key: string): void {
    this.note(key, KNOWN.Heard);
  }

  /** The people of all emails before this one are known; 0: of all. */
  noteRead(next: number): void {
    this.begin();
    const { secret } = this.#account.correspondence ?? { secret: this.#account.newSecret };
    this.#set({ secret, unread: next });
  }

  #set(row: NonNullable<WritableAccount['correspondence']>): void {
    this.#takeModseq();
    const account = this.#account;
    const before = account.correspondence;
    account.correspondence = row;
    this.#undo.did(() => {
      account.correspondence = before;
    });
    this.#rows.add({ kind: 'correspondence', row });
  }
}
