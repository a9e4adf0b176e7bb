/**
 * Which emails were created, updated and destroyed since a moment (RFC 8620 §5.2; an email is there while it has a place, see
 * `model/history.ts`). The answer, applied to what there was then, gives what there was at the moment it leads to. What is
 * changed while it is computed is told the next time.
 *
 * It goes by number: a client that takes it in pieces is told of each email at most once, and of all. Threads follow from
 * it: to which one an email belongs never changes.
 *
 * How it is found: an email that changed has a row of history since, or a message that changed since. The places it had at
 * a moment are those it has now, less what it gained and with what it lost after that moment.
 */
import { TimeSlice } from '../../base/time-slice.ts';
import type { Domain } from '../domain.ts';
import { GAIN, unpackNumbers } from '../model/history.ts';
import type { HistoryEntry } from '../port/store.ts';
import type { AccountState } from '../state/account.ts';
import { loadList } from '../state/load.ts';
import { loadPlaces } from '../state/load-places.ts';
import type { MailboxState } from '../state/mailbox.ts';
import type { Placements } from '../state/placements.ts';
import {
  type Changes,
  durableMoment,
  isKept,
  isKnown,
  type Moment,
  type Position,
  readHistory,
} from './moment.ts';
import { NumberSet } from './number-set.ts';

/** Emails that the history since names: whoever is behind by more does better to look at everything anew. */
const MOST_NUMBERS = 500_000;
/** Emails looked at for one answer: a few milliseconds. One that finds few changes among them says that there is more. */
const MOST_COUNTED = 50_000;

/** At most `most` emails. Undefined when it is not known any more what there was at that moment. */
export async function emailChanges(
  domain: Domain,
  account: AccountState,
  position: Position,
  most: number,
): Promise<Changes | undefined> {
  const { since, told } = position;
  for (;;) {
    if (!isKnown(account, 'emails', position)) return undefined;
    const upTo = told?.upTo ?? (await durableMoment(account, 'emails'));
    const changed = new ChangedEmails(since, upTo);
    const read = await readHistory(domain, account, since.modseq, (entry) => changed.addEntry(entry));
    if (changed.numbers > MOST_NUMBERS) return undefined;
    for (const mailbox of account.mailboxes.values()) {
      if (mailbox.modseq > since.modseq) await changed.addMessages(domain, account, mailbox);
    }
    await loadPlaces(domain, account);
    const { placements, modseq, unsettled } = account;
    if (placements?.isWhole !== true) continue;
    const counted = changed.count(placements, told?.reached ?? 0);
    if (!(await isKept(unsettled))) continue;
    await readHistory(domain, account, read, (entry) => {
      if (entry.modseq <= modseq) changed.addGain(entry);
    });
    if (!isKnown(account, 'emails', position)) return undefined;
    return changed.page(counted, most);
  }
}

/** Emails that may have changed, ascending, and the places that each had at one moment. */
interface Counted {
  readonly emails: Uint32Array;
  readonly places: Uint16Array;
  readonly length: number;
  /** There are more behind the last. */
  readonly isCut: boolean;
}

class ChangedEmails {
  /** Of emails that the history names. */
  numbers = 0;
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

  addEntry(entry: HistoryEntry): void {
    if (this.numbers > MOST_NUMBERS) return;
    const emails = this.addGain(entry);
    for (const email of emails) this.#emails.add(email);
    this.numbers += emails.length;
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

  /** In one go, while nobody changes anything. */
  count(placements: Placements, reached: number): Counted {
    const emails = new Uint32Array(MOST_COUNTED);
    const places = new Uint16Array(MOST_COUNTED);
    let length = 0;
    for (const email of this.#candidates(reached + 1)) {
      if (length === MOST_COUNTED) return { emails, places, length, isCut: true };
      emails[length] = email;
      places[length++] = placements.countOf(email);
    }
    return { emails, places, length, isCut: false };
  }

  page({ emails, places, length, isCut }: Counted, most: number): Changes {
    const page = { created: [] as number[], updated: [] as number[], destroyed: [] as number[] };
    let found = 0;
    let at = 0;
    for (; at < length && found < most; at++) {
      const email = emails[at] as number;
      const now = places[at] as number;
      const wasThere = email < this.#since.nextEmail && now > (this.#gainSince.get(email) ?? 0);
      const isThere = now > (this.#gainAfter.get(email) ?? 0);
      if (!wasThere && !isThere) continue;
      found++;
      if (!wasThere) page.created.push(email);
      else (isThere ? page.updated : page.destroyed).push(email);
    }
    if (at === length && !isCut) return { ...page, next: { since: this.#upTo } };
    const told = { upTo: this.#upTo, reached: emails[at - 1] as number };
    return { ...page, next: { since: this.#since, told } };
  }

  /** Ascending. All that came in between are among them: one that moves on meanwhile could be missed as a message. */
  *#candidates(from: number): Generator<number> {
    const { nextEmail } = this.#since;
    for (const email of this.#emails.from(from)) {
      if (email >= Math.min(nextEmail, this.#upTo.nextEmail)) break;
      yield email;
    }
    for (let email = Math.max(from, nextEmail); email < this.#upTo.nextEmail; email++) yield email;
  }
}
