/**
 * The page's copy of the account: what there is of mailboxes at the start, and after that what has changed, asked by states
 * (`/changes`, RFC 8620 §5.2) whenever the server says that something has, or when nobody listened for a while. Lists that are looked at
 * follow behind. Where the server can no longer say what has changed, what the page knows is asked for anew.
 */
import { batch, type ReadonlySignal, signal } from '@preact/signals-core';
import type { ActionLog } from './action-log.ts';
import { Actions, type Refusal } from './actions.ts';
import { MailCache } from './cache.ts';
import { type JmapClient, Refused } from './jmap-client.ts';
import { type KeptList, MailList } from './mail-list.ts';
import { EMAIL_PROPERTIES, type Email, type Filter, type Id, type Mailbox, type Thread } from './model.ts';

export interface MailSyncOptions {
  readonly client: JmapClient;
  readonly onRefused: (refusal: Refusal) => void;
  /** More is known than before, or something else. */
  readonly onLearned?: () => void;
  /** The server was there, and has said what has changed. */
  readonly onSynced?: () => void;
  /** These emails are no more. */
  readonly onGone?: (ids: readonly Id[]) => void;
  readonly sleep: (ms: number) => Promise<unknown>;
}

/** What the page knew when it was open last. */
export interface Kept {
  readonly states: States;
  readonly mailboxes: readonly Mailbox[];
  readonly lists: readonly KeptList[];
  readonly threads: readonly Thread[];
  readonly emails: readonly Email[];
}

interface GetAnswer<T> {
  readonly state: string;
  readonly list: readonly T[];
}

interface ChangesAnswer {
  readonly newState: string;
  readonly hasMoreChanges: boolean;
  readonly created: readonly Id[];
  readonly updated: readonly Id[];
  readonly destroyed: readonly Id[];
}

export interface States {
  readonly mailbox: string;
  readonly email: string;
  readonly thread: string;
}

const MAX_CHANGES = 200;
/** Lists that are kept beside the one that is looked at, so that going back shows them at once. */
const MAX_LISTS = 12;

export class MailSync {
  readonly client: JmapClient;
  readonly cache = new MailCache();
  readonly actions: Actions;
  readonly #lists = new Map<string, MailList>();
  readonly #status = signal<'starting' | 'live' | 'unreachable'>('starting');
  #states: States | undefined;
  #running: Promise<void> | undefined;
  #wantsAgain = false;

  readonly #options: MailSyncOptions;

  constructor(options: MailSyncOptions) {
    const { client, onRefused, sleep } = options;
    this.#options = options;
    this.client = client;
    this.actions = new Actions({
      ...{ client, cache: this.cache, onRefused, sleep },
      onApplied: (ids) => this.#applied(ids),
      onSettled: (ids) => this.#settled(ids),
    });
  }

  get status(): ReadonlySignal<'starting' | 'live' | 'unreachable'> {
    return this.#status;
  }

  /** Goes on with what was known, and with what waits to be sent. Before anything is asked. */
  async resume(kept: Kept | undefined, log: ActionLog | undefined): Promise<void> {
    if (kept !== undefined && this.#states === undefined)
      batch(() => {
        this.#states = kept.states;
        this.cache.put(kept);
        for (const list of kept.lists.toReversed()) this.#lists.set(keyOf(list), this.#listOf(list, list));
        this.cache.setMailboxes(new Map(kept.mailboxes.map((one) => [one.id, one])));
      });
    if (log !== undefined) await this.actions.resume(log);
  }

  /** For another start. Undefined while something waits, or is not known yet. */
  known(): { readonly states: States; readonly lists: readonly KeptList[] } | undefined {
    if (this.#states === undefined || this.actions.waiting.peek() > 0) return undefined;
    const lists = [...this.#lists.values()].reverse().flatMap((list) => list.kept() ?? []);
    return { states: this.#states, lists };
  }

  /** The list of this question; the same object as long as it is remembered. */
  list(filter: Filter, isCollapsed: boolean): MailList {
    const key = keyOf({ filter, isCollapsed });
    const list = this.#lists.get(key) ?? this.#listOf({ filter, isCollapsed });
    this.#lists.delete(key);
    this.#lists.set(key, list);
    const [oldest] = this.#lists.keys();
    if (this.#lists.size > MAX_LISTS && oldest !== undefined) this.#lists.delete(oldest);
    return list;
  }

  #listOf({ filter, isCollapsed }: Question, kept?: KeptList): MailList {
    const { client, cache } = this;
    const onLoaded = (): void => this.#options.onLearned?.();
    return new MailList({ client, cache, filter, isCollapsed, onLoaded }, kept);
  }

  /** A conversation with all that is known of its emails; asked for when it is not there. Undefined: there is none. */
  async conversation(id: Id): Promise<Thread | undefined> {
    if (!this.cache.hasThread(id)) {
      const threads = this.client.call<GetAnswer<Thread>>('Thread/get', { ids: [id] });
      const emails = this.client.call<GetAnswer<Email>>('Email/get', {
        '#ids': threads.ref('/list/*/emailIds'),
        properties: EMAIL_PROPERTIES,
      });
      const [found, loaded] = await Promise.all([threads.result, emails.result]);
      this.cache.put({ threads: found.list, emails: loaded.list });
    }
    return this.cache.thread(id).peek();
  }

  /** Asks what has changed. Asked again meanwhile, it is done once more behind. Never rejects. */
  sync(): Promise<void> {
    if (this.#running !== undefined) {
      this.#wantsAgain = true;
      return this.#running;
    }
    this.#running = this.#sync()
      .then(
        () => {
          this.#status.value = 'live';
          this.actions.wake();
          this.#options.onSynced?.();
          this.#options.onLearned?.();
        },
        () => {
          this.#status.value = 'unreachable';
        },
      )
      .finally(() => {
        this.#running = undefined;
        if (!this.#wantsAgain) return;
        this.#wantsAgain = false;
        void this.sync();
      });
    return this.#running;
  }

  async #sync(): Promise<void> {
    if (this.#states === undefined) await this.#start();
    else await this.#catchUp(this.#states);
  }

  /** Mailboxes, and the states that everything after is counted from. */
  async #start(): Promise<void> {
    const { client, cache } = this;
    const mailboxes = client.call<GetAnswer<Mailbox>>('Mailbox/get', { ids: null });
    const emails = client.call<GetAnswer<Email>>('Email/get', { ids: [] });
    const threads = client.call<GetAnswer<Thread>>('Thread/get', { ids: [] });
    const [first, second, third] = await Promise.all([mailboxes.result, emails.result, threads.result]);
    this.#states = { mailbox: first.state, email: second.state, thread: third.state };
    cache.setMailboxes(new Map(first.list.map((mailbox) => [mailbox.id, mailbox])));
  }

  async #catchUp(states: States): Promise<void> {
    const { client, cache } = this;
    const changes = (type: string, sinceState: string) =>
      client.call<ChangesAnswer>(`${type}/changes`, { sinceState, maxChanges: MAX_CHANGES });
    const mailbox = changes('Mailbox', states.mailbox);
    const mailboxes = client.call<GetAnswer<Mailbox>>('Mailbox/get', { ids: null });
    const email = changes('Email', states.email);
    const emails = client.call<GetAnswer<Email>>('Email/get', {
      '#ids': email.ref('/updated'),
      properties: ['mailboxIds', 'keywords'],
    });
    const thread = changes('Thread', states.thread);
    const threads = client.call<GetAnswer<Thread>>('Thread/get', { '#ids': thread.ref('/updated') });
    let answers: readonly [
      ChangesAnswer,
      GetAnswer<Mailbox>,
      ChangesAnswer,
      GetAnswer<Email>,
      ChangesAnswer,
      GetAnswer<Thread>,
    ];
    try {
      answers = await Promise.all([
        ...([mailbox.result, mailboxes.result, email.result, emails.result] as const),
        ...([thread.result, threads.result] as const),
      ]);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return this.#startAnew();
    }
    const [box, boxes, mail, updated, conversation, changedThreads] = answers;
    const hasMore = box.hasMoreChanges || mail.hasMoreChanges || conversation.hasMoreChanges;
    const joined = changedThreads.list.filter(({ id }) => cache.hasThread(id));
    const missing = joined.flatMap(({ emailIds }) => emailIds).filter((id) => !cache.hasEmail(id));
    const added = missing.length === 0 ? [] : await this.#fetch(missing);
    batch(() => {
      cache.setMailboxes(new Map(boxes.list.map((one) => [one.id, one])));
      cache.put({ emails: [...updated.list.flatMap((one) => this.#merged(one)), ...added], threads: joined });
      cache.drop({ emails: mail.destroyed, threads: conversation.destroyed });
    });
    this.#options.onGone?.(mail.destroyed);
    this.#states = { mailbox: box.newState, email: mail.newState, thread: conversation.newState };
    await this.#refreshLists();
    if (hasMore) await this.#catchUp(this.#states);
  }

  /** Of an email only mailboxes and keywords ever change (RFC 8621 §4.1). Actions under way are shown on top. */
  #merged(one: Email): Email[] {
    const known = this.cache.email(one.id).peek();
    if (known === undefined) return [];
    return [this.actions.over({ ...known, mailboxIds: one.mailboxIds, keywords: one.keywords })];
  }

  async #fetch(ids: readonly Id[]): Promise<readonly Email[]> {
    const { list } = await this.client.call<GetAnswer<Email>>('Email/get', {
      ids,
      properties: EMAIL_PROPERTIES,
    }).result;
    return list;
  }

  async #startAnew(): Promise<void> {
    await this.#start();
    await this.#refreshLists();
  }

  async #refreshLists(): Promise<void> {
    const shown = [...this.#lists.values()].filter(({ rows }) => rows.peek().total !== undefined);
    await Promise.all(shown.map((list) => list.refresh()));
  }

  /** What an action took out of a mailbox leaves the lists of that mailbox, and comes back when that is undone. */
  #applied(ids: readonly Id[]): void {
    const threads = new Set(ids.flatMap((id) => this.cache.email(id).peek()?.threadId ?? []));
    for (const list of this.#lists.values()) {
      const { inMailbox } = list.filter as { inMailbox?: Id };
      if (inMailbox === undefined) continue;
      for (const row of list.rows.peek().ids) {
        const thread = row === undefined ? undefined : this.cache.email(row).peek()?.threadId;
        const isGone = row !== undefined && thread === undefined;
        if (row === undefined || (!isGone && (thread === undefined || !threads.has(thread)))) continue;
        const emails = thread === undefined ? [] : this.cache.emailsOf(thread);
        if (!emails.some(({ mailboxIds }) => inMailbox in mailboxIds))
          this.#takeOut(list, row, thread ?? row);
      }
      for (const thread of threads) this.#putBack(list, inMailbox, thread);
    }
  }

  readonly #out = new Map<MailList, Map<Id, { readonly row: Id; readonly back: () => void }>>();

  #takeOut(list: MailList, row: Id, thread: Id): void {
    const out = this.#out.get(list) ?? new Map();
    out.set(thread, { row, back: list.takeOut(row) });
    this.#out.set(list, out);
  }

  #putBack(list: MailList, mailbox: Id, thread: Id): void {
    const out = this.#out.get(list)?.get(thread);
    if (out === undefined || !this.cache.emailsOf(thread).some(({ mailboxIds }) => mailbox in mailboxIds))
      return;
    this.#out.get(list)?.delete(thread);
    out.back();
  }

  #settled(ids: readonly Id[]): void {
    const threads = new Set(ids.flatMap((id) => this.cache.email(id).peek()?.threadId ?? id));
    // Rows come back by an undo as long as there is one: only what the server lists is no longer hidden.
    if (this.actions.waiting.peek() > 0) return;
    for (const [list, out] of this.#out)
      for (const [thread, { row }] of out) if (threads.has(thread)) list.settle(row);
    void this.sync();
  }
}

type Question = Pick<KeptList, 'filter' | 'isCollapsed'>;

function keyOf({ filter, isCollapsed }: Question): string {
  return JSON.stringify([filter, isCollapsed]);
}
