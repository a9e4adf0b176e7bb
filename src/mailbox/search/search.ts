/**
 * Searching the messages of a mailbox: the walk over the list.
 *
 * Cheap before dear. A block of rows at a time, what the records say is decided over the columns in tight loops, with
 * three answers: no, perhaps, yes. Only what is left at "perhaps" is looked at closer (`search-message.ts`): the stored
 * envelope, then the header, then the text. When only some of the first or last hits are wanted the walk begins at that
 * end and stops there.
 *
 * Promises: never fails because of one message (one that cannot be read has no text to find); waits often enough that
 * others can run; hits are messages that are there and have a UID up to `upTo`. Rows move while it waits, so
 * after every wait the place is found again by UID.
 */

import type { TextCollation } from '../../mail/fold.ts';
import type { Domain } from '../domain.ts';
import type { Criterion } from '../model/criterion.ts';
import type { AccountState } from '../state/account.ts';
import { loadList } from '../state/load.ts';
import type { MailboxState } from '../state/mailbox.ts';
import { withEmails } from './beside.ts';
import { KnownFields } from './known-fields.ts';
import { KnownTexts } from './known-texts.ts';
import { MessageSearch } from './message.ts';
import { MAYBE, SearchTree, YES } from './tree.ts';

export interface SearchRequest {
  readonly criterion: Criterion;
  /** How texts are compared; absent: the usual way. */
  readonly collation?: TextCollation;
  /** The highest UID the searcher knows of. */
  readonly upTo: number;
  readonly wants: 'all' | Ends;
  /** Called often; what it returns is waited for. */
  pause(): Promise<void> | undefined;
  /** Messages that were looked at, of all of them. */
  readonly reached?: (done: number, goal: number) => void;
}

/** So many of the first hits, and so many of the last. */
export interface Ends {
  readonly first: number;
  readonly last: number;
}

export interface SearchResult {
  /** Ascending. */
  readonly uids: readonly number[];
  /** Of each. */
  readonly modseqs: readonly number[];
}

/** Rows decided at once, fewer when the criterion has many parts: a client may send a thousand. */
const MAX_BLOCK = 4096;
const MIN_BLOCK = 64;
const STEPS_PER_BLOCK = 256 * 1024;
/** Of fewer the index is not asked. */
const LEAST_ROWS = 50;

export async function searchMessages(
  domain: Domain,
  account: AccountState,
  mailbox: MailboxState,
  request: SearchRequest,
): Promise<SearchResult> {
  const searched = { domain, account, mailbox, pause: () => request.pause() };
  const criterion = await withEmails(searched, request.criterion);
  await loadList(domain, account, mailbox);
  return new Search(domain, account, mailbox, { ...request, criterion }).run();
}

class Search {
  readonly #mailbox: MailboxState;
  readonly #request: SearchRequest;
  readonly #tree: SearchTree;
  readonly #closer: MessageSearch;
  #low: number;
  readonly #high: number;
  readonly #blockRows: number;
  readonly #domain: Domain;
  readonly #account: AccountState;
  #fields: KnownFields | undefined;
  #texts: KnownTexts | undefined;
  #hits: Hits = { uids: [], modseqs: [] };

  constructor(domain: Domain, account: AccountState, mailbox: MailboxState, request: SearchRequest) {
    this.#domain = domain;
    this.#account = account;
    this.#mailbox = mailbox;
    this.#request = request;
    this.#tree = new SearchTree(request.criterion, request.collation);
    const rows = Math.floor(STEPS_PER_BLOCK / this.#tree.nodeCount);
    this.#blockRows = Math.max(MIN_BLOCK, Math.min(MAX_BLOCK, rows));
    this.#closer = new MessageSearch(domain, account, mailbox, this.#tree, request.pause);
    const [low, high] = uidBounds(request.criterion);
    this.#low = low;
    this.#high = Math.min(high, request.upTo);
  }

  async run(): Promise<SearchResult> {
    this.#texts = await this.#knownTexts();
    this.#fields = await KnownFields.of(this.#domain, this.#account, this.#mailbox, {
      tests: this.#tree.fields,
      pause: this.#request.pause,
      isWorthIt: () => this.#isWholeMailbox(),
    });
    const result = await this.#walk();
    this.#fields?.settle(this.#domain, this.#mailbox);
    return result;
  }

  /** A search among a few messages reads them. */
  async #knownTexts(): Promise<KnownTexts | undefined> {
    const { texts } = this.#tree;
    const list = this.#list();
    const rows = list.lowerBound(this.#high + 1) - list.lowerBound(this.#low);
    if (texts.length === 0 || rows < LEAST_ROWS) return undefined;
    return KnownTexts.of(this.#domain, this.#account.id, texts, this.#request.pause);
  }

  async #walk(): Promise<SearchResult> {
    const { wants } = this.#request;
    const { first, last } = wants === 'all' ? { first: Number.POSITIVE_INFINITY, last: 0 } : wants;
    if (first > 0) await this.#forward(first);
    const found = this.#hits;
    if (last === 0 || (first > 0 && found.uids.length < first)) return found;
    // Between the two walks no hit is met twice.
    this.#low = Math.max(this.#low, (found.uids.at(-1) ?? 0) + 1);
    this.#hits = { uids: [], modseqs: [] };
    await this.#backward(last);
    const { uids, modseqs } = this.#hits;
    return {
      uids: [...found.uids, ...uids.reverse()],
      modseqs: [...found.modseqs, ...modseqs.reverse()],
    };
  }

  /** Most messages would have to be looked at closer. */
  async #isWholeMailbox(): Promise<boolean> {
    if (this.#request.wants !== 'all') return false;
    let open = 0;
    for (let start = 0; start < this.#list().count; start += this.#blockRows) {
      const { columns, count } = this.#list();
      const end = Math.min(count, start + this.#blockRows);
      const answers = this.#tree.decide(columns, this.#mailbox.keywords, {
        ...{ start, end, fields: undefined },
        texts: this.#texts,
      });
      for (const answer of answers) if (answer === MAYBE) open++;
      const pause = this.#request.pause();
      if (pause !== undefined) await pause;
    }
    const { leastMessages } = this.#domain.accounts.searchTexts;
    return open >= leastMessages && open > this.#list().count / 2;
  }

  async #forward(enough: number): Promise<void> {
    for (let from = this.#low; from <= this.#high; ) {
      const list = this.#list();
      const start = list.lowerBound(from);
      const end = Math.min(start + this.#blockRows, list.lowerBound(this.#high + 1));
      if (start >= end) return;
      from = (list.columns.uid[end - 1] as number) + 1;
      this.#request.reached?.(start, list.count);
      if (await this.#block(start, end, 1, enough)) return;
      const pause = this.#request.pause();
      if (pause !== undefined) await pause;
    }
  }

  async #backward(enough: number): Promise<void> {
    for (let to = this.#high; to >= this.#low; ) {
      const list = this.#list();
      const end = list.lowerBound(to + 1);
      const start = Math.max(end - this.#blockRows, list.lowerBound(this.#low));
      if (start >= end) return;
      to = (list.columns.uid[start] as number) - 1;
      if (await this.#block(start, end, -1, enough)) return;
      const pause = this.#request.pause();
      if (pause !== undefined) await pause;
    }
  }

  /** Takes the hits of a block in the order in which they are met; true when there are enough. */
  async #block(start: number, end: number, step: 1 | -1, enough: number): Promise<boolean> {
    const { uids: hits, modseqs: hitModseqs } = this.#hits;
    const { columns } = this.#list();
    const answers = this.#tree.decide(columns, this.#mailbox.keywords, {
      ...{ start, end },
      fields: this.#fields,
      texts: this.#texts,
    });
    const isOpen = answers.includes(MAYBE);
    // Copies only when there will be waits: rows move, and what was decided belongs to these UIDs.
    const uids = isOpen
      ? new Uint32Array(columns.uid.subarray(start, end))
      : columns.uid.subarray(start, end);
    const modseqs = isOpen
      ? new Float64Array(columns.modseq.subarray(start, end))
      : columns.modseq.subarray(start, end);
    const first = step > 0 ? 0 : uids.length - 1;
    for (let i = first, resolvedTo = first; i >= 0 && i < uids.length; i += step) {
      if (isOpen && i === resolvedTo) resolvedTo = await this.#closer.resolve(answers, uids, i, step);
      if (answers[i] !== YES) continue;
      hits.push(uids[i] as number);
      hitModseqs.push(modseqs[i] as number);
      if (hits.length >= enough) return true;
    }
    return false;
  }

  #list() {
    // A mailbox that is open stays loaded; `loadList` has seen to it for others.
    return this.#mailbox.list as NonNullable<MailboxState['list']>;
  }
}

interface Hits {
  readonly uids: number[];
  readonly modseqs: number[];
}

/** UIDs outside of these cannot match: a search among a few messages costs as much as they are. */
function uidBounds(criterion: Criterion): [low: number, high: number] {
  if (criterion.kind === 'uids') {
    return [criterion.ranges[0]?.[0] ?? 1, criterion.ranges.at(-1)?.[1] ?? 0];
  }
  let low = 1;
  let high = Number.MAX_SAFE_INTEGER;
  if (criterion.kind !== 'and') return [low, high];
  for (const member of criterion.criteria) {
    const [memberLow, memberHigh] = uidBounds(member);
    low = Math.max(low, memberLow);
    high = Math.min(high, memberHigh);
  }
  return [low, high];
}
