/** Bringing a list of emails up to date by those that changed since it was made: no look at the others, beside a few to compare with. */
import type { Domain } from '../domain.ts';
import { recordAt } from '../model/record.ts';
import { NumberSet } from '../reading/number-set.ts';
import { YES } from '../search/tree.ts';
import type { AccountState } from '../state/account.ts';
import type { EmailComparator } from './email-filter.ts';
import { type Asked, Candidates } from './email-order.ts';
import { isEverythingLoaded, loadEverything } from './email-rows.ts';
import { EmailCursor, emailTest, recordValue } from './email-tests.ts';
import { loadKeys } from './loaded-keys.ts';
import { TextAnswers } from './text-answers.ts';

/** More that have to be put in their places, and sorting all anew is no more work. */
const MOST_PLACED = 200;

/**
 * The list without the changed emails, and with those of them that match where they belong; for a filter without texts, and an order by
 * what never changes. May be the same array; undefined when it is better to make the list anew.
 */
export async function withChanged(
  domain: Domain,
  account: AccountState,
  { filter, sort }: Asked,
  list: Uint32Array,
  changed: readonly number[],
): Promise<Uint32Array | undefined> {
  if (changed.length === 0) return list;
  const isChanged = numberSet(changed);
  const matching = new Candidates(account, sort, undefined);
  await matching.look(domain, changed, emailTest(filter, new TextAnswers(0)));
  const isMatching = numberSet(matching.emails);
  // What it is sorted by stays, so one that matches still stands where it stood.
  const isThere = new NumberSet();
  let gone = 0;
  for (let at = 0; at < list.length; at++) {
    const email = list[at] as number;
    if (!isChanged.has(email)) continue;
    isThere.add(email);
    if (!isMatching.has(email)) gone++;
  }
  const come = matching.emails.filter((email) => !isThere.has(email));
  if (come.length === 0 && gone === 0) return list;
  const rest = gone === 0 ? list : list.filter((email) => !isChanged.has(email) || isMatching.has(email));
  if (come.length === 0) return rest;
  if (come.length > MOST_PLACED) return undefined;
  const added = new Candidates(account, sort, undefined);
  await added.look(domain, come, () => YES);
  return await merged(new Ranks(domain, account, sort), rest, (await added.inOrder(domain)).emails);
}

function numberSet(numbers: Iterable<number>): NumberSet {
  const set = new NumberSet();
  for (const number of numbers) set.add(number);
  return set;
}

async function merged(ranks: Ranks, list: Uint32Array, added: Uint32Array): Promise<Uint32Array> {
  const out = new Uint32Array(list.length + added.length);
  let from = 0;
  for (let i = 0; i < added.length; i++) {
    const email = added[i] as number;
    const place = await placeOf(ranks, list, from, email);
    out.set(list.subarray(from, place), from + i);
    out[place + i] = email;
    from = place;
  }
  out.set(list.subarray(from), from + added.length);
  return out;
}

/** By halves. Emails that are gone meanwhile compare with nothing, and are passed over. */
async function placeOf(ranks: Ranks, list: Uint32Array, from: number, email: number): Promise<number> {
  const rank = await ranks.of(email);
  let [low, high] = [from, list.length];
  while (rank !== undefined && low < high) {
    const middle = (low + high) >>> 1;
    let at = middle;
    let other: Rank | undefined;
    for (; at < high && other === undefined; at++) other = await ranks.of(list[at] as number);
    if (other === undefined) high = middle;
    else if (ranks.compare(rank, other) < 0) high = middle;
    else low = at;
  }
  return low;
}

/** The values that an email is sorted by, and its number. */
interface Rank {
  readonly email: number;
  readonly values: readonly (number | string)[];
}

class Ranks {
  readonly #domain: Domain;
  readonly #account: AccountState;
  readonly #sort: readonly EmailComparator[];
  readonly #cursor: EmailCursor;
  readonly #records: readonly ReturnType<typeof recordValue>[];

  constructor(domain: Domain, account: AccountState, sort: readonly EmailComparator[]) {
    this.#domain = domain;
    this.#account = account;
    this.#sort = sort;
    this.#cursor = new EmailCursor(account, undefined);
    this.#records = sort.map(recordValue);
  }

  /** Undefined for one that is nowhere. */
  async of(email: number): Promise<Rank | undefined> {
    if (!isEverythingLoaded(this.#account)) await loadEverything(this.#domain, this.#account);
    const cursor = this.#cursor;
    cursor.restart();
    if (!cursor.find(email)) return undefined;
    const record = recordAt(cursor.list.columns, cursor.row);
    const values = this.#records.map((value) => value?.(cursor));
    if (!values.includes(undefined)) return { email, values: values as number[] };
    const keys = await loadKeys(this.#domain, this.#account, [record], this.#sort);
    return { email, values: values.map((value, i) => value ?? (keys.get(i)?.[0] as number | string)) };
  }

  compare(a: Rank, b: Rank): number {
    for (let i = 0; i < this.#sort.length; i++) {
      const sign = this.#sort[i]?.isDescending === true ? -1 : 1;
      const [first, second] = [a.values[i] as number | string, b.values[i] as number | string];
      if (first !== second) return first < second ? -sign : sign;
    }
    return (this.#sort[0]?.isDescending === true ? -1 : 1) * (a.email - b.email);
  }
}
