/**
 * Searching the messages of a mailbox: the walk over the list.
 *
 * Cheap before dear. A block of rows at a time, what the records say is decided over the columns in tight loops, with
 * three answers: no, perhaps, yes. Only what is left at "perhaps" is looked at closer (`search-message.ts`): the stored
 * envelope, then the header, then the text. When only the first or last hit is wanted the walk begins at that end and
 * stops there.
 *
 * Promises: never fails because of one message (one that cannot be read has no text to find); waits often enough that
 * others get their turn; hits are messages that are there and have a UID up to `upTo`. Rows move while it waits, so
 * after every wait the place is found again by UID.
 */
import type { AccountState } from './account-state.ts';
import type { Criterion } from './criterion.ts';
import type { Domain } from './domain.ts';
import { loadList } from './load.ts';
import type { MailboxState } from './mailbox-state.ts';
import { MessageSearch } from './search-message.ts';
import { MAYBE, SearchTree, YES } from './search-tree.ts';

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

/** Rows decided at once: some thousand steps for each part of the criterion. */
const BLOCK = 4096;

export async function searchMessages(
  domain: Domain,
  account: AccountState,
  mailbox: MailboxState,
  request: SearchRequest,
): Promise<SearchResult> {
  await loadList(domain, account, mailbox);
  return new Search(domain, account, mailbox, request).run();
}

interface Hit {
  readonly uid: number;
  readonly modseq: number;
}

class Search {
  readonly #mailbox: MailboxState;
  readonly #request: SearchRequest;
  readonly #tree: SearchTree;
  readonly #closer: MessageSearch;
  readonly #low: number;
  readonly #high: number;

  constructor(domain: Domain, account: AccountState, mailbox: MailboxState, request: SearchRequest) {
    this.#mailbox = mailbox;
    this.#request = request;
    this.#tree = new SearchTree(request.criterion);
    this.#closer = new MessageSearch(domain, account, mailbox, this.#tree, request.pause);
    const [low, high] = uidBounds(request.criterion);
    this.#low = low;
    this.#high = Math.min(high, request.upTo);
  }

  async run(): Promise<SearchResult> {
    const { wants } = this.#request;
    const hits: Hit[] = [];
    if (wants === 'all') await this.#forward((hit) => hits.push(hit) === 0);
    if (wants === 'first' || wants === 'ends') await this.#forward((hit) => hits.push(hit) > 0);
    const first = hits[0];
    if (wants === 'last' || (wants === 'ends' && first !== undefined)) {
      await this.#backward((hit) => {
        if (hit.uid !== first?.uid) hits.push(hit);
        return true;
      });
    }
    const maxModSeq = hits.reduce((highest, hit) => Math.max(highest, hit.modseq), 0);
    return { uids: hits.map((hit) => hit.uid), maxModSeq };
  }

  /** `take` returns true when it has enough. */
  async #forward(take: (hit: Hit) => boolean | undefined): Promise<void> {
    for (let from = this.#low; from <= this.#high; ) {
      const list = this.#list();
      const start = list.lowerBound(from);
      const end = Math.min(start + BLOCK, list.lowerBound(this.#high + 1));
      if (start >= end) return;
      from = (list.columns.uid[end - 1] as number) + 1;
      if (await this.#block(start, end, false, take)) return;
      const pause = this.#request.pause();
      if (pause !== undefined) await pause;
    }
  }

  async #backward(take: (hit: Hit) => boolean | undefined): Promise<void> {
    for (let to = this.#high; to >= this.#low; ) {
      const list = this.#list();
      const end = list.lowerBound(to + 1);
      const start = Math.max(end - BLOCK, list.lowerBound(this.#low));
      if (start >= end) return;
      to = (list.columns.uid[start] as number) - 1;
      if (await this.#block(start, end, true, take)) return;
      const pause = this.#request.pause();
      if (pause !== undefined) await pause;
    }
  }

  /** True when enough was found. */
  async #block(
    start: number,
    end: number,
    isBackward: boolean,
    take: (hit: Hit) => boolean | undefined,
  ): Promise<boolean> {
    const { columns } = this.#list();
    const answers = this.#tree.decide(columns, this.#mailbox.keywords, start, end);
    const isOpen = answers.includes(MAYBE);
    // Copies only when there will be waits: rows move, and what was decided belongs to these UIDs.
    const uids = isOpen ? columns.uid.slice(start, end) : columns.uid.subarray(start, end);
    const modseqs = isOpen ? columns.modseq.slice(start, end) : columns.modseq.subarray(start, end);
    const step = isBackward ? -1 : 1;
    let resolvedTo = isBackward ? uids.length - 1 : 0;
    for (let i = resolvedTo; i >= 0 && i < uids.length; i += step) {
      if (isOpen && i === resolvedTo) resolvedTo = await this.#closer.resolve(answers, uids, i, step);
      if (answers[i] !== YES) continue;
      if (take({ uid: uids[i] as number, modseq: modseqs[i] as number }) === true) return true;
    }
    return false;
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
