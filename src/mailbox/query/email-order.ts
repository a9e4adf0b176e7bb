/**
 * Finding the emails that may match a filter, and putting them in order: by what records say, and by keys that delivery computed
 * (`mail/sort-keys.ts`). Ties are broken by number, the newer first where the first comparator has the newer first.
 *
 * Promises: every email once; never more than a few milliseconds without letting others run. Emails that come, go and change
 * meanwhile may be seen before or after: `query-emails.ts` knows what to make of that.
 */
import { TimeSlice } from '../../base/time-slice.ts';
import type { Domain } from '../domain.ts';
import type { MailboxId } from '../model/model.ts';
import type { MessageRecord } from '../model/record.ts';
import { NumberSet } from '../reading/number-set.ts';
import { sorted } from '../search/sort.ts';
import { MAYBE, NO } from '../search/tree.ts';
import type { AccountState } from '../state/account.ts';
import type { ThreadTable } from '../state/thread-table.ts';
import { type EmailComparator, type EmailFilter, scopeOf, textsOf } from './email-filter.ts';
import { loadEverything } from './email-rows.ts';
import { EmailCursor, type EmailTest, emailTest, isVisible, recordValue } from './email-tests.ts';
import { isLoaded, loadKeys } from './loaded-keys.ts';
import { listPlainly, plainListOf } from './plain-list.ts';
import type { TextAnswers } from './text-answers.ts';

export interface Asked {
  readonly filter: EmailFilter;
  readonly sort: readonly EmailComparator[];
}

export interface OrderedEmails {
  readonly emails: Uint32Array;
  /** Of each, when there are texts that were not looked for; undefined when all of them match. */
  readonly answers: Uint8Array | undefined;
}

const KEYS_PER_LOAD = 300;
function isText({ by }: EmailComparator): boolean {
  return by === 'from' || by === 'to' || by === 'subject';
}

/** Whether what emails are sorted by never changes. */
export function isOfLastingKeys(sort: readonly EmailComparator[]): boolean {
  return sort.every(({ by }) => by !== 'keyword' && by !== 'all-in-thread' && by !== 'some-in-thread');
}

export async function findCandidates(
  domain: Domain,
  account: AccountState,
  { filter, sort }: Asked,
  texts: TextAnswers,
  threads: ThreadTable | undefined,
): Promise<OrderedEmails> {
  const plain = plainListOf(filter, sort);
  if (plain !== undefined) return { emails: await listPlainly(domain, account, plain), answers: undefined };
  const found = new Candidates(account, sort, threads);
  const test = emailTest(filter, texts);
  await found.scan(domain, scopeOf(filter), test);
  const slice = new TimeSlice();
  const pause = () => slice.spent();
  for (const [index, { criterion, isDeep }] of textsOf(filter).entries()) {
    const text = { index, criterion };
    if (isDeep) await texts.askIndex(domain, account, text, found.open(), pause);
    else await texts.search(domain, account, text, found.open(), pause);
    await found.askAgain(domain, test);
  }
  return found.inOrder(domain);
}

/** Emails that may match, with the values that they are sorted by. */
export class Candidates {
  readonly #account: AccountState;
  readonly #sort: readonly EmailComparator[];
  readonly #cursor: EmailCursor;
  readonly #values: readonly (((email: EmailCursor) => number) | undefined)[];
  readonly #columns: readonly (number | string)[][];
  readonly #emails: number[] = [];
  #answers: number[] = [];
  /** What loading keys needs to know. */
  readonly #received: number[] = [];
  readonly #sizes: number[] = [];
  readonly #loadsKeys: boolean;
  readonly #slice = new TimeSlice();

  constructor(account: AccountState, sort: readonly EmailComparator[], threads: ThreadTable | undefined) {
    this.#account = account;
    this.#sort = sort;
    this.#cursor = new EmailCursor(account, threads);
    this.#values = sort.map(recordValue);
    this.#columns = sort.map(() => []);
    this.#loadsKeys = sort.some(isLoaded);
  }

  /** All of these mailboxes, or of all there are. */
  async scan(domain: Domain, scope: ReadonlySet<MailboxId> | undefined, test: EmailTest): Promise<void> {
    const met = new NumberSet();
    await this.#pause(domain);
    for (const id of scope ?? [...this.#account.mailboxes.keys()]) {
      for (let upTo = 0; upTo >= 0; ) {
        upTo = this.#scanSome(id, upTo, test, met);
        if (upTo >= 0) await this.#pause(domain);
      }
    }
  }

  /** These emails, where they are. */
  async look(domain: Domain, emails: readonly number[], test: EmailTest): Promise<void> {
    await loadEverything(domain, this.#account);
    this.#cursor.restart();
    for (const [i, email] of emails.entries()) {
      if ((i & 255) === 255 && this.#slice.isSpent) await this.#pause(domain);
      if (!this.#cursor.find(email)) continue;
      const answer = test(this.#cursor);
      if (answer !== NO) this.#take(answer);
    }
  }

  /** As they were met. */
  get emails(): readonly number[] {
    return this.#emails;
  }

  /** Those of which the texts are not known. */
  open(): readonly number[] {
    return this.#emails.filter((_, i) => this.#answers[i] === MAYBE);
  }

  /** After more is known of texts. */
  async askAgain(domain: Domain, test: EmailTest): Promise<void> {
    await this.#pause(domain);
    for (let i = 0; i < this.#emails.length; i++) {
      if (this.#answers[i] !== MAYBE) continue;
      this.#answers[i] = this.#cursor.find(this.#emails[i] as number) ? test(this.#cursor) : NO;
      if ((i & 255) === 255 && this.#slice.isSpent) await this.#pause(domain);
    }
  }

  async inOrder(domain: Domain): Promise<OrderedEmails> {
    await this.#loadKeys(domain);
    const order = await sorted(this.#emails.length, this.#compare(), () => this.#slice.spent());
    const emails = new Uint32Array(order.length);
    const answers = new Uint8Array(order.length);
    let count = 0;
    let isDecided = true;
    for (const at of order) {
      const answer = this.#answers[at] as number;
      if (answer === NO) continue;
      if (answer === MAYBE) isDecided = false;
      answers[count] = answer;
      emails[count++] = this.#emails[at] as number;
    }
    return {
      emails: count === emails.length ? emails : emails.slice(0, count),
      answers: isDecided ? undefined : answers.slice(0, count),
    };
  }

  /** Returns up to which UID it has come when its time is over, or -1. */
  #scanSome(id: MailboxId, upTo: number, test: EmailTest, met: NumberSet): number {
    const mailbox = this.#account.mailboxes.get(id);
    const list = mailbox?.list;
    if (mailbox === undefined || list === undefined) return -1;
    const cursor = this.#cursor;
    const { uid } = list.columns;
    for (let row = list.lowerBound(upTo + 1); row < list.count; row++) {
      if ((row & 255) === 255 && this.#slice.isSpent) return (uid[row] as number) - 1;
      if (!isVisible(list, row)) continue;
      cursor.set(mailbox, list, row);
      if (!cursor.isSingle) {
        if (met.has(cursor.email)) continue;
        met.add(cursor.email);
      }
      const answer = test(cursor);
      if (answer !== NO) this.#take(answer);
    }
    return -1;
  }

  #take(answer: number): void {
    const cursor = this.#cursor;
    this.#emails.push(cursor.email);
    this.#answers.push(answer);
    for (let i = 0; i < this.#columns.length; i++)
      (this.#columns[i] as (number | string)[]).push(this.#values[i]?.(cursor) ?? 0);
    if (!this.#loadsKeys) return;
    this.#received.push(cursor.list.columns.internalDate[cursor.row] as number);
    this.#sizes.push(cursor.list.columns.size[cursor.row] as number);
  }

  async #pause(domain: Domain): Promise<void> {
    const spent = this.#slice.spent();
    if (spent !== undefined) await spent;
    await loadEverything(domain, this.#account);
    this.#cursor.restart();
  }

  async #loadKeys(domain: Domain): Promise<void> {
    if (!this.#loadsKeys) return;
    for (let at = 0; at < this.#emails.length; at += KEYS_PER_LOAD) {
      const records = this.#emails.slice(at, at + KEYS_PER_LOAD).map((email, k) => ({
        ...{ email, size: this.#sizes[at + k] as number, internalDate: this.#received[at + k] as number },
      })) as MessageRecord[];
      const keys = await loadKeys(domain, this.#account, records, this.#sort);
      for (const [i, values] of keys) {
        const column = this.#columns[i] as (number | string)[];
        for (const [k, value] of values.entries()) column[at + k] = value;
      }
      const spent = this.#slice.spent();
      if (spent !== undefined) await spent;
    }
  }

  #compare(): (a: number, b: number) => number {
    const emails = this.#emails;
    const comparing = this.#sort.map((comparator, i) => {
      const sign = comparator.isDescending ? -1 : 1;
      const values = this.#columns[i] as (number | string)[];
      if (isText(comparator))
        return (a: number, b: number) => {
          const [first, second] = [values[a] as string, values[b] as string];
          return first < second ? -sign : first > second ? sign : 0;
        };
      return (a: number, b: number) => sign * ((values[a] as number) - (values[b] as number));
    });
    const last = this.#sort[0]?.isDescending === true ? -1 : 1;
    return (a, b) => {
      for (const compare of comparing) {
        const order = compare(a, b);
        if (order !== 0) return order;
      }
      return last * ((emails[a] as number) - (emails[b] as number));
    };
  }
}
