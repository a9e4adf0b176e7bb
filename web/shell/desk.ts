/**
 * What there is as long as somebody is signed in: the copy of the account, what can be done to it, which rows are selected, the
 * stream of changes. Made at sign-in and closed at sign-out, so that nothing of one person is left for the next.
 */
import { batch, type ReadonlySignal, type Signal, signal } from '@preact/signals-core';
import { type Chosen, Deeds } from '../list/deeds.ts';
import { Selection } from '../list/selection.ts';
import { OpenMails } from '../read/open-mails.ts';
import { RecentSearches } from '../search/recent.ts';
import { identitiesOf } from '../sync/identities.ts';
import { JmapClient } from '../sync/jmap-client.ts';
import type { MailList } from '../sync/mail-list.ts';
import { MailSync } from '../sync/mail-sync.ts';
import { Stream, type StreamParts } from '../sync/stream.ts';
import type { Texts } from '../text/en.ts';
import { CommandStack } from './commands.ts';
import type { Notices } from './notices.ts';

export interface DeskOptions {
  readonly fetch: typeof fetch;
  /** The account's address. */
  readonly me: string;
  readonly onSignedOut: () => void;
  readonly notices: Notices;
  readonly texts: ReadonlySignal<Texts>;
  readonly stream: StreamParts;
  /** The server was away. */
  readonly onReopen: () => void;
  /** Absent where nothing may be kept: on a device of others. */
  readonly storage: Storage | undefined;
}

/** What is asked in a window over everything else. */
export type Dialog =
  | { readonly kind: 'keys' }
  | { readonly kind: 'move'; readonly chosen: Chosen; readonly done: () => void }
  | {
      readonly kind: 'confirm';
      readonly title: string;
      readonly text: string;
      readonly button: string;
      readonly run: () => void;
    };

export class Desk {
  readonly me: string;
  readonly #addresses: Signal<readonly string[]>;
  readonly sync: MailSync;
  readonly deeds: Deeds;
  /** Mails with their text. */
  readonly mails: OpenMails;
  readonly selection = new Selection();
  readonly commands = new CommandStack();
  readonly recent: RecentSearches;
  /** Where each list was scrolled to, for coming back. */
  readonly scrolled = new WeakMap<MailList, number>();
  readonly #dialog = signal<Dialog | undefined>(undefined);
  readonly #options: DeskOptions;
  #stream: Stream | undefined;
  #isClosed = false;

  constructor(options: DeskOptions) {
    this.#options = options;
    const { notices, texts, onSignedOut } = options;
    this.me = options.me;
    this.#addresses = signal([options.me]);
    this.recent = new RecentSearches(options.storage);
    this.sync = new MailSync({
      client: new JmapClient({ fetch: options.fetch, onSignedOut }),
      onRefused: ({ count }) => notices.show({ text: texts.peek().deeds.refused(count), isWrong: true }),
      sleep: (ms) => new Promise((resolve) => void setTimeout(resolve, ms)),
    });
    this.mails = new OpenMails(this.sync.client);
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

  /** From now on it follows what happens. */
  async start(): Promise<void> {
    await this.sync.sync();
    const session = await this.sync.client.session().catch(() => undefined);
    const identities = await identitiesOf(this.sync.client);
    if (this.#isClosed || session === undefined) return;
    this.#addresses.value = [...new Set([this.me, ...identities.map(({ email }) => email)])];
    this.#stream = new Stream({
      ...{ url: session.eventSourceUrl, parts: this.#options.stream },
      onChange: () => void this.look(),
      onReopen: this.#options.onReopen,
    });
  }

  /** Something may have happened that nobody told: the page was asleep, or had no network. */
  async look(): Promise<void> {
    if (this.#isClosed) return;
    await this.sync.sync();
    if (this.#stream === undefined && this.sync.status.peek() === 'live') await this.start();
  }

  close(): void {
    this.#isClosed = true;
    this.#stream?.close();
    batch(() => {
      this.selection.clear();
      this.#options.notices.close();
    });
  }
}
