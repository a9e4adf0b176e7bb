/**
 * The mailbox a session has open: the domain's viewer, the client's view, and what lives as long as the selection.
 *
 * SELECT can be answered from the mailbox's row; then the messages come while the answer travels, and `whenReady` is
 * waited for before anything that needs them. The view begins with exactly what SELECT has told.
 */

import { invariant } from '../base/invariant.ts';
import type { Author } from '../mailbox/model/author.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import type { ModSeq } from '../mailbox/model/model.ts';
import type { Place } from '../mailbox/operations/visiting.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import type { MailboxState, Viewer } from '../mailbox/state/mailbox.ts';
import type { MessageList } from '../mailbox/state/message-list.ts';
import type { ResultUpdates } from './result-updates.ts';
import { View } from './view.ts';
import { lowerBound, NumSet, type UidSet } from './wire/numset.ts';

/** The mailbox that was opened, and how. */
export interface Opened {
  readonly viewer: Viewer;
  readonly place: Place;
  readonly isReadOnly: boolean;
}

export class Selected {
  readonly viewer: Viewer;
  readonly place: Place;
  /** Opened by EXAMINE. */
  readonly isReadOnly: boolean;
  /** Of the changes of flags that the session's own commands tell. */
  readonly author: Author;
  #view: View | undefined;
  #loading: Promise<void> | undefined;
  /** The result that `$` stands for (RFC 5182 §2.1). */
  saved: UidSet = NumSet.of('uid', []);
  /** The keywords of the mailbox as the client has been told them. */
  toldKeywords: readonly string[] = [];
  /** System flags that it may change, as the client has been told. */
  toldFlags = 0;
  /** The client was told to remember less than it has seen, for the sake of expunges that are held back. */
  wasToldBehind = false;
  /** What this session has done itself and was not told yet: what came by it, and whether something went. */
  readonly own = { arrived: [] as number[], hasExpunged: false };
  /** Searches whose results are kept up to date; undefined for nearly all. */
  updates: ResultUpdates | undefined;
  /** That the account is nearly full; undefined until it was first looked. */
  wasToldFull: boolean | undefined;
  #recent: [from: number, to: number][] = [];

  constructor(
    { viewer, place, isReadOnly }: Opened,
    list: MessageList | Promise<MessageList>,
    author: Author,
  ) {
    this.viewer = viewer;
    this.place = place;
    this.isReadOnly = isReadOnly;
    this.author = author;
    viewer.readModseq = viewer.mailbox.modseq;
    if (list instanceof Promise) this.#await(list);
    else this.#view = new View({ uid: list.columns.uid, count: list.count });
  }

  /** Undefined when the messages are here. Rejects, again and again, when they cannot be read. */
  whenReady(): Promise<void> | undefined {
    return this.#loading;
  }

  get view(): View {
    invariant(this.#view !== undefined, 'the messages are waited for before they are looked at');
    return this.#view;
  }

  get readModseq(): ModSeq {
    return this.viewer.readModseq;
  }

  get mailbox(): MailboxState {
    return this.viewer.mailbox;
  }

  /** Loaded for as long as the mailbox is open. */
  get list(): MessageList {
    return this.viewer.mailbox.list as MessageList;
  }

  /** Whose mailbox it is. */
  get account(): AccountState {
    return this.place.account;
  }

  /** As the client calls it. */
  get name(): string {
    return this.place.name;
  }

  get seen(): Place['seen'] {
    return this.place.seen;
  }

  /** It was there by leave, which was taken; or it was deleted by whoever may. */
  get isLost(): boolean {
    return !this.place.may('r');
  }

  /** Makes the messages nobody has been told of \Recent for this session (RFC 3501 §2.3.2); EXAMINE only looks. */
  takeRecent(): void {
    const [from, to] = this.viewer.claimRecent();
    if (from >= to) return;
    const last = this.#recent.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
    else this.#recent.push([from, to]);
  }

  isRecent(uid: number): boolean {
    for (const [from, to] of this.#recent) if (uid >= from && uid < to) return true;
    return false;
  }

  /** The \Recent messages as ranges of UIDs, ends included. */
  get recentRanges(): readonly (readonly [low: number, high: number])[] {
    return this.#recent.map(([from, to]) => [from, to - 1] as const);
  }

  /** How many of the client's messages are \Recent. */
  countRecent(): number {
    let count = 0;
    if (this.#view === undefined) {
      for (const [from, to] of this.#recent) count += to - from;
      return count;
    }
    for (const [from, to] of this.#recent) {
      count += lowerBound(this.view.uids, to) - lowerBound(this.view.uids, from);
    }
    return count;
  }

  #await(list: Promise<MessageList>): void {
    const { exists, uidNext } = this.mailbox;
    this.#loading = list.then(({ columns, count }) => {
      const last = exists === 0 ? 0 : (columns.uid[exists - 1] as number);
      if (count < exists || last >= uidNext) {
        throw new MailboxError('unavailable', 'the mailbox is damaged; open it again');
      }
      this.#view = new View({ uid: columns.uid, count: exists });
      this.#loading = undefined;
    });
    // Whoever needs the messages hears of it.
    this.#loading.catch(() => {});
  }

  /** Row in `list` of a message of the client, or -1 when it is gone meanwhile. `guess` is looked at first. */
  rowOf(uid: number, guess?: number): number {
    return this.list.indexOf(uid, guess);
  }
}
