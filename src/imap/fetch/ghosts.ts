/**
 * Messages that are gone but not yet told to this client: it may still read them (RFC 9051 §7.5.1),
 * which saves phones from errors in the middle of a sync. Their records wait in the expunge history until every session
 * has been told; moved ones leave none, since they live on elsewhere.
 */
import type { AccountState } from '../../mailbox/account-state.ts';
import type { Domain } from '../../mailbox/domain.ts';
import type { ModSeq } from '../../mailbox/model.ts';
import { type MessageRecord, unpackRecords } from '../../mailbox/record.ts';
import type { Selected } from '../selected.ts';

const ROWS_PER_LOAD = 50;

export class Ghosts {
  readonly #domain: Pick<Domain, 'store'>;
  readonly #account: AccountState;
  readonly #selected: Selected;
  readonly #records = new Map<number, MessageRecord>();
  #after: ModSeq;

  constructor(domain: Pick<Domain, 'store'>, account: AccountState, selected: Selected) {
    this.#domain = domain;
    this.#account = account;
    this.#selected = selected;
    this.#after = selected.viewer.seenModseq;
  }

  /** The record of a message that is no longer in the list; undefined when it was moved away. */
  async find(uid: number): Promise<MessageRecord | undefined> {
    if (!this.#records.has(uid)) await this.#load();
    return this.#records.get(uid);
  }

  /** What was expunged since the last look. */
  async #load(): Promise<void> {
    const { mailbox } = this.#selected;
    if (this.#after >= mailbox.modseq) return;
    await this.#account.unsettled;
    for (;;) {
      const rows = await this.#domain.store.loadExpunged(
        this.#account.id,
        mailbox.id,
        this.#after,
        ROWS_PER_LOAD,
      );
      for (const row of rows) {
        for (const record of row.records === undefined ? [] : unpackRecords(row.records)) {
          this.#records.set(record.uid, record);
        }
        this.#after = row.modseq;
      }
      if (rows.length < ROWS_PER_LOAD) break;
    }
  }
}
