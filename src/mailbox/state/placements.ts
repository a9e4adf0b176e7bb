/**
 * Where the emails of an account are: of each number the messages that it is, as (mailbox, UID), and which of them are hidden by
 * \Deleted. In memory alone, made when somebody first asks (`load-places.ts`), kept by the verbs of a change from then on,
 * and made anew when it was dropped: dropping it loses nothing.
 *
 * Numbers are addresses: pages of 128 of them, 8 octets each, and no page where all numbers are gone; so about 9 octets a
 * message where most mail is kept. Second and later messages of an email are in a map.
 *
 * While it is being made, mailbox by mailbox in ascending UIDs, it knows the messages that were read already; what is done to
 * the others is seen when they are.
 */
import { MAX_UID, type MailboxId } from '../model/model.ts';

export interface Place {
  readonly mailbox: MailboxId;
  readonly uid: number;
  /** It has \Deleted. */
  readonly isHidden: boolean;
}

export interface Placements {
  /** False while it is being made. */
  readonly isWhole: boolean;
  /** Of all emails together. */
  readonly size: number;
  /** Of the messages without \Deleted. */
  countOf(email: number): number;
  placesOf(email: number): readonly Place[];
  /** No second message of it is anywhere. */
  isSingle(email: number): boolean;
  /** Of an email that is one message, without \Deleted: its mailbox, and its UID in there. 0 for any other. */
  mailboxOfSingle(email: number): number;
  uidOfSingle(email: number): number;
}

/** Numbers a page. */
const PAGE = 128;
const PAGE_BITS = 7;
/** Behind the pairs of a page: how many of its numbers are taken. */
const TAKEN = 2 * PAGE;
/** UIDs leave the highest bit free. */
const HIDDEN = MAX_UID + 1;

export class WritablePlacements implements Placements {
  lastUsedMs = 0;
  size = 0;
  /** Resolves when every message is known. */
  readonly ready: Promise<void>;
  readonly #pages: (Uint32Array | undefined)[] = [];
  readonly #more = new Map<number, readonly Place[]>();
  /** Mailboxes that were read, while it is being made. */
  #read: Set<MailboxId> | undefined = new Set();
  #reading: { readonly mailbox: MailboxId; upTo: number } | undefined;

  /** `fill` reads all messages, from the first await on. */
  constructor(fill: (placements: WritablePlacements) => Promise<void>) {
    this.ready = fill(this);
  }

  get isWhole(): boolean {
    return this.#read === undefined;
  }

  get pages(): number {
    return this.#pages.reduce((sum, page) => sum + (page === undefined ? 0 : 1), 0);
  }

  /** The messages of this mailbox up to this UID are known. */
  reads(mailbox: MailboxId, upTo: number): void {
    this.#reading = { mailbox, upTo };
  }

  /** All messages of the mailbox that is being read are known; it is not among those to read any more. */
  hasRead(mailbox: MailboxId): void {
    this.#read?.add(mailbox);
    this.#reading = undefined;
  }

  /** A mailbox that is still to be read; when there is none, it is whole from here on. */
  next({ mailboxes }: { readonly mailboxes: ReadonlyMap<MailboxId, unknown> }): MailboxId | undefined {
    for (const id of mailboxes.keys()) if (this.#read?.has(id) === false) return id;
    this.#read = undefined;
    return undefined;
  }

  /** Whether what is done to this message has to be said to it. */
  knows(mailbox: MailboxId, uid: number): boolean {
    if (this.#read === undefined || this.#read.has(mailbox)) return true;
    return this.#reading?.mailbox === mailbox && uid <= this.#reading.upTo;
  }

  add(email: number, place: Place): void {
    this.size++;
    this.#pages[email >>> PAGE_BITS] ??= new Uint32Array(TAKEN + 1);
    const page = this.#pages[email >>> PAGE_BITS] as Uint32Array;
    const at = slotOf(email);
    if (page[at + 1] === 0) {
      put(page, at, place);
      page[TAKEN] = (page[TAKEN] as number) + 1;
    } else {
      this.#more.set(email, [...(this.#more.get(email) ?? []), place]);
    }
  }

  remove(email: number, mailbox: MailboxId, uid: number): void {
    const page = this.#pages[email >>> PAGE_BITS];
    if (page === undefined) return;
    this.size--;
    const at = slotOf(email);
    const more = this.#more.get(email) ?? [];
    if (page[at] !== mailbox || uidIn(page, at) !== uid) {
      this.#setMore(
        email,
        more.filter((place) => place.mailbox !== mailbox || place.uid !== uid),
      );
    } else if (more.length > 0) {
      put(page, at, more[0] as Place);
      this.#setMore(email, more.slice(1));
    } else {
      page.fill(0, at, at + 2);
      page[TAKEN] = (page[TAKEN] as number) - 1;
      if (page[TAKEN] === 0) this.#pages[email >>> PAGE_BITS] = undefined;
    }
  }

  hide(email: number, { mailbox, uid, isHidden }: Place): void {
    const page = this.#pages[email >>> PAGE_BITS];
    if (page === undefined) return;
    const at = slotOf(email);
    if (page[at] === mailbox && uidIn(page, at) === uid) {
      put(page, at, { mailbox, uid, isHidden });
      return;
    }
    const more = this.#more.get(email) ?? [];
    this.#setMore(
      email,
      more.map((place) =>
        place.mailbox === mailbox && place.uid === uid ? { mailbox, uid, isHidden } : place,
      ),
    );
  }

  countOf(email: number): number {
    const page = this.#pages[email >>> PAGE_BITS];
    if (page === undefined) return 0;
    const uid = page[slotOf(email) + 1] as number;
    const first = uid === 0 || uid >= HIDDEN ? 0 : 1;
    if (this.#more.size === 0) return first;
    let count = first;
    for (const place of this.#more.get(email) ?? []) if (!place.isHidden) count++;
    return count;
  }

  isSingle(email: number): boolean {
    return this.#more.size === 0 || !this.#more.has(email);
  }

  mailboxOfSingle(email: number): number {
    const page = this.#pages[email >>> PAGE_BITS];
    return page === undefined || this.uidOfSingle(email) === 0 ? 0 : (page[slotOf(email)] as number);
  }

  uidOfSingle(email: number): number {
    const uid = this.#pages[email >>> PAGE_BITS]?.[slotOf(email) + 1] ?? 0;
    return uid < HIDDEN && this.isSingle(email) ? uid : 0;
  }

  placesOf(email: number): readonly Place[] {
    const page = this.#pages[email >>> PAGE_BITS];
    const at = slotOf(email);
    if (page === undefined || page[at + 1] === 0) return [];
    const isHidden = (page[at + 1] as number) >= HIDDEN;
    const first = { mailbox: page[at] as MailboxId, uid: uidIn(page, at), isHidden };
    return [first, ...(this.#more.get(email) ?? [])];
  }

  #setMore(email: number, places: readonly Place[]): void {
    if (places.length > 0) this.#more.set(email, places);
    else this.#more.delete(email);
  }
}

function slotOf(email: number): number {
  return (email & (PAGE - 1)) * 2;
}

function uidIn(page: Uint32Array, at: number): number {
  return (page[at + 1] as number) & MAX_UID;
}

function put(page: Uint32Array, at: number, { mailbox, uid, isHidden }: Place): void {
  page[at] = mailbox;
  page[at + 1] = isHidden ? uid + HIDDEN : uid;
}
