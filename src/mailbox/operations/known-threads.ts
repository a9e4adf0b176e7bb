/**
 * What is known of the threads that new emails may belong to: asked of the store before the change that adds them, and
 * completed in it by what came in meanwhile (`state/recent-threads.ts`).
 *
 * Mail is more than its order: what cannot be read for damage is taken for unknown, and the email begins a thread.
 */
import { TimeSlice } from '../../base/time-slice.ts';
import type { Domain } from '../domain.ts';
import type { AccountId } from '../model/model.ts';
import {
  idsInCommon,
  type KnownThreads,
  MAX_MATCHES,
  MAX_THREAD_EMAILS,
  type ThreadMatch,
  type ThreadNames,
} from '../model/threads.ts';
import { damageIn } from '../port/store-words.ts';
import type { AccountState } from '../state/account.ts';
import type { ThreadWindow } from '../state/recent-threads.ts';

type Asker = Pick<Domain, 'store' | 'log'>;

export interface ThreadQuestion extends KnownThreads {
  /** In any case: until then everything that comes in is remembered. */
  close(): void;
}

/** At once when the emails name nobody. */
export function askForThreads(
  { store, log }: Asker,
  account: AccountState,
  emails: readonly ThreadNames[],
): ThreadQuestion | Promise<ThreadQuestion> {
  const window = account.threads.open();
  const stored = new StoredThreads(store, account.id, window);
  const question = {
    matchesOf: (id: string) => both(window.matchesOf(id), stored.matchesOf(id)),
    hasRoom: (thread: number) => stored.sizeOf(thread) < MAX_THREAD_EMAILS,
    close: window.close,
  };
  const isSilent = emails.every(
    ({ own, inReplyTo, references }) =>
      own === undefined && inReplyTo === undefined && references.length === 0,
  );
  if (isSilent) return question;
  return stored.ask(emails).then(
    () => question,
    (error: unknown) => {
      const damage = damageIn(error);
      if (damage === undefined) {
        question.close();
        throw error;
      }
      log.error({ account: account.id, damage }, 'threads cannot be looked up; new mail begins new ones');
      return question;
    },
  );
}

class StoredThreads {
  readonly #store: Asker['store'];
  readonly #account: AccountId;
  readonly #window: ThreadWindow;
  readonly #matches = new Map<string, readonly ThreadMatch[]>();
  readonly #sizes = new Map<number, number>();

  constructor(store: Asker['store'], account: AccountId, window: ThreadWindow) {
    this.#store = store;
    this.#account = account;
    this.#window = window;
  }

  matchesOf(id: string): readonly ThreadMatch[] {
    return this.#matches.get(id) ?? NONE;
  }

  /** With those that have come in since it was asked. */
  sizeOf(thread: number): number {
    return (this.#sizes.get(thread) ?? 0) + this.#window.sizeOf(thread);
  }

  async ask(emails: readonly ThreadNames[]): Promise<void> {
    const slice = new TimeSlice();
    for (const names of emails) {
      const spent = slice.spent();
      if (spent !== undefined) await spent;
      if (names.inReplyTo !== undefined && (await this.#isAnswer(names.inReplyTo))) continue;
      for (const id of idsInCommon(names)) {
        const [matches = NONE] = await this.#load(id, 'any');
        if (matches.length > 0 && (await this.#isOneOf(matches, id, names.subject))) break;
      }
    }
  }

  /** Then it says it all, and nothing else is asked. */
  async #isAnswer(inReplyTo: string): Promise<boolean> {
    // What has come in a moment ago is not stored yet, or was just then.
    const underWay = this.#window.matchesOf(inReplyTo).filter(({ isOwn }) => isOwn);
    const [stored = NONE] = underWay.length > 0 ? [] : await this.#load(inReplyTo, 'own');
    if (stored.length > 0) this.#matches.set(inReplyTo, stored);
    const matches = underWay.length > 0 ? underWay : stored;
    for (const { thread } of matches) await this.#count(thread);
    return matches.some(({ thread }) => this.sizeOf(thread) < MAX_THREAD_EMAILS);
  }

  async #isOneOf(matches: readonly ThreadMatch[], id: string, subject: number): Promise<boolean> {
    this.#matches.set(id, matches);
    for (const match of matches) if (match.subject === subject) await this.#count(match.thread);
    return matches.some(
      (match) => match.subject === subject && this.sizeOf(match.thread) < MAX_THREAD_EMAILS,
    );
  }

  #load(id: string, which: 'own' | 'any') {
    return this.#store.loadThreadMatches(this.#account, [id], which, MAX_MATCHES);
  }

  async #count(thread: number): Promise<void> {
    if (!this.#sizes.has(thread))
      this.#sizes.set(thread, await this.#store.countThread(this.#account, thread));
  }
}

const NONE: readonly ThreadMatch[] = Object.freeze([]);

/** What the window has came last. */
function both(recent: readonly ThreadMatch[], stored: readonly ThreadMatch[]): Iterable<ThreadMatch> {
  if (recent.length === 0) return stored;
  return [...recent, ...stored];
}
