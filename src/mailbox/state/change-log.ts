/**
 * Change records: what happened, to which messages and emails, in which mailbox, and who did it, in modseq order. A mailbox
 * has a log for the sessions that have it open, an account one for those who follow all of it. Who has read up to
 * modseq m reads the records after m; what all of them have read is let go of, and without a reader nothing is kept. A
 * log is bounded; a reader that fell behind it compares (a session its view with the list, a follower by
 * `reading/email-changes.ts`), so a record lost is latency, never truth.
 */
import type { Author } from '../model/author.ts';
import type { MailboxId, ModSeq, Role, UidValidity } from '../model/model.ts';

interface Recorded {
  readonly mailbox: MailboxId;
  readonly modseq: ModSeq;
  readonly by: Author;
}

/** The i-th UID is the message of the i-th email. */
export interface MessageChange extends Recorded {
  readonly kind: 'added' | 'flags' | 'expunged';
  readonly uids: readonly number[];
  readonly emails: readonly number[];
}

/** `info`: another name, role, subscription or UIDVALIDITY. */
export interface MailboxChange extends Recorded {
  readonly kind: 'made' | 'gone' | 'info';
  /** What it was until then; of one that was made, what it is. What it has become says the record after this one, or the mailbox. */
  readonly was: MailboxFace;
}

/** What a mailbox shows of itself beside its messages. */
export interface MailboxFace {
  readonly name: string;
  readonly role: Role | undefined;
  readonly subscribed: boolean;
  readonly uidValidity: UidValidity;
}

/** An annotation was set or removed, of a mailbox or (`NO_MAILBOX`) of the server. */
export interface AnnotationChange extends Recorded {
  readonly kind: 'annotation';
  readonly entry: string;
}

/** A name without a mailbox of this account is subscribed, or is no more. */
export interface OrphanChange extends Recorded {
  readonly kind: 'subscription';
  readonly name: string;
}

export type Change = MessageChange | MailboxChange | AnnotationChange | OrphanChange;

export interface ChangeLog<C extends Change> {
  /** Records after `modseq` in order, or undefined when some of them are no longer here. */
  after(modseq: ModSeq): readonly C[] | undefined;
}

/** More than this many messages in the log, and the oldest records go. */
const MAX_MESSAGES = 20_000;

/** So few records are not worth a look at who has read them. */
const MIN_RECORDS = 64;

export class WritableChangeLog<C extends Change> implements ChangeLog<C> {
  #records: C[] = [];
  #weight = 0;
  /** Every change after this modseq is in the log. */
  #floor: ModSeq;
  /** So many records, and it is time to ask what everybody has read: twice what was left the last time. */
  #dueAt = MIN_RECORDS;

  constructor(floor: ModSeq) {
    this.#floor = floor;
  }

  get size(): number {
    return this.#records.length;
  }

  /** Enough has come together since the last `trim`. */
  get isDue(): boolean {
    return this.#records.length >= this.#dueAt;
  }

  /** The returned function takes the record out again; nothing was pushed after it, then. */
  push(change: C): () => void {
    this.#records.push(change);
    this.#weight += weightOf(change);
    if (this.#weight > MAX_MESSAGES) this.#drop(this.#countOver(MAX_MESSAGES >> 1));
    return () => {
      if (this.#records.at(-1) !== change) return;
      this.#records.pop();
      this.#weight -= weightOf(change);
    };
  }

  /** Nobody reads this change: those who come later begin after it. */
  skip(modseq: ModSeq): void {
    this.#drop(this.#records.length);
    this.#floor = modseq;
  }

  /** Lets go of the records up to this modseq. */
  trim(upTo: ModSeq): void {
    let count = 0;
    while (count < this.#records.length && (this.#records[count] as C).modseq <= upTo) count++;
    this.#drop(count);
    this.#dueAt = Math.max(MIN_RECORDS, this.#records.length * 2);
  }

  after(modseq: ModSeq): readonly C[] | undefined {
    if (modseq < this.#floor) return undefined;
    let from = this.#records.length;
    while (from > 0 && (this.#records[from - 1] as C).modseq > modseq) from--;
    return from === this.#records.length ? [] : this.#records.slice(from);
  }

  /** How many of the oldest must go for at most this weight; the newest stays. */
  #countOver(keep: number): number {
    let count = 0;
    for (let weight = this.#weight; weight > keep && count < this.#records.length - 1; count++) {
      weight -= weightOf(this.#records[count] as C);
    }
    return count;
  }

  #drop(count: number): void {
    if (count === 0) return;
    for (const change of this.#records.splice(0, count)) {
      this.#weight -= weightOf(change);
      this.#floor = change.modseq;
    }
  }
}

function weightOf(change: Change): number {
  return 'uids' in change ? change.uids.length : 1;
}
