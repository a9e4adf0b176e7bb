/**
 * What the person does to mail: shown at once, sent in order, taken back with a word when the server refuses. An action is a patch of
 * keywords or mailboxes for each email, which may be sent twice and is then true once; so one whose answer was lost is sent again
 * when the server can be reached.
 *
 * Two at once: a later action on the same email is computed on what the page shows, and sent behind. When an earlier one is refused,
 * only what it changed and nobody has changed since goes back.
 */
import { batch, type ReadonlySignal, signal } from '@preact/signals-core';
import type { MailCache } from './cache.ts';
import { type JmapClient, Refused, Unreachable } from './jmap-client.ts';
import type { Email, Id } from './model.ts';

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
  /** Types of SetError (RFC 8620 §5.3), or of the method. */
  readonly type: string;
  readonly count: number;
}

interface SetAnswer {
  readonly notUpdated?: Readonly<Record<Id, { readonly type: string }>> | null;
  readonly notDestroyed?: Readonly<Record<Id, { readonly type: string }>> | null;
}

/** Emails of one request; RFC 8620 §2 asks for at least 500 of every server. */
const SLICE = 500;
const AGAIN_MS = [1000, 2000, 5000, 10_000, 30_000];

export class Actions {
  readonly #options: ActionsOptions;
  readonly #waiting = signal(0);
  readonly #isHeld = signal(false);
  #last: Promise<unknown> = Promise.resolve();
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

  /** Shows it now; resolves when the server has it or has refused it. Returns the action that undoes it. */
  run(action: Action): { readonly undo: Action; readonly done: Promise<void> } {
    const undo = { patches: action.patches.flatMap((patch) => this.#inverse(patch)) };
    this.#apply(action);
    this.#waiting.value++;
    const done = this.#last.then(() => this.#deliver(action, undo));
    this.#last = done;
    return { undo, done };
  }

  /** There may be a network again. */
  wake(): void {
    this.#wake?.();
  }

  async #deliver(action: Action, undo: Action): Promise<void> {
    try {
      for (const part of slices(action)) await this.#send(part, undo);
    } finally {
      this.#waiting.value--;
      this.#options.onSettled(idsOf(action));
    }
  }

  async #send(part: Action, undo: Action): Promise<void> {
    const update = Object.fromEntries(part.patches.map((patch) => [patch.id, patchOf(patch)]));
    for (let attempt = 0; ; attempt++) {
      try {
        const args = { update, ...(part.destroyed?.length ? { destroy: part.destroyed } : {}) };
        const answer = await this.#options.client.call<SetAnswer>('Email/set', args).result;
        this.#isHeld.value = false;
        this.#takeBack(part, undo, { ...answer.notUpdated, ...answer.notDestroyed });
        return;
      } catch (error) {
        if (error instanceof Unreachable) await this.#pause(attempt);
        else {
          const type = error instanceof Refused ? error.type : 'serverFail';
          this.#takeBack(part, undo, Object.fromEntries(idsOf(part).map((id) => [id, { type }])));
          return;
        }
      }
    }
  }

  async #pause(attempt: number): Promise<void> {
    this.#isHeld.value = true;
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    await Promise.race([woken, this.#options.sleep(AGAIN_MS[Math.min(attempt, AGAIN_MS.length - 1)] ?? 0)]);
    this.#wake = undefined;
  }

  /** What is gone meanwhile is as good as done: the next difference from the server says so. */
  #takeBack(part: Action, undo: Action, refused: Readonly<Record<Id, { readonly type: string }>>): void {
    const ids = Object.keys(refused).filter((id) => refused[id]?.type !== 'notFound');
    const [first] = ids;
    if (first === undefined) return;
    const back = undo.patches
      .filter(({ id }) => ids.includes(id))
      .filter((patch) => this.#isAsLeft(part, patch));
    this.#apply({ patches: back });
    this.#options.onRefused({ type: refused[first]?.type ?? 'serverFail', count: ids.length });
  }

  /** Nobody has changed since what this patch would put back. */
  #isAsLeft(part: Action, back: EmailPatch): boolean {
    const email = this.#options.cache.email(back.id).peek();
    const done = part.patches.find(({ id }) => id === back.id);
    if (email === undefined || done === undefined) return false;
    const keywords = Object.entries(done.keywords ?? {}).every(([name, is]) => name in email.keywords === is);
    return (
      keywords && Object.entries(done.mailboxIds ?? {}).every(([id, is]) => id in email.mailboxIds === is)
    );
  }

  #inverse({ id, keywords = {}, mailboxIds = {} }: EmailPatch): EmailPatch[] {
    const email = this.#options.cache.email(id).peek();
    if (email === undefined) return [];
    return [{ id, keywords: was(email.keywords, keywords), mailboxIds: was(email.mailboxIds, mailboxIds) }];
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

function idsOf({ patches, destroyed = [] }: Action): Id[] {
  return [...patches.map(({ id }) => id), ...destroyed];
}

function slices({ patches, destroyed = [] }: Action): Action[] {
  const out: Action[] = [];
  for (let at = 0; at < patches.length; at += SLICE) out.push({ patches: patches.slice(at, at + SLICE) });
  for (let at = 0; at < destroyed.length; at += SLICE)
    out.push({ patches: [], destroyed: destroyed.slice(at, at + SLICE) });
  return out;
}

/** As JSON Pointers; `~` and `/` of a keyword are escaped (RFC 6901 §3). */
function patchOf({ keywords = {}, mailboxIds = {} }: EmailPatch): Record<string, true | null> {
  const pointer = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');
  const of = (root: string, changes: Readonly<Record<string, boolean>>) =>
    Object.entries(changes).map(([name, is]) => [`${root}/${pointer(name)}`, is ? true : null] as const);
  return Object.fromEntries([...of('keywords', keywords), ...of('mailboxIds', mailboxIds)]);
}

function withPatch(email: Email, { keywords = {}, mailboxIds = {} }: EmailPatch): Email {
  return {
    ...email,
    keywords: changed(email.keywords, keywords),
    mailboxIds: changed(email.mailboxIds, mailboxIds),
  };
}

function changed(
  set: Readonly<Record<string, true>>,
  changes: Readonly<Record<string, boolean>>,
): Record<string, true> {
  const out: Record<string, true> = { ...set };
  for (const [name, is] of Object.entries(changes)) {
    if (is) out[name] = true;
    else delete out[name];
  }
  return out;
}

/** Of what a patch would change, how it is now: only what differs. */
function was(
  set: Readonly<Record<string, true>>,
  changes: Readonly<Record<string, boolean>>,
): Record<string, boolean> {
  return Object.fromEntries(
    Object.entries(changes).flatMap(([name, is]) =>
      name in set === is ? [] : [[name, name in set] as const],
    ),
  );
}
