/**
 * Keeps a draft while it is written: in the browser at once, where the browser is the person's own, and with the account a moment
 * later. A version is made first and the one before destroyed when it is there: in one Email/set the destroy would be done also
 * when the create is refused (RFC 8620 §5.3), and the account would have none. Nothing is asked twice at once; what changes meanwhile is
 * kept behind. What could not be kept stays where it is and is tried again.
 *
 * A create whose answer was lost may have happened, and so may one of a page that was killed: before the next, drafts of the same
 * Message-ID are looked for, and the next version takes their place. A browser may by itself repeat a request whose connection broke; the
 * state before it is its condition (`ifInState`), which the repetition does not meet.
 */
import { type ReadonlySignal, signal } from '@preact/signals-core';
import { isUnsure } from '../sync/doubt.ts';
import { type JmapClient, Refused } from '../sync/jmap-client.ts';
import { type Draft, emailOf, isEmpty } from './draft.ts';
import { destroyVersions, emailsOf } from './versions.ts';

export type DraftState =
  | { readonly kind: 'empty' }
  /** Only here; `isKept`: this browser has it, should the page be closed. */
  | { readonly kind: 'here'; readonly isKept: boolean }
  | { readonly kind: 'everywhere'; readonly atMs: number }
  | { readonly kind: 'offline'; readonly isKept: boolean }
  /** The server does not take it: `type` is of SetError (RFC 8620 §5.3). */
  | { readonly kind: 'refused'; readonly type: string };

/** Where drafts outlive the page. */
export interface DraftStore {
  /** `isSaved`: the account has this version. */
  put(draft: Draft, serverId: string | undefined, isSaved: boolean): Promise<void>;
  remove(key: string): Promise<void>;
}

export interface KeeperOptions {
  readonly client: Pick<JmapClient, 'call'>;
  /** Undefined on a device that others use. */
  readonly store: DraftStore | undefined;
  readonly drafts: () => string | undefined;
  readonly wholeText: (draft: Draft) => string;
  readonly nowMs: () => number;
  readonly sleep: (ms: number) => Promise<unknown>;
}

export interface Known {
  /** Of the version that the account has. */
  readonly serverId?: string | undefined;
  /** Somebody wrote it before, here or elsewhere. */
  readonly isResumed?: boolean;
}

interface SetAnswer {
  readonly created?: Readonly<Record<string, { readonly id: string }>> | null;
  readonly notCreated?: Readonly<Record<string, { readonly type: string }>> | null;
}

interface Parts {
  readonly list: readonly {
    readonly attachments: readonly { readonly blobId: string; readonly name: string | null }[];
  }[];
}

export const WAIT_MS = 2000;
const AGAIN_MS = 15_000;
const MISMATCHES = 5;

export class DraftKeeper {
  readonly #options: KeeperOptions;
  readonly #draft: ReturnType<typeof signal<Draft>>;
  readonly #state = signal<DraftState>({ kind: 'empty' });
  #serverId: string | undefined;
  #saved: Draft | undefined;
  #running: Promise<void> | undefined;
  #isWaiting = false;
  /** There may be versions that nobody here knows of. */
  #isLost: boolean;
  /** Versions whose place another has taken. */
  #old: readonly string[] = [];
  #isEnded = false;

  constructor(draft: Draft, options: KeeperOptions, { serverId, isResumed = false }: Known = {}) {
    this.#options = options;
    this.#draft = signal(draft);
    this.#serverId = serverId;
    this.#isLost = isResumed;
    this.#saved = draft;
    if (serverId !== undefined) this.#state.value = { kind: 'everywhere', atMs: options.nowMs() };
  }

  get draft(): ReadonlySignal<Draft> {
    return this.#draft as ReadonlySignal<Draft>;
  }

  get state(): ReadonlySignal<DraftState> {
    return this.#state;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Of the version that the account has. */
  get serverId(): string | undefined {
    return this.#serverId;
  }

  change(change: Partial<Draft>): void {
    if (this.#isEnded) return;
    const draft = { ...this.draft.peek(), ...change };
    this.#draft.value = draft;
    if (isEmpty(draft) && this.#serverId === undefined) {
      this.#state.value = { kind: 'empty' };
      return;
    }
    if (this.#state.peek().kind !== 'here') this.#state.value = { kind: 'here', isKept: false };
    void this.#keepHere(draft);
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    void this.#options.sleep(WAIT_MS).then(() => {
      this.#isWaiting = false;
      void this.save();
    });
  }

  /** What there is now is with the account when it resolves, or the state says why not. Never rejects. */
  async save(): Promise<boolean> {
    while (this.#running !== undefined) await this.#running;
    if (this.#isEnded || this.#saved === this.draft.peek())
      return !this.#isEnded && this.#serverId !== undefined;
    this.#running = this.#save(this.draft.peek()).finally(() => {
      this.#running = undefined;
    });
    await this.#running;
    return this.#saved === this.draft.peek();
  }

  /** Its page goes. False: the account does not have it, and whoever has it here has to see to it. */
  async leave(): Promise<boolean> {
    const isSaved = await this.save();
    const now = this.draft.peek();
    const isNothing = this.#serverId === undefined && (isEmpty(now) || this.#saved === now);
    const isDone = isSaved || isNothing;
    if (isDone) await this.end();
    else this.#isEnded = true;
    return isDone;
  }

  /** Thrown away, here and there. */
  async discard(): Promise<void> {
    const id = await this.end();
    if (id !== undefined) this.#old = [...this.#old, id];
    await this.#tidy();
  }

  /** Nothing is kept from now on: it was sent, or thrown away. Gives what the account has of it. */
  async end(): Promise<string | undefined> {
    this.#isEnded = true;
    while (this.#running !== undefined) await this.#running;
    await this.#options.store?.remove(this.draft.peek().key).catch(() => undefined);
    await this.#tidy();
    return this.#serverId;
  }

  async #keepHere(draft: Draft): Promise<void> {
    const { store } = this.#options;
    if (store === undefined) return;
    const isKept = await store.put(draft, this.#serverId, this.#saved === draft).then(
      () => true,
      () => false,
    );
    const isNewest = !isKept || this.draft.peek() === draft;
    if (isNewest && this.#state.peek().kind === 'here') this.#state.value = { kind: 'here', isKept };
  }

  async #save(draft: Draft): Promise<void> {
    const drafts = this.#options.drafts();
    if (drafts === undefined) return;
    try {
      const { old, answer } = await this.#create(draft, drafts);
      const made = answer.created?.draft;
      if (made === undefined) {
        throw new Refused(answer.notCreated?.draft?.type ?? 'serverFail');
      }
      this.#serverId = made.id;
      this.#isLost = false;
      this.#old = [...new Set([...this.#old, ...old])].filter((id) => id !== made.id);
      // A page that is killed here leaves two, of which the next one to go on with it knows by their Message-ID.
      await this.#tidy();
      await this.#madeOf(draft, made.id);
    } catch (error) {
      this.#failed(error);
    }
  }

  async #create(
    draft: Draft,
    drafts: string,
  ): Promise<{ readonly old: readonly string[]; readonly answer: SetAnswer }> {
    const { client, wholeText } = this.#options;
    const create = { draft: emailOf(draft, drafts, wholeText(draft)) };
    for (let tries = 1; ; tries++) {
      const { state } = await client.call<{ readonly state: string }>('Email/get', { ids: [] }).result;
      const old = await this.#versionsThere(draft, drafts);
      try {
        // Where something changes all the time it is made without, rather than not.
        const condition = tries < MISMATCHES ? { ifInState: state } : {};
        return { old, answer: await client.call<SetAnswer>('Email/set', { create, ...condition }).result };
      } catch (error) {
        if (!(error instanceof Refused && error.type === 'stateMismatch')) throw error;
        this.#isLost = true;
      }
    }
  }

  /** What cannot be reached now is destroyed with the next version. */
  async #tidy(): Promise<void> {
    const wanted = this.#old;
    if (wanted.length === 0) return;
    try {
      await destroyVersions(this.#options.client, wanted);
      this.#old = this.#old.filter((id) => !wanted.includes(id));
    } catch {
      if (!this.#isEnded) void this.#options.sleep(AGAIN_MS).then(() => this.#tidy());
    }
  }

  /** Usually the one we made; after an answer that was lost whatever has our Message-ID. */
  async #versionsThere(draft: Draft, drafts: string): Promise<string[]> {
    const known = this.#serverId === undefined ? [] : [this.#serverId];
    if (!this.#isLost) return known;
    // What was sent meanwhile is no version any more, also the one we made.
    return emailsOf(this.#options.client, draft.messageId, { drafts, known });
  }

  /** The files of the version before go with it: from now on they are those of this one. */
  async #madeOf(draft: Draft, id: string): Promise<void> {
    const isSame = this.draft.peek() === draft;
    this.#saved = draft;
    if (isSame) this.#state.value = { kind: 'everywhere', atMs: this.#options.nowMs() };
    if (draft.files.length > 0) {
      const get = { ids: [id], properties: ['attachments'], bodyProperties: ['blobId', 'name'] };
      const { list } = await this.#options.client.call<Parts>('Email/get', get).result;
      const blobs = list[0]?.attachments ?? [];
      if (blobs.length === draft.files.length)
        this.#rename(
          draft,
          blobs.map(({ blobId }) => blobId),
        );
    }
    await this.#keepHere(this.draft.peek());
  }

  #rename(draft: Draft, blobIds: readonly string[]): void {
    const names = new Map(draft.files.map(({ blobId }, i) => [blobId, blobIds[i] ?? blobId]));
    const now = this.draft.peek();
    const files = now.files.map((file) => ({ ...file, blobId: names.get(file.blobId) ?? file.blobId }));
    const wasSaved = this.#saved === now;
    this.#draft.value = { ...now, files };
    if (wasSaved) this.#saved = this.draft.peek();
  }

  #failed(error: unknown): void {
    if (error instanceof Refused && !isUnsure(error.type)) {
      this.#state.value = { kind: 'refused', type: error.type };
      return;
    }
    this.#isLost = true;
    this.#state.value = { kind: 'offline', isKept: this.#options.store !== undefined };
    void this.#options.sleep(AGAIN_MS).then(() => !this.#isEnded && this.save());
  }
}
