/**
 * The emails of an account that match a filter, in an order (RFC 8621 §4.4): kept, so that the next page costs a look, and brought up to
 * date by the emails that changed since.
 *
 * Promises: a list and its moment go together so that whoever has the list and is told what `emailsChangedSince` the moment, where it stands in
 * a later list and that all else stayed as it was, comes to the later list. For this the moment is not later than anything
 * in the list, but the numbers in it are below the moment's next one. Nothing is told that could still be taken back.
 *
 * Texts are looked for last and no further than is asked for: the first page of hits is there before all mail was read.
 */
import { TimeSlice } from '../../base/time-slice.ts';
import type { Domain } from '../domain.ts';
import { MailboxError } from '../model/errors.ts';
import { emailsChangedSince } from '../reading/email-changes.ts';
import { type Moment, momentOf } from '../reading/moment.ts';
import { NumberSet } from '../reading/number-set.ts';
import { MAYBE, NO, YES } from '../search/tree.ts';
import type { AccountState } from '../state/account.ts';
import type { KeptList } from '../state/email-lists.ts';
import type { ThreadTable } from '../state/thread-table.ts';
import { asksThreads, type EmailComparator, type EmailFilter, textsOf } from './email-filter.ts';
import { findCandidates, isOfLastingKeys, type OrderedEmails } from './email-order.ts';
import { loadEverything } from './email-rows.ts';
import { EmailCursor, emailTest } from './email-tests.ts';
import { inOneState } from './one-state.ts';
import { TextAnswers } from './text-answers.ts';
import { loadThreads } from './threads.ts';
import { withChanged } from './with-changed.ts';

export interface EmailQuery {
  /** The same for the same filter and order, whatever is asked of them. */
  readonly name: string;
  readonly filter: EmailFilter;
  readonly sort: readonly EmailComparator[];
  /** Of the emails of a thread only the first in the list. */
  readonly collapses: boolean;
  /** So many of the first results; undefined: all. */
  readonly needed: number | undefined;
  /** Aborted: nobody waits for it. */
  readonly gone?: AbortSignal;
}

export interface EmailQueryResult {
  readonly moment: Moment;
  /** By number. More may come behind them unless it is whole. */
  readonly emails: Uint32Array;
  readonly isWhole: boolean;
  /** When threads were asked for: before they are collapsed, and what the threads are. */
  readonly uncollapsed: Uint32Array;
  readonly threads: ThreadTable | undefined;
}

/** More changes than this, and the list is made anew. */
const MOST_CHANGES = 10_000;
/** Emails whose whole texts are searched at once: at first few, since the first page may need no more. */
const FIRST_BATCH = 64;
const LAST_BATCH = 1024;

/** Candidates of a filter in order, with what is known of them. */
interface Kept extends KeptList, OrderedEmails {
  readonly moment: Moment;
  readonly texts: TextAnswers;
  /** Of those that all are results. */
  collapsed: Uint32Array | undefined;
}

/** Throws `unavailable` when nobody waits for it any more while texts are looked for. */
export async function queryEmails(
  domain: Domain,
  account: AccountState,
  query: EmailQuery,
): Promise<EmailQueryResult> {
  const kept = await keptList(domain, account, query);
  const threads = query.collapses ? await loadThreads(domain, account) : undefined;
  const { moment } = kept;
  if (kept.answers === undefined) {
    const uncollapsed = kept.emails;
    if (threads !== undefined) kept.collapsed ??= await collapsed(uncollapsed, threads);
    const emails = threads === undefined ? uncollapsed : (kept.collapsed as Uint32Array);
    return { moment, emails, isWhole: true, uncollapsed, threads };
  }
  const found = await new TextWalk(domain, account, query, kept, threads).run();
  return { moment, ...found, threads };
}

async function keptList(domain: Domain, account: AccountState, query: EmailQuery): Promise<Kept> {
  const cache = domain.accounts.emailLists;
  const known = cache.list(account, query.name, domain.clock.nowMs()) as Kept | undefined;
  if (known !== undefined && account.unsettled === undefined && isSame(known.moment, account)) return known;
  const made =
    (known && (await broughtUpToDate(domain, account, query, known))) ??
    (await madeAnew(domain, account, query, known?.texts));
  cache.keepList(account, query.name, made, domain.clock.nowMs());
  return made;
}

function isSame({ modseq, nextEmail }: Moment, account: AccountState): boolean {
  const now = momentOf(account, 'emails');
  return modseq === now.modseq && nextEmail === now.nextEmail;
}

/** Undefined when it is no less work to make it anew. */
async function broughtUpToDate(
  domain: Domain,
  account: AccountState,
  query: EmailQuery,
  known: Kept,
): Promise<Kept | undefined> {
  // A list whose texts are all known has no answers that are open; of mail that came since, nothing is known.
  if (textsOf(query.filter).length > 0) return undefined;
  if (asksThreads(query.filter, query.sort) || !isOfLastingKeys(query.sort)) return undefined;
  return await inOneState(domain, account, async (since) => {
    const changed = await emailsChangedSince(domain, account, known.moment, MOST_CHANGES);
    if (changed === undefined || changed === 'many') return undefined;
    const emails = await withChanged(domain, account, query, known.emails, changed);
    if (emails === undefined) return undefined;
    return keptOf(
      emails === known.emails ? known : undefined,
      { emails, answers: undefined },
      since,
      known.texts,
    );
  });
}

async function madeAnew(
  domain: Domain,
  account: AccountState,
  query: EmailQuery,
  known: TextAnswers | undefined,
): Promise<Kept> {
  const texts = known ?? new TextAnswers(textsOf(query.filter).length);
  return (await inOneState(domain, account, async (since) => {
    // Not before: those of all emails that there are by then have to be known.
    const threads = asksThreads(query.filter, query.sort) ? await loadThreads(domain, account) : undefined;
    const found = await findCandidates(domain, account, query, texts, threads);
    return keptOf(undefined, found, since, texts);
  })) as Kept;
}

function keptOf(
  same: Kept | undefined,
  { emails, answers }: OrderedEmails,
  moment: Moment,
  texts: TextAnswers,
): Kept {
  return {
    ...{ emails, answers, moment, texts },
    collapsed: same?.collapsed,
    sizeBytes: 2 * emails.byteLength + (answers?.byteLength ?? 0) + texts.sizeBytes,
  };
}

/** Of each thread the first. */
async function collapsed(emails: Uint32Array, threads: ThreadTable): Promise<Uint32Array> {
  const out = new Uint32Array(emails.length);
  const seen = new NumberSet();
  const slice = new TimeSlice();
  let count = 0;
  for (let at = 0; at < emails.length; at++) {
    const email = emails[at] as number;
    const thread = threads.threadOf(email);
    if (!seen.has(thread)) {
      seen.add(thread);
      out[count++] = email;
    }
    const spent = (at & 0xfff) === 0xfff ? slice.spent() : undefined;
    if (spent !== undefined) await spent;
  }
  return out.slice(0, count);
}

/** Along the candidates, looking for texts where they are open, until there are as many results as are needed. */
class TextWalk {
  readonly #domain: Domain;
  readonly #account: AccountState;
  readonly #query: EmailQuery;
  readonly #kept: Kept & { answers: Uint8Array };
  readonly #threads: ThreadTable | undefined;
  readonly #slice = new TimeSlice();
  #batch = FIRST_BATCH;

  constructor(
    domain: Domain,
    account: AccountState,
    query: EmailQuery,
    kept: Kept,
    threads: ThreadTable | undefined,
  ) {
    this.#domain = domain;
    this.#account = account;
    this.#query = query;
    this.#kept = kept as Kept & { answers: Uint8Array };
    this.#threads = threads;
  }

  async run(): Promise<Pick<EmailQueryResult, 'emails' | 'uncollapsed' | 'isWhole'>> {
    const { emails, answers } = this.#kept;
    const needed = this.#query.needed ?? Number.POSITIVE_INFINITY;
    const uncollapsed: number[] = [];
    const results: number[] = [];
    const seen = new NumberSet();
    let at = 0;
    for (; at < emails.length && results.length < needed; at++) {
      if (answers[at] === MAYBE) await this.#resolve(at);
      if (answers[at] !== YES) continue;
      const email = emails[at] as number;
      uncollapsed.push(email);
      const thread = this.#threads?.threadOf(email);
      if (thread !== undefined && seen.has(thread)) continue;
      if (thread !== undefined) seen.add(thread);
      results.push(email);
      const spent = this.#pause();
      if (spent !== undefined) await spent;
    }
    return {
      emails: Uint32Array.from(results),
      uncollapsed: Uint32Array.from(uncollapsed),
      isWhole: at === emails.length,
    };
  }

  #pause(): Promise<void> | undefined {
    if (this.#query.gone?.aborted === true)
      throw new MailboxError('unavailable', 'nobody waits for what is looked for');
    return this.#slice.spent();
  }

  /** Turns the next open answers into NO or YES. */
  async #resolve(from: number): Promise<void> {
    const { emails, answers, texts } = this.#kept;
    let open: number[] = [];
    for (let at = from; at < emails.length && open.length < this.#batch; at++)
      if (answers[at] === MAYBE) open.push(at);
    this.#batch = Math.min(LAST_BATCH, 2 * this.#batch);
    for (const [index, { criterion, isDeep }] of textsOf(this.#query.filter).entries()) {
      if (!isDeep) continue;
      const asked = open.map((at) => emails[at] as number);
      const text = { index, criterion };
      await texts.search(this.#domain, this.#account, text, asked, () => this.#pause());
      open = await this.#answered(open);
      if (open.length === 0) return;
    }
    for (const at of open) answers[at] = NO;
  }

  /** Those that are still open. */
  async #answered(open: readonly number[]): Promise<number[]> {
    const { emails, answers, texts } = this.#kept;
    const { filter, sort } = this.#query;
    const threads = asksThreads(filter, sort) ? await loadThreads(this.#domain, this.#account) : undefined;
    const cursor = new EmailCursor(this.#account, threads);
    const test = emailTest(filter, texts);
    await loadEverything(this.#domain, this.#account);
    cursor.restart();
    for (const at of open) answers[at] = cursor.find(emails[at] as number) ? test(cursor) : NO;
    return open.filter((at) => answers[at] === MAYBE);
  }
}
