/**
 * Tests of header fields over the search texts of a whole mailbox in memory (`state/search-texts.ts`): one look for the octets of a
 * needle answers for every message.
 *
 * The texts are loaded by the first search that would load most of them anyway. Messages that came since are added; of
 * others that are not there (copied in from elsewhere) nothing is known here. Waits often: a megabyte is a millisecond.
 */
import { type Pause, TimeSlice } from '../../base/time-slice.ts';
import { asFoldedNow, isFieldAt, isInField, type SearchField } from '../../mail/search-text.ts';
import type { Domain } from '../domain.ts';
import { type EmailId, emailId } from '../model/model.ts';
import type { NumberColumn } from '../model/record.ts';
import { loadFacts } from '../reading/message-reader.ts';
import type { AccountState } from '../state/account.ts';
import type { MailboxState } from '../state/mailbox.ts';
import { SearchTexts } from '../state/search-texts.ts';
import { type FieldTest, MAYBE, NO, YES } from './tree.ts';

const BATCH = 300;
const SLICE_BYTES = 1024 * 1024;
/** What a text takes with room to spare, for those whose size is not known. */
const USUAL_BYTES = 300;
/** A client may ask for a thousand, and each of these takes an octet for every message. */
const MAX_TESTS = 16;

export class KnownFields {
  readonly #texts: SearchTexts;
  /** By the index of the test: 1 for each email that has it. */
  readonly #found: readonly (Uint8Array | undefined)[];
  /** Messages of which nothing was known. */
  #unknown = 0;

  private constructor(texts: SearchTexts, found: readonly (Uint8Array | undefined)[]) {
    this.#texts = texts;
    this.#found = found;
  }

  /** Undefined when there are no texts; `isWorthIt` is asked whether to load those of a whole mailbox. */
  static async of(
    domain: Domain,
    account: AccountState,
    mailbox: MailboxState,
    { tests, pause, isWorthIt }: Asked,
  ): Promise<KnownFields | undefined> {
    if (!tests.some(isSearchable)) return undefined;
    const texts = await textsOf(domain, account, mailbox, pause, isWorthIt);
    if (texts === undefined) return undefined;
    const found: (Uint8Array | undefined)[] = [];
    for (const test of tests.slice(0, MAX_TESTS))
      found.push(isSearchable(test) ? await whereFound(texts, test, pause) : undefined);
    return new KnownFields(texts, found);
  }

  /** The answers of a test for a block of rows. */
  decide(test: number, emails: NumberColumn, start: number, end: number, out: Uint8Array): void {
    const found = this.#found[test];
    if (found === undefined) {
      out.fill(MAYBE);
      return;
    }
    const texts = this.#texts;
    let near = 0;
    for (let row = start; row < end; row++) {
      const index = texts.indexOf(emails[row] as number, near);
      near = index + 1;
      // What was added since it was looked for is not known either.
      const isKnown = index >= 0 && index < found.length && texts.isKnown(index);
      if (!isKnown) this.#unknown++;
      out[row - start] = isKnown ? (found[index] === 1 ? YES : NO) : MAYBE;
    }
  }

  /** After the search: the texts are loaded anew when they were of little use. */
  settle(domain: Domain, mailbox: MailboxState): void {
    if (this.#unknown > mailbox.exists / 4) domain.accounts.searchTexts.drop(mailbox);
  }
}

export interface Asked {
  readonly tests: readonly FieldTest[];
  readonly pause: Pause;
  readonly isWorthIt: () => Promise<boolean>;
}

/** An empty needle is in every field that is there; a long one is looked for in another way. */
function isSearchable({ searchField, needle, octets }: FieldTest): boolean {
  return searchField !== undefined && needle.isShort && octets.length > 0;
}

async function whereFound(texts: SearchTexts, test: FieldTest, pause: Pause): Promise<Uint8Array> {
  const { octets: needle } = test;
  const field = test.searchField as SearchField;
  const found = new Uint8Array(texts.count);
  const { octets } = texts;
  let lookedTo = 0;
  for (let from = 0; from < octets.length; ) {
    // A needle across the end of a slice is found in the slice.
    const slice = octets.subarray(from, from + SLICE_BYTES + needle.length - 1);
    const at = slice.indexOf(needle);
    if (at < 0) from += SLICE_BYTES;
    else {
      const index = texts.indexAt(from + at);
      const text = texts.textAt(index);
      const offset = from + at - (texts.endAt(index) - text.length);
      if (isFieldAt(text, field, offset) || isInField(text, field, needle)) found[index] = 1;
      from = texts.endAt(index);
    }
    if (from - lookedTo < SLICE_BYTES) continue;
    lookedTo = from;
    const rest = pause();
    if (rest !== undefined) await rest;
  }
  return found;
}

async function textsOf(
  domain: Domain,
  account: AccountState,
  mailbox: MailboxState,
  pause: Pause,
  isWorthIt: () => Promise<boolean>,
): Promise<SearchTexts | undefined> {
  const cache = domain.accounts.searchTexts;
  const known = cache.get(mailbox, domain.clock.nowMs());
  if (known !== undefined && known.count <= 2 * mailbox.exists) {
    const added = newEmails(mailbox, known);
    if (added.length < BATCH) {
      if (await load(domain, account, known, added, pause)) return known;
      cache.noteTooLarge(mailbox);
      return undefined;
    }
  }
  cache.drop(mailbox);
  if (cache.isTooLarge(mailbox) || mailbox.exists * USUAL_BYTES > cache.maxBytes) return undefined;
  if (!(await isWorthIt())) return undefined;
  return await cache.alone(mailbox, () => wholeTexts(domain, account, mailbox));
}

/** Others wait for it, so it waits for nobody's client. */
async function wholeTexts(
  domain: Domain,
  account: AccountState,
  mailbox: MailboxState,
): Promise<SearchTexts | undefined> {
  const cache = domain.accounts.searchTexts;
  const known = cache.get(mailbox, domain.clock.nowMs());
  if (known !== undefined || cache.isTooLarge(mailbox)) return known;
  const slice = new TimeSlice();
  const texts = new SearchTexts();
  if (!(await load(domain, account, texts, newEmails(mailbox, texts), () => slice.spent()))) {
    cache.noteTooLarge(mailbox);
    return undefined;
  }
  cache.keep(mailbox, texts, domain.clock.nowMs());
  return texts;
}

/** Ascending, of messages whose emails are above those that are known. */
function newEmails({ list }: MailboxState, { lastEmail }: SearchTexts): Uint32Array {
  if (list === undefined) return new Uint32Array(0);
  const { email } = list.columns;
  const found = new Uint32Array(list.count);
  let count = 0;
  let isAscending = true;
  for (let row = 0; row < list.count; row++) {
    const number = email[row] as number;
    if (number <= lastEmail) continue;
    if (count > 0 && number < (found[count - 1] as number)) isAscending = false;
    found[count++] = number;
  }
  const emails = found.subarray(0, count);
  return isAscending ? emails : emails.sort();
}

/** False when they are more than may be kept; it goes no further then. */
async function load(
  domain: Domain,
  account: AccountState,
  texts: SearchTexts,
  emails: Uint32Array,
  pause: Pause,
): Promise<boolean> {
  const { maxBytes } = domain.accounts.searchTexts;
  for (let at = 0; at < emails.length; at += BATCH) {
    const numbers = emails.subarray(at, at + BATCH);
    const ids = Array.from(numbers, (email): EmailId => emailId(account.id, email));
    const facts = await loadFacts(domain, ids, ['search']);
    // Another search may have added them meanwhile.
    for (const [i, email] of numbers.entries()) {
      const stored = facts[i]?.search;
      if (email > texts.lastEmail) texts.add(email, stored && asFoldedNow(stored));
    }
    if (texts.sizeBytes > maxBytes) return false;
    const rest = pause();
    if (rest !== undefined) await rest;
  }
  return true;
}
