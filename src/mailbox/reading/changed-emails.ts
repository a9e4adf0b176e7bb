/**
 * Emails that may have changed since a moment, and how many places each had then and at a later one (`model/history.ts`): those it has
 * now, less what it gained and with what it lost after that moment.
 *
 * How they are found: an email that changed has a row of history since, or a message that changed since, or a number that was
 * not yet given.
 */
import { TimeSlice } from '../../base/time-slice.ts';
import type { Domain } from '../domain.ts';
import { GAIN, unpackNumbers } from '../model/history.ts';
import type { ModSeq } from '../model/model.ts';
import type { HistoryEntry } from '../port/store.ts';
import type { AccountState } from '../state/account.ts';
import { loadList } from '../state/load.ts';
import type { MailboxState } from '../state/mailbox.ts';
import { type Moment, readHistory } from './moment.ts';
import { NumberSet } from './number-set.ts';

/** Emails that the history since names: whoever is behind by more does better to look at everything anew. */
const MOST_NUMBERS = 500_000;

export class ChangedEmails {
  #numbers = 0;
  readonly #since: Moment;
  readonly #upTo: Moment;
  readonly #emails = new NumberSet();
  /** Places that emails gained since one moment and after the other. */
  readonly #gainSince = new Map<number, number>();
  readonly #gainAfter = new Map<number, number>();

  constructor(since: Moment, upTo: Moment) {
    this.#since = since;
    this.#upTo = upTo;
  }

  /** The history names more than are worth counting. */
  get areTooMany(): boolean {
    return this.#numbers > MOST_NUMBERS;
  }

  /** All that changed up to now; returns the modseq up to which the history was read. */
  async gather(domain: Domain, account: AccountState): Promise<ModSeq> {
    const { modseq: since } = this.#since;
    const read = await readHistory(domain, account, since, (entry) => this.addEntry(entry));
    if (this.areTooMany) return read;
    for (const mailbox of account.mailboxes.values())
      if (mailbox.modseq > since) await this.addMessages(domain, account, mailbox);
    return read;
  }

  addEntry(entry: HistoryEntry): void {
    if (this.#numbers > MOST_NUMBERS) return;
    const emails = this.addGain(entry);
    for (const email of emails) this.#emails.add(email);
    this.#numbers += emails.length;
  }

  addGain({ modseq, kind, emails }: HistoryEntry): readonly number[] {
    const numbers = unpackNumbers(emails);
    for (const email of numbers) {
      this.#gainSince.set(email, (this.#gainSince.get(email) ?? 0) + GAIN[kind]);
      if (modseq <= this.#upTo.modseq) continue;
      this.#gainAfter.set(email, (this.#gainAfter.get(email) ?? 0) + GAIN[kind]);
    }
    return numbers;
  }

  /** Messages of the mailbox that changed since. What changes while it waits for others is of a later moment. */
  async addMessages(domain: Domain, account: AccountState, mailbox: MailboxState): Promise<void> {
    const list = await loadList(domain, account, mailbox);
    const slice = new TimeSlice();
    const since = this.#since.modseq;
    for (let row = 0; row < list.count; row++) {
      const { columns } = list;
      if ((columns.modseq[row] as number) > since) this.#emails.add(columns.email[row] as number);
      const spent = (row & 1023) === 0 ? slice.spent() : undefined;
      if (spent === undefined) continue;
      const uid = columns.uid[row] as number;
      await spent;
      row = list.lowerBound(uid + 1) - 1;
    }
  }

  /** Whether an email of so many places now was there at the moment from which the changes are counted. */
  wasThere(email: number, places: number): boolean {
    return email < this.#since.nextEmail && places > (this.#gainSince.get(email) ?? 0);
  }

  /** At the moment up to which they are. */
  isThere(email: number, places: number): boolean {
    return email < this.#upTo.nextEmail && places > (this.#gainAfter.get(email) ?? 0);
  }

  /** Ascending. All that came in between are among them: one that moves on meanwhile could be missed as a message. */
  *candidates(from: number): Generator<number> {
    const { nextEmail } = this.#since;
    for (const email of this.#emails.from(from)) {
      if (email >= Math.min(nextEmail, this.#upTo.nextEmail)) break;
      yield email;
    }
    for (let email = Math.max(from, nextEmail); email < this.#upTo.nextEmail; email++) yield email;
  }
}
