/**
 * The list that every client asks for first: one mailbox, by the date of arrival. The same as the general way of `email-order.ts` finds,
 * without asking each message what it is: in tight loops over columns, and mostly without sorting, since mail comes in the order
 * of its dates.
 */
import { TimeSlice } from '../../base/time-slice.ts';
import { FLAG } from '../../mail/flags.ts';
import type { Domain } from '../domain.ts';
import type { MailboxId } from '../model/model.ts';
import { NumberSet } from '../reading/number-set.ts';
import { sorted } from '../search/sort.ts';
import type { AccountState } from '../state/account.ts';
import type { Placements } from '../state/placements.ts';
import type { EmailComparator, EmailFilter } from './email-filter.ts';
import { loadEverything } from './email-rows.ts';

export interface PlainList {
  readonly mailbox: MailboxId;
  readonly isDescending: boolean;
}

/** Undefined when it is another list. */
export function plainListOf(filter: EmailFilter, sort: readonly EmailComparator[]): PlainList | undefined {
  const [first] = sort;
  if (filter.kind !== 'in' || sort.length !== 1 || first?.by !== 'received') return undefined;
  return { mailbox: filter.mailbox, isDescending: first.isDescending };
}

export async function listPlainly(
  domain: Domain,
  account: AccountState,
  { mailbox, isDescending }: PlainList,
): Promise<Uint32Array> {
  const found = new Found();
  const slice = new TimeSlice();
  for (let upTo = 0; upTo >= 0; ) {
    await loadEverything(domain, account);
    upTo = found.addSome(account, mailbox, upTo, slice);
    if (upTo >= 0) await slice.next();
  }
  return await found.inOrder(isDescending, slice);
}

class Found {
  #emails = new Uint32Array(1024);
  #dates = new Float64Array(1024);
  #count = 0;
  /** Emails that are several messages, of which one may have been met. */
  readonly #met = new NumberSet();

  /** Returns up to which UID it has come when the time is over, or -1. */
  addSome(account: AccountState, mailbox: MailboxId, upTo: number, slice: TimeSlice): number {
    const list = account.mailboxes.get(mailbox)?.list;
    if (list === undefined) return -1;
    const placements = account.placements as Placements;
    const { uid, email, flags, internalDate } = list.columns;
    this.#reserve(list.count);
    for (let row = list.lowerBound(upTo + 1); row < list.count; row++) {
      if ((row & 1023) === 1023 && slice.isSpent) return (uid[row] as number) - 1;
      if (((flags[row] as number) & FLAG.Deleted) !== 0) continue;
      const number = email[row] as number;
      if (!placements.isSingle(number)) {
        if (this.#met.has(number)) continue;
        this.#met.add(number);
      }
      this.#emails[this.#count] = number;
      this.#dates[this.#count++] = internalDate[row] as number;
    }
    return -1;
  }

  /** Ties by number, the newer first where the newest are first. */
  async inOrder(isDescending: boolean, slice: TimeSlice): Promise<Uint32Array> {
    const [emails, dates] = [this.#emails, this.#dates];
    const compare = (a: number, b: number): number =>
      (dates[a] as number) - (dates[b] as number) || (emails[a] as number) - (emails[b] as number);
    const isInOrder = this.#isInOrder();
    const order = isInOrder ? undefined : await sorted(this.#count, compare, () => slice.spent());
    const out = new Uint32Array(this.#count);
    const last = this.#count - 1;
    for (let i = 0; i <= last; i++)
      out[isDescending ? last - i : i] = emails[order === undefined ? i : (order[i] as number)] as number;
    return out;
  }

  #isInOrder(): boolean {
    const [emails, dates] = [this.#emails, this.#dates];
    for (let i = 1; i < this.#count; i++) {
      const [before, after] = [dates[i - 1] as number, dates[i] as number];
      if (before > after) return false;
      if (before === after && (emails[i - 1] as number) > (emails[i] as number)) return false;
    }
    return true;
  }

  /** What comes meanwhile has room as well. */
  #reserve(more: number): void {
    const needed = this.#count + more;
    if (needed <= this.#emails.length) return;
    const emails = new Uint32Array(needed + 1024);
    const dates = new Float64Array(needed + 1024);
    emails.set(this.#emails.subarray(0, this.#count));
    dates.set(this.#dates.subarray(0, this.#count));
    [this.#emails, this.#dates] = [emails, dates];
  }
}
