/**
 * Searching the messages of a mailbox: the walk over the list.
 *
 * Cheap before dear. A block of rows at a time, what the records say is decided over the columns in tight loops, with
 * three answers: no, perhaps, yes. Only what is left at "perhaps" is looked at closer (`search-message.ts`): the stored
 * envelope, then the header, then the text. When only the first or last hit is wanted the walk begins at that end and
 * stops there.
 *
 * Promises: never fails because of one message (one that cannot be read has no text to find); waits often enough that
 * others can run; hits are messages that are there and have a UID up to `upTo`. Rows move while it waits, so
 * after every wait the place is found again by UID.
 */

import type { Domain } from '../domain.ts';
import type { Criterion } from '../model/criterion.ts';
import type { AccountState } from '../state/account.ts';
import { loadList } from '../state/load.ts';
import type { MailboxState } from '../state/mailbox.ts';
import { MessageSearch } from './message.ts';
import { MAYBE, SearchTree, YES } from './tree.ts';

export interface SearchRequest {
  readonly criterion: Criterion;
  /** The highest UID the searcher knows of. */
  readonly upTo: number;
  /** `ends`: the first and the last, as one or two hits. */
  readonly wants: 'all' | 'first' | 'last' | 'ends';
  /** Called often; what it returns is waited for. */
  pause(): Promise<void> | undefined;
}

export interface SearchResult {
  /** Ascending. */
  readonly uids: readonly number[];
  /** The highest modseq of the hits. */
  readonly maxModSeq: number;
}

/** Rows decided at once, fewer when the criterion has many parts: a client may send a thousand. */
const MAX_BLOCK = 4096;
const MIN_BLOCK = 64;
const STEPS_PER_BLOCK = 256 * 1024;

export async function searchMessages(
  domain: Domain,
  account: AccountState,
  mailbox: MailboxState,
  request: SearchRequest,
): Promise<SearchResult> {
  await loadList(domain, account, mailbox);
  return new Search(domain, account, mailbox, request).run();
}

class Search {
  readonly #mailbox: MailboxState;
  readonly #request: SearchRequest;
  readonly #tree: SearchTree;
  readonly #closer: MessageSearch;
  readonly #low: number;
  readonly #high: number;
  readonly #blockRows: number;
  readonly #hits: number[] = [];
  #maxModSeq = 0;

  constructor(domain: Domain, account: AccountState, mailbox: MailboxState, request: SearchRequest) {
    this.#mailbox = mailbox;
    this.#request = request;
    this.#tree = new SearchTree(request.criterion);
    const rows = Math.floor(STEPS_PER_BLOCK / this.#tree.nodeCount);
    this.#blockRows = Math.max(MIN_BLOCK, Math.min(MAX_BLOCK, rows));
    this.#closer = new MessageSearch(domain, account, mailbox, this.#tree, request.pause);
    const [low, high] = uidBounds(request.criterion);
    this.#low = low;
    this.#high = Math.min(high, request.upTo);
  }

  async run(): Promise<SearchResult> {
    const { wants } = this.#request;
    if (wants === 'all') await this.#forward(false);
    if (wants === 'first' || wants === 'ends') await this.#forward(true);
    if (wants === 'last' || (wants === 'ends' && this.#hits.length > 0)) await this.#backward();
    return { uids: this.#hits, maxModSeq: this.#maxModSeq };
  }

  async #forward(isOneEnough: boolean): Promise<void> {
    for (let from = this.#low; from <= this.#high; ) {
      const list = this.#list();
      const start = list.lowerBound(from);
      const end = Math.min(start + this.#blockRows, list.lowerBound(this.#high + 1));
      if (start >= end) return;
      from = (list.columns.uid[end - 1] as number) + 1;
      if ((await this.#block(start, end, 1, isOneEnough)) && isOneEnough) return;
      const pause = this.#request.pause();
      if (pause !== undefined) await pause;
    }
  }

  async #backward(): Promise<void> {
    for (let to = this.#high; to >= this.#low; ) {
      const list = this.#list();
      const end = list.lowerBound(to + 1);
      const start = Math.max(end - this.#blockRows, list.lowerBound(this.#low));
      if (start >= end) return;
      to = (list.columns.uid[start] as number) - 1;
      if (await this.#block(start, end, -1, true)) return;
      const pause = this.#request.pause();
      if (pause !== undefined) await pause;
    }
  }

  /** Takes the hits of a block, or only the one that is met first; true when there was one. */
  async #block(start: number, end: number, step: 1 | -1, isOneEnough: boolean): Promise<boolean> {
    const { columns } = this.#list();
    const answers = this.#tree.decide(columns, this.#mailbox.keywords, start, end);
    const isOpen = answers.includes(MAYBE);
    // Copies only when there will be waits: rows move, and what was decided belongs to these UIDs.
    const uids = isOpen
      ? new Uint32Array(columns.uid.subarray(start, end))
      : columns.uid.subarray(start, end);
    const modseqs = isOpen
      ? new Float64Array(columns.modseq.subarray(start, end))
      : columns.modseq.subarray(start, end);
    const first = step > 0 ? 0 : uids.length - 1;
    let hasHit = false;
    for (let i = first, resolvedTo = first; i >= 0 && i < uids.length; i += step) {
      if (isOpen && i === resolvedTo) resolvedTo = await this.#closer.resolve(answers, uids, i, step);
      if (answers[i] !== YES) continue;
      this.#take(uids[i] as number, modseqs[i] as number);
      hasHit = true;
      if (isOneEnough) break;
    }
    return hasHit;
  }

  #take(uid: number, modseq: number): void {
    // The only hit there is may be found from both ends.
    if (uid === this.#hits.at(-1)) return;
    this.#hits.push(uid);
    if (modseq > this.#maxModSeq) this.#maxModSeq = modseq;
  }

  #list() {
    // A mailbox that is open stays loaded; `loadList` has seen to it for others.
    return this.#mailbox.list as NonNullable<MailboxState['list']>;
  }
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
