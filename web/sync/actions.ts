/**
 * What the person does to mail: shown at once, sent in order, taken back with a word when the server refuses. What waits lies in a log,
 * which on a device of one's own outlives the page; of several tabs one sends. An action is a patch of keywords or mailboxes for each
 * email. One whose answer was lost, or that has waited, is held against how the mail is now (`doubt.ts`) and sent with that state as a
 * condition (`ifInState`, RFC 8620 §5.3): done once, and never over what somebody else has done meanwhile.
 *
 * Two at once: a later action on the same email is computed on what the page shows, and sent behind. What the server tells of an email
 * meanwhile is shown with the waiting actions on top. When one is refused, only what it changed and nobody has changed since goes back.
 */
import { batch, type ReadonlySignal, signal } from '@preact/signals-core';
import { type ActionLog, memoryLog, type News, type Settled, type Waiting } from './action-log.ts';
import type { MailCache } from './cache.ts';
import { isUnsure, type Placed, type Plan, planOf } from './doubt.ts';
import { type JmapClient, Refused, Unreachable } from './jmap-client.ts';
import type { Email, Id } from './model.ts';
import { idsOf, inverseOf, isAsLeft, requestOf, slices, watched, withPatch } from './patch.ts';

/** As in a patch of Email/set (RFC 8621 §4.6): true puts in, false takes out. */
export interface EmailPatch {
  readonly id: Id;
  readonly keywords?: Readonly<Record<string, boolean>>;
  readonly mailboxIds?: Readonly<Record<Id, boolean>>;
}

export interface Action {
  readonly patches: readonly EmailPatch[];
  /** Nothing is left of these emails: RFC 8621 §4.6 destroy. Patches and destroys do not name the same. */
  readonly destroyed?: readonly Id[];
  /** Put off until then (UTCDate): the server moves them where they wait, as the patches say, and brings them back. */
  readonly until?: string;
}

export interface ActionsOptions {
  readonly client: JmapClient;
  readonly cache: MailCache;
  /** What the lists show may have to change: before it is sent, and when it is taken back. */
  readonly onApplied: (ids: readonly Id[]) => void;
  /** The server has it, or has refused it. */
  readonly onSettled: (ids: readonly Id[]) => void;
  readonly onRefused: (refusal: Refusal) => void;
  /** Tests own time. */
  readonly sleep: (ms: number) => Promise<unknown>;
}

export interface Refusal {
  /** Types of SetError (RFC 8620 §5.3), or of the method; `gone` and `moved`: somebody else was first. */
  readonly type: string;
  readonly count: number;
}

interface Entry extends Waiting {
  readonly done: PromiseWithResolvers<void>;
  /** Whether it is in the log. */
  readonly logged: Promise<boolean>;
  /** It may have been done, or was done by the person a while ago. */
  isDoubtful: boolean;
  /** How often the server has failed at it. */
  failures: number;
}

interface SetAnswer {
  readonly notUpdated?: Settled['refused'] | null;
  readonly notDestroyed?: Settled['refused'] | null;
  readonly notCreated?: Settled['refused'] | null;
}

type Outcome = Pick<Settled, 'refused'> & Pick<Plan, 'gone' | 'moved'>;

const AGAIN_MS = [1000, 2000, 5000, 10_000, 30_000];
/** An account in which something changes all the time is not waited for. */
const MISMATCHES = 5;
/** What the server fails at each time is given up, for what waits behind it. One that says it is not there now is waited for. */
const FAILURES = 5;

export class Actions {
  readonly #options: ActionsOptions;
  readonly #waiting = signal(0);
  readonly #isHeld = signal(false);
  readonly #entries = new Map<string, Entry>();
  #log: ActionLog = memoryLog();
  #sending: Promise<void> | undefined;
  #wantsAgain = false;
  #isClosed = false;
  #wake: (() => void) | undefined;

  constructor(options: ActionsOptions) {
    this.#options = options;
  }

  /** How many are not at the server yet. */
  get waiting(): ReadonlySignal<number> {
    return this.#waiting;
  }

  /** The server cannot be reached, and they wait for it. */
  get isHeld(): ReadonlySignal<boolean> {
    return this.#isHeld;
  }

  /** What waits from before is shown and sent. Once, and before anything is done on a page that keeps it. */
  async resume(log: ActionLog): Promise<void> {
    this.#log = log;
    log.hear((news) => this.#hear(news));
    for (const waiting of await log.all()) this.#adopt(waiting);
    if (this.#entries.size > 0) this.#send();
  }

  /** Shows it now; resolves when the server has it or has refused it. Returns the action that undoes it. */
  run(action: Action): { readonly undo: Action; readonly done: Promise<void> } {
    const { cache } = this.#options;
    const known = (id: Id): readonly Email[] => [cache.email(id).peek()].filter((one) => one !== undefined);
    const undo = {
      patches: action.patches.flatMap((patch) => known(patch.id).map((email) => inverseOf(email, patch))),
    };
    const lay = Object.fromEntries(
      watched(action).map((id) => [id, known(id).flatMap((one) => Object.keys(one.mailboxIds))]),
    );
    const waiting = { id: crypto.randomUUID(), action, undo, lay };
    this.#apply(action);
    const logged = this.#log.add(waiting).then(
      () => true,
      () => false,
    );
    const { done } = this.#enter({ ...waiting, logged, isDoubtful: false });
    void logged.then((isLogged) => isLogged && this.#log.tell({ kind: 'waits', waiting }));
    this.#send();
    return { undo, done: done.promise };
  }

  /** There may be a network again. */
  wake(): void {
    this.#wake?.();
  }

  close(): void {
    this.#isClosed = true;
    this.#wake?.();
    this.#log.close();
  }

  /** What the server says of an email, as it will be when what waits has been done. */
  over(email: Email): Email {
    let shown = email;
    for (const { action } of this.#entries.values())
      for (const patch of action.patches) if (patch.id === email.id) shown = withPatch(shown, patch);
    return shown;
  }

  #enter(entry: Omit<Entry, 'done' | 'failures'>): Entry {
    const entered = { ...entry, failures: 0, done: Promise.withResolvers<void>() };
    this.#entries.set(entry.id, entered);
    this.#waiting.value = this.#entries.size;
    return entered;
  }

  /** Of another tab, or of a page that is closed. */
  #adopt(waiting: Waiting): void {
    if (this.#entries.has(waiting.id)) return;
    this.#enter({ ...waiting, logged: Promise.resolve(true), isDoubtful: true });
    this.#apply(waiting.action);
  }

  #hear(news: News): void {
    if (news.kind === 'settled') this.#settle(news.settled);
    else {
      this.#adopt(news.waiting);
      // The tab that told of it may be closed before it was sent.
      this.#send();
    }
  }

  #send(): void {
    this.#wantsAgain = true;
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined;
    });
  }

  async #sendAll(): Promise<void> {
    for (let attempt = 0; this.#wantsAgain && !this.#isClosed; ) {
      this.#wantsAgain = false;
      // Between two attempts another tab may try.
      if (await this.#log.alone(() => this.#sendWaiting())) {
        attempt = 0;
        continue;
      }
      this.#wantsAgain = true;
      await this.#pause(attempt++);
    }
  }

  /** False: the server cannot be reached. */
  async #sendWaiting(): Promise<boolean> {
    const mine = [...this.#entries.values()];
    await Promise.all(mine.map(({ logged }) => logged));
    const log = await this.#log.all().catch(() => undefined);
    for (const waiting of log ?? []) this.#adopt(waiting);
    const order = new Map(log?.map(({ id }, at) => [id, at]));
    // Another tab has done it, and its word is on the way or lost.
    for (const entry of mine)
      if (log !== undefined && !order.has(entry.id) && (await entry.logged))
        this.#settle({ id: entry.id, refused: {} });
    const place = ({ id }: Entry): number => order.get(id) ?? order.size;
    for (const entry of [...this.#entries.values()].sort((a, b) => place(a) - place(b)))
      if (this.#isClosed || !(await this.#sendOne(entry))) return this.#isClosed;
    return true;
  }

  async #sendOne(entry: Entry): Promise<boolean> {
    let outcome: Outcome;
    try {
      outcome = await this.#delivered(entry);
    } catch (error) {
      if (error instanceof Unreachable) return this.#putInDoubt();
      // A fault of this page would be one each time.
      if (!(error instanceof Refused)) entry.failures = FAILURES;
      const type = error instanceof Refused ? error.type : 'serverFail';
      const refused = Object.fromEntries(idsOf(entry.action).map((id) => [id, { type }]));
      outcome = { refused, gone: [], moved: [] };
    }
    if (isTriedAgain(entry, outcome)) return this.#putInDoubt();
    this.#isHeld.value = false;
    const settled = { id: entry.id, refused: outcome.refused };
    await this.#log.remove(entry.id).catch(() => undefined);
    this.#log.tell({ kind: 'settled', settled });
    this.#settle(settled);
    for (const type of ['gone', 'moved'] as const)
      if (outcome[type].length > 0) this.#options.onRefused({ type, count: outcome[type].length });
    return true;
  }

  /** What may have been done, and what has waited for it. */
  #putInDoubt(): false {
    for (const waiting of this.#entries.values()) waiting.isDoubtful = true;
    return false;
  }

  async #delivered({ action, lay, isDoubtful }: Entry): Promise<Outcome> {
    const outcome = { refused: {} as Settled['refused'], gone: [] as Id[], moved: [] as Id[] };
    for (const part of slices(action)) {
      if (!isDoubtful) outcome.refused = { ...outcome.refused, ...(await this.#set(part)) };
      else {
        const { refused, gone, moved } = await this.#setInDoubt(part, lay);
        outcome.refused = { ...outcome.refused, ...refused };
        outcome.gone.push(...gone);
        outcome.moved.push(...moved);
      }
    }
    return outcome;
  }

  async #set(part: Action, condition: { readonly ifInState?: string } = {}): Promise<Settled['refused']> {
    const [name, args] = requestOf(part);
    const answer = await this.#options.client.call<SetAnswer>(name, { ...args, ...condition }).result;
    return { ...answer.notUpdated, ...answer.notDestroyed, ...answer.notCreated };
  }

  /** What an action is held against when it may have been done, as the server has it; the state is of what the action changes. */
  async #now(part: Action): Promise<{ readonly state: string; readonly list: readonly Placed[] }> {
    const { client } = this.#options;
    const before =
      part.until === undefined
        ? undefined
        : client.call<{ readonly state: string }>('Snooze/get', { ids: [] }).result;
    const emails = client.call<{ readonly state: string; readonly list: readonly Placed[] }>('Email/get', {
      ids: idsOf(part),
      properties: ['mailboxIds', 'keywords'],
    }).result;
    const [first, { state, list }] = await Promise.all([before, emails]);
    return { state: first?.state ?? state, list };
  }

  async #setInDoubt(part: Action, lay: Waiting['lay']): Promise<Outcome> {
    for (let tries = 1; ; tries++) {
      const { state, list } = await this.#now(part);
      const { action, gone, moved } = planOf(part, lay, new Map(list.map((one) => [one.id, one])));
      this.#believe(list.filter(({ id }) => moved.includes(id)));
      if (idsOf(action).length === 0) return { refused: {}, gone, moved };
      try {
        const condition = tries < MISMATCHES ? { ifInState: state } : {};
        return { refused: await this.#set(action, condition), gone, moved };
      } catch (error) {
        if (!(error instanceof Refused && error.type === 'stateMismatch')) throw error;
      }
    }
  }

  /** What stands in spite of what the person did. */
  #believe(list: readonly Placed[]): void {
    const { cache, onApplied } = this.#options;
    batch(() => {
      const emails = list.flatMap((one) => {
        const email = cache.email(one.id).peek();
        return email === undefined ? [] : [{ ...email, ...one }];
      });
      cache.put({ emails });
      onApplied(list.map(({ id }) => id));
    });
  }

  async #pause(attempt: number): Promise<void> {
    this.#isHeld.value = true;
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    await Promise.race([woken, this.#options.sleep(AGAIN_MS[Math.min(attempt, AGAIN_MS.length - 1)] ?? 0)]);
    this.#wake = undefined;
  }

  #settle({ id, refused }: Settled): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    this.#takeBack(entry, refused);
    this.#waiting.value = this.#entries.size;
    this.#options.onSettled(idsOf(entry.action));
    entry.done.resolve();
  }

  /** What is gone meanwhile is as good as done: the next difference from the server says so. */
  #takeBack({ action, undo }: Entry, refused: Settled['refused']): void {
    const ids = Object.keys(refused).filter((id) => refused[id]?.type !== 'notFound');
    const [first] = ids;
    if (first === undefined) return;
    const { cache } = this.#options;
    const back = undo.patches.filter(({ id }) => {
      const email = cache.email(id).peek();
      const done = action.patches.find((patch) => patch.id === id);
      return ids.includes(id) && email !== undefined && done !== undefined && isAsLeft(email, done);
    });
    this.#apply({ patches: back });
    this.#options.onRefused({ type: refused[first]?.type ?? 'serverFail', count: ids.length });
  }

  #apply({ patches, destroyed = [] }: Action): void {
    const { cache, onApplied } = this.#options;
    batch(() => {
      const emails = patches.flatMap((patch) => {
        const email = cache.email(patch.id).peek();
        return email === undefined ? [] : [withPatch(email, patch)];
      });
      cache.put({ emails });
      cache.drop({ emails: destroyed });
      onApplied([...patches.map(({ id }) => id), ...destroyed]);
    });
  }
}

function isTriedAgain(entry: Entry, { refused }: Outcome): boolean {
  const types = Object.values(refused).map(({ type }) => type);
  if (types.includes('serverUnavailable')) return true;
  return types.some(isUnsure) && ++entry.failures < FAILURES;
}
