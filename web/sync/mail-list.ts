/**
 * The result of a query as a long list of which parts are known: one row a conversation, by the email that stands for it. What is
 * looked at is loaded a page at a time; what changes is asked as the difference. The list is shown at once as far as it is known.
 *
 * Two at once: a page that arrives after the list has changed is thrown away when it is of another state than the rest, and
 * what was looked at is loaded anew. What the person has taken out is out until the server has answered, whatever it lists meanwhile.
 */
import { type ReadonlySignal, signal } from '@preact/signals-core';
import type { MailCache } from './cache.ts';
import { type JmapClient, Refused } from './jmap-client.ts';
import { EMAIL_PROPERTIES, type Email, type Filter, type Id, type Thread } from './model.ts';

export interface MailListOptions {
  readonly client: JmapClient;
  readonly cache: MailCache;
  readonly filter: Filter;
  /** One row a conversation, else one an email. */
  readonly isCollapsed: boolean;
  /** More is known than before. */
  readonly onLoaded?: () => void;
}

/** A list as it was, for another start of the page. */
export interface KeptList {
  readonly filter: Filter;
  readonly isCollapsed: boolean;
  readonly ids: readonly (Id | undefined)[];
  readonly total: number;
  readonly state: string;
}

/** What is known of it; `ids[n]` undefined: that row has not been loaded. */
export interface ListRows {
  readonly ids: readonly (Id | undefined)[];
  /** Absent until the first answer. */
  readonly total: number | undefined;
}

export const PAGE = 50;
const SORT = [{ property: 'receivedAt', isAscending: false }];

interface QueryAnswer {
  readonly queryState: string;
  readonly canCalculateChanges: boolean;
  readonly position: number;
  readonly ids: readonly Id[];
  readonly total: number;
}

interface ChangesAnswer {
  readonly newQueryState: string;
  readonly total: number;
  readonly removed: readonly Id[];
  readonly added: readonly { readonly id: Id; readonly index: number }[];
}

interface GetAnswer<T> {
  readonly list: readonly T[];
}

export class MailList {
  readonly #options: MailListOptions;
  readonly #rows = signal<ListRows>({ ids: [], total: undefined });
  readonly #fault = signal<unknown>(undefined);
  readonly #loading = new Map<number, Promise<void>>();
  readonly #takenOut = new Set<Id>();
  #state: string | undefined;
  #isCalculable = true;
  #generation = 0;
  #refreshing: Promise<void> | undefined;
  #wantsAgain = false;

  constructor(options: MailListOptions, kept?: KeptList) {
    this.#options = options;
    if (kept === undefined) return;
    this.#state = kept.state;
    this.#rows.value = { ids: kept.ids, total: kept.total };
  }

  get rows(): ReadonlySignal<ListRows> {
    return this.#rows;
  }

  /** Why nothing could be loaded; undefined when all is well. */
  get fault(): ReadonlySignal<unknown> {
    return this.#fault;
  }

  get filter(): Filter {
    return this.#options.filter;
  }

  /** Undefined when it could not be gone on with: nothing is known of it, or its difference cannot be asked for. */
  kept(): KeptList | undefined {
    const { filter, isCollapsed } = this.#options;
    const { ids, total } = this.#rows.peek();
    if (this.#state === undefined || total === undefined || !this.#isCalculable) return undefined;
    return { filter, isCollapsed, ids, total, state: this.#state };
  }

  /** Loads what is missing of these rows. */
  async need(from: number, to: number): Promise<void> {
    const { ids, total } = this.#rows.peek();
    const last = Math.max(from, Math.min(to, (total ?? 1) - 1));
    const pages = new Set<number>();
    for (let row = Math.max(0, from); row <= last; row++)
      if (ids[row] === undefined) pages.add(Math.floor(row / PAGE));
    await Promise.all([...pages].map((page) => this.#loadPage(page)));
  }

  /** Where one is that came before this moment (UTCDate): the number of its row, or of the last one. */
  async rowAt(moment: string): Promise<number> {
    const { client, filter, isCollapsed } = this.#options;
    const newer = { operator: 'AND' as const, conditions: [filter, { after: moment }] };
    const { total } = await client.call<QueryAnswer>('Email/query', {
      ...{ filter: newer, sort: SORT, collapseThreads: isCollapsed, limit: 1, calculateTotal: true },
    }).result;
    return Math.max(0, Math.min(total, (this.#rows.peek().total ?? 1) - 1));
  }

  /** Brings it up to what the server has. Asked again meanwhile, it is done once more behind. */
  refresh(): Promise<void> {
    if (this.#refreshing !== undefined) {
      this.#wantsAgain = true;
      return this.#refreshing;
    }
    this.#refreshing = this.#refresh().finally(() => {
      this.#refreshing = undefined;
      if (!this.#wantsAgain) return;
      this.#wantsAgain = false;
      // What fails now is asked for again with the next change.
      this.refresh().catch(() => {});
    });
    return this.#refreshing;
  }

  /** A row leaves at once. Returns what puts it back where it was. */
  takeOut(id: Id): () => void {
    const { ids, total } = this.#rows.peek();
    const at = ids.indexOf(id);
    this.#takenOut.add(id);
    if (at >= 0) this.#show(ids.toSpliced(at, 1), (total ?? 1) - 1);
    return () => {
      this.#takenOut.delete(id);
      const now = this.#rows.peek();
      if (at < 0 || now.ids.includes(id)) return;
      this.#show(now.ids.toSpliced(Math.min(at, now.ids.length), 0, id), (now.total ?? 0) + 1);
    };
  }

  /** The server has done what the row was taken out for: from now on it decides. */
  settle(id: Id): void {
    this.#takenOut.delete(id);
  }

  #loadPage(page: number): Promise<void> {
    const known = this.#loading.get(page);
    if (known !== undefined) return known;
    const loading = this.#load(page * PAGE).finally(() => this.#loading.delete(page));
    this.#loading.set(page, loading);
    return loading;
  }

  async #load(position: number): Promise<void> {
    const generation = this.#generation;
    try {
      const answer = await this.#query(position);
      if (generation !== this.#generation) return;
      if (this.#state !== undefined && this.#state !== answer.queryState) this.#forget();
      this.#take(answer);
      this.#fault.value = undefined;
    } catch (error) {
      this.#fault.value = error;
    }
  }

  /** Query, what stands for each row, its conversation, and all of that: in one request. */
  async #query(position: number): Promise<QueryAnswer> {
    const { client, cache, filter, isCollapsed } = this.#options;
    const query = client.call<QueryAnswer>('Email/query', {
      ...{ filter, sort: SORT, collapseThreads: isCollapsed, position, limit: PAGE, calculateTotal: true },
    });
    const loaded = fetchRows(client, query.ref('/ids'));
    // When the query fails nobody asks for the rows.
    loaded.catch(() => {});
    const answer = await query.result;
    cache.put(await loaded);
    this.#options.onLoaded?.();
    return answer;
  }

  async #refresh(): Promise<void> {
    if (this.#state === undefined || !this.#isCalculable) return this.#reload();
    const { client, cache, filter, isCollapsed } = this.#options;
    const generation = this.#generation;
    const changes = client.call<ChangesAnswer>('Email/queryChanges', {
      ...{ filter, sort: SORT, collapseThreads: isCollapsed, sinceQueryState: this.#state },
      ...{ maxChanges: 500, calculateTotal: true },
    });
    const loaded = fetchRows(client, changes.ref('/added/*/id'));
    loaded.catch(() => {});
    try {
      const answer = await changes.result;
      cache.put(await loaded);
      if (generation !== this.#generation) return;
      this.#state = answer.newQueryState;
      const now = this.#rows.peek();
      const next = withChanges(now.ids, answer);
      this.#show(next, answer.total);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      await this.#reload();
    }
  }

  /** From the top; what lies below is loaded when it is looked at. */
  async #reload(): Promise<void> {
    const answer = await this.#query(0);
    this.#forget();
    this.#take(answer);
  }

  #forget(): void {
    this.#generation++;
    this.#state = undefined;
    this.#rows.value = { ids: [], total: undefined };
  }

  #take({ ids: found, position, total, queryState, canCalculateChanges }: QueryAnswer): void {
    this.#state = queryState;
    this.#isCalculable = canCalculateChanges;
    const ids: (Id | undefined)[] = [...this.#rows.peek().ids];
    while (ids.length < position) ids.push(undefined);
    for (const [at, id] of found.entries()) ids[position + at] = id;
    this.#show(ids, total);
  }

  #show(ids: readonly (Id | undefined)[], total: number): void {
    const shown = ids.filter((id) => id === undefined || !this.#takenOut.has(id));
    const most = Math.max(0, total - (ids.length - shown.length));
    this.#rows.value = { ids: shown.slice(0, most), total: most };
  }
}

/** What rows show: each email, its conversation, and the others in it. */
export async function fetchRows(
  client: JmapClient,
  ids: ReturnType<ReturnType<JmapClient['call']>['ref']>,
): Promise<{ readonly emails: readonly Email[]; readonly threads: readonly Thread[] }> {
  const first = client.call<GetAnswer<Email>>('Email/get', { '#ids': ids, properties: ['threadId'] });
  const threads = client.call<GetAnswer<Thread>>('Thread/get', { '#ids': first.ref('/list/*/threadId') });
  const emails = client.call<GetAnswer<Email>>('Email/get', {
    '#ids': threads.ref('/list/*/emailIds'),
    properties: EMAIL_PROPERTIES,
  });
  const [{ list: found }, { list }] = await Promise.all([threads.result, emails.result]);
  return { threads: found, emails: list };
}

/**
 * RFC 8620 §5.6: take out, then put in by index. Where a row that leaves was not known, nobody knows how far those behind the first
 * gap have moved: they are loaded again when they are looked at.
 */
export function withChanges(
  ids: readonly (Id | undefined)[],
  { removed, added }: Pick<ChangesAnswer, 'removed' | 'added'>,
): (Id | undefined)[] {
  const leaving = new Set([...removed, ...added.map(({ id }) => id)]);
  const known = new Set(ids);
  const gap = ids.indexOf(undefined);
  const isUncertain = gap >= 0 && removed.some((id) => !known.has(id));
  const kept = isUncertain ? ids.slice(0, gap) : ids;
  const out = kept.filter((id) => id === undefined || !leaving.has(id));
  for (const { id, index } of [...added].sort((a, b) => a.index - b.index)) {
    if (index <= out.length) out.splice(index, 0, id);
    else if (gap < 0 || isUncertain) continue;
    else out[index] = id;
  }
  return out;
}
