/**
 * What there is as long as somebody is signed in: the copy of the account, what can be done to it, which rows are selected, the
 * stream of changes. Made at sign-in and closed at sign-out, so that nothing of one person is left for the next.
 */
import { batch, effect, type ReadonlySignal, type Signal, signal } from '@preact/signals-core';
import type { Keeping } from '../keep/keeping.ts';
import { type Chosen, Deeds } from '../list/deeds.ts';
import { Selection } from '../list/selection.ts';
import { OpenMails } from '../read/open-mails.ts';
import { RecentSearches } from '../search/recent.ts';
import { Snoozes } from '../snooze/snoozes.ts';
import type { Refusal } from '../sync/actions.ts';
import { type Identity, identitiesOf, saveIdentity } from '../sync/identities.ts';
import { JmapClient } from '../sync/jmap-client.ts';
import type { MailList } from '../sync/mail-list.ts';
import { MailSync } from '../sync/mail-sync.ts';
import { Stream, type StreamParts } from '../sync/stream.ts';
import type { Texts } from '../text/en.ts';
import type { KeptDraft } from '../write/local-drafts.ts';
import type { WritingSession } from '../write/writing-session.ts';
import { CommandStack } from './commands.ts';
import type { Notices } from './notices.ts';
import { Outgoing } from './outgoing.ts';
import { SpaceWatch } from './space-watch.ts';

export interface DeskOptions {
  readonly fetch: typeof fetch;
  /** The account's address. */
  readonly me: string;
  readonly onSignedOut: () => void;
  /** The browser's session is another account's. */
  readonly onOther: () => void;
  readonly notices: Notices;
  readonly texts: ReadonlySignal<Texts>;
  readonly stream: StreamParts;
  /** The server was away. */
  readonly onReopen: () => void;
  /** What is kept from page to page; nothing on a device of others. */
  readonly keeping: Promise<Keeping | undefined>;
  /** Whether the person wants rows of conversations. */
  readonly isCollapsed: () => boolean;
  /** Drafts that were left before they could be saved; they outlive a sign-in. */
  readonly carried: Map<string, KeptDraft>;
  /** How many of them were to be sent. */
  readonly unsent: Signal<number>;
  /** Absent where nothing may be kept: on a device of others. */
  readonly storage: Storage | undefined;
}

/** What has changed comes together before it is kept. */
const SAVE_MS = 500;

/** What is asked in a window over everything else. */
export type Dialog =
  | { readonly kind: 'keys' }
  | { readonly kind: 'move' | 'snooze'; readonly chosen: Chosen; readonly done: () => void }
  | { readonly kind: 'date'; readonly list: MailList; readonly show: (row: number) => void }
  | {
      readonly kind: 'confirm';
      readonly title: string;
      readonly text: string;
      readonly button: string;
      /** Nothing is lost by it. */
      readonly isHarmless?: boolean;
      readonly run: () => void;
    };

export class Desk {
  readonly me: string;
  readonly #addresses: Signal<readonly string[]>;
  readonly sync: MailSync;
  readonly deeds: Deeds;
  readonly snoozes: Snoozes;
  /** Mails with their text. */
  readonly mails: OpenMails;
  readonly selection = new Selection();
  readonly commands = new CommandStack();
  readonly recent: RecentSearches;
  readonly outgoing: Outgoing;
  /** How full the account is. */
  readonly space: SpaceWatch;
  /** Mails that are being written on this page. */
  readonly written = new Set<object>();
  /** By key, what is on its way from the foot of a conversation to a page of its own. */
  readonly handed = new Map<string, WritingSession>();
  /** Where each list was scrolled to, for coming back. */
  readonly scrolled = new WeakMap<MailList, number>();
  readonly #dialog = signal<Dialog | undefined>(undefined);
  readonly #options: DeskOptions;
  readonly #asOfMs = signal<number | undefined>(undefined);
  #resumed: Promise<void> | undefined;
  #hasInbox = false;
  #saving: ReturnType<typeof setTimeout> | undefined;
  #stream: Stream | undefined;
  readonly #ends: (() => void)[] = [];
  #isClosed = false;

  constructor(options: DeskOptions) {
    this.#options = options;
    const { notices, texts, me, onSignedOut, onOther } = options;
    this.me = me;
    this.#addresses = signal([me]);
    this.recent = new RecentSearches(me, options.storage);
    const { keeping } = options;
    this.sync = new MailSync({
      client: new JmapClient({
        ...{ fetch: options.fetch, me, onSignedOut, onOther },
        kept: {
          read: async () => (await keeping)?.fact('jmap'),
          write: (session) => void keeping.then((kept) => kept?.keepFact('jmap', session)),
        },
      }),
      onRefused: (refusal) => notices.show({ text: refusedWords(texts.peek(), refusal), isWrong: true }),
      onLearned: () => this.#keepLater(),
      onSynced: () => this.outgoing.wake(),
      onGone: (ids) => void keeping.then((kept) => kept?.texts.forget(ids)).catch(() => undefined),
      sleep: (ms) => new Promise((resolve) => void setTimeout(resolve, ms)),
    });
    this.mails = new OpenMails(
      this.sync.client,
      keeping.then((kept) => kept?.texts),
    );
    const { carried, unsent } = options;
    this.outgoing = new Outgoing({ sync: this.sync, notices, texts, carried, unsent });
    this.snoozes = new Snoozes(this.sync.client);
    this.space = new SpaceWatch(this.sync.client);
    this.#ends.push(() => this.space.close());
    this.deeds = new Deeds({
      ...{ cache: this.sync.cache, actions: this.sync.actions, notices },
      texts: () => texts.peek().deeds,
    });
  }

  /** All that mail for the account is sent to: its own address, and those it may write as. */
  get addresses(): ReadonlySignal<readonly string[]> {
    return this.#addresses;
  }

  get dialog(): ReadonlySignal<Dialog | undefined> {
    return this.#dialog;
  }

  ask(dialog: Dialog): void {
    this.#dialog.value = dialog;
  }

  answer(): void {
    this.#dialog.value = undefined;
  }

  /** When what is shown was so, until the server has said what is. */
  get asOfMs(): ReadonlySignal<number | undefined> {
    return this.#asOfMs;
  }

  get carried(): Map<string, KeptDraft> {
    return this.#options.carried;
  }

  /** Nothing is under way that a reload would cut off. */
  get isIdle(): boolean {
    return this.written.size === 0 && this.sync.actions.waiting.peek() === 0;
  }

  get keeping(): Promise<Keeping | undefined> {
    return this.#options.keeping;
  }

  /** As whom one may write; as it was known last, when the server cannot be reached. */
  async identities(): Promise<readonly Identity[]> {
    const found = await identitiesOf(this.sync.client);
    const keeping = await this.#options.keeping;
    if (found === undefined) return (await keeping?.fact<readonly Identity[]>('identities')) ?? [];
    void keeping?.keepFact('identities', found);
    return found;
  }

  /** False: it is as it was. */
  async saveIdentity(id: string, change: Partial<Omit<Identity, 'id' | 'email'>>): Promise<boolean> {
    const isSaved = await saveIdentity(this.sync.client, id, change);
    if (isSaved) await this.identities();
    return isSaved;
  }

  /** From now on it follows what happens. */
  async start(): Promise<void> {
    this.#resumed ??= this.#resume();
    await this.#resumed;
    await this.sync.sync();
    const session = await this.sync.client.session().catch(() => undefined);
    const identities = await this.identities();
    if (this.#isClosed || session === undefined || this.#stream !== undefined) return;
    void this.space.ask();
    this.#addresses.value = [...new Set([this.me, ...identities.map(({ email }) => email)])];
    this.#stream = new Stream({
      ...{ url: session.eventSourceUrl, parts: this.#options.stream },
      onChange: () => {
        this.space.look();
        void this.look();
      },
      onOpen: (isAgain) => {
        if (isAgain) this.#options.onReopen();
        if (this.sync.status.peek() !== 'live') void this.look();
      },
    });
  }

  /** As it was when the page was open last. */
  async #resume(): Promise<void> {
    const keeping = await this.#options.keeping;
    const snapshot = await keeping?.snapshot();
    if (this.#isClosed) return;
    this.#asOfMs.value = snapshot?.atMs;
    await this.sync.resume(snapshot, keeping?.log);
    await this.outgoing.resume(keeping);
    this.#ends.push(
      effect(() => {
        if (this.sync.status.value === 'live') this.outgoing.live();
      }),
    );
  }

  /** The page may end before it is looked at again. */
  leave(): void {
    if (this.#saving === undefined) return;
    clearTimeout(this.#saving);
    void this.#keep();
  }

  #keepLater(): void {
    if (this.sync.status.peek() === 'live') this.#asOfMs.value = undefined;
    this.#saving ??= setTimeout(() => void this.#keep(), SAVE_MS);
  }

  /** Wherever somebody began: without a network they will want to see it. */
  #loadInbox(): void {
    const inbox = this.sync.cache.byRole('inbox');
    if (this.#hasInbox || inbox === undefined) return;
    this.#hasInbox = true;
    void this.sync.list({ inMailbox: inbox.id }, this.#options.isCollapsed()).need(0, 1);
  }

  async #keep(): Promise<void> {
    this.#saving = undefined;
    const keeping = await this.#options.keeping;
    if (keeping === undefined) return;
    this.#loadInbox();
    const known = this.sync.known();
    if (known === undefined || this.#isClosed) return;
    await keeping.keepSnapshot({ cache: this.sync.cache, ...known, nowMs: Date.now() });
  }

  /** Something may have happened that nobody told: the page was asleep, or had no network. */
  async look(): Promise<void> {
    if (this.#isClosed) return;
    await this.sync.sync();
    if (this.#stream === undefined && this.sync.status.peek() === 'live') await this.start();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#saving);
    this.#stream?.close();
    this.sync.actions.close();
    this.outgoing.close();
    for (const end of this.#ends) end();
    void this.#options.keeping.then((kept) => kept?.close());
    batch(() => {
      this.selection.clear();
      this.#options.notices.close();
    });
  }
}

function refusedWords({ deeds }: Texts, { type, count }: Refusal): string {
  if (type === 'gone') return deeds.goneMeanwhile(count);
  return type === 'moved' ? deeds.movedMeanwhile(count) : deeds.refused(count);
}
