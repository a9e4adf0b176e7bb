/** The verbs of a change that are about sharing: who has which rights in a mailbox, and what those who have them have seen of it. */
import type { AccountId, MailboxId, ModSeq } from '../model/model.ts';
import { NO_RIGHTS, type Rights } from '../model/rights.ts';
import { SeenPages } from '../model/seen.ts';
import type { Identity, Shares } from '../model/shares.ts';
import type { WritableAccount } from '../state/account.ts';
import type { MailboxState } from '../state/mailbox.ts';
import type { BatchRows } from './batch-rows.ts';
import type { Undo } from './undo.ts';

/** Of one reader in one mailbox. */
const MOST_LEFT = 10_000;

/** The change that these verbs are part of. */
interface Whole {
  readonly undo: Undo;
  readonly rows: BatchRows;
  readonly takeModseq: () => ModSeq;
  /** The mailbox's row says of itself that it has changed, and whoever looks is told. */
  readonly writeInfo: (mailbox: MailboxState) => unknown;
}

/** What readers have seen of messages that go somewhere, for as long as they are on their way. */
export type SeenAlong = readonly { readonly reader: AccountId; readonly isSeen: readonly boolean[] }[];

export class ShareChanges {
  readonly #account: WritableAccount;
  readonly #to: Whole;

  constructor(account: WritableAccount, to: Whole) {
    this.#account = account;
    this.#to = to;
  }

  /** In the place of what the identity has; `NO_RIGHTS`: it has nothing. */
  grant(mailbox: MailboxState, identity: Identity, rights: Rights): void {
    const before = this.#account.shares.get(mailbox.id);
    if ((before?.get(identity) ?? NO_RIGHTS) === rights) return;
    this.#to.writeInfo(mailbox);
    const after = new Map(before);
    if (rights === NO_RIGHTS) after.delete(identity);
    else after.set(identity, rights);
    this.#put(mailbox.id, after);
    this.#to.rows.add({ kind: 'share', mailbox: mailbox.id, identity, rights });
  }

  /** A mailbox that was just made has the rights of the one above it (RFC 4314 §4). */
  inherit(mailbox: MailboxState, above: MailboxState | undefined): void {
    const shares = above && this.#account.shares.get(above.id);
    if (shares === undefined || shares.size === 0) return;
    this.#put(mailbox.id, shares);
    for (const [identity, rights] of shares)
      this.#to.rows.add({ kind: 'share', mailbox: mailbox.id, identity, rights });
  }

  mailboxGone(mailbox: MailboxId): void {
    for (const identity of this.#account.shares.get(mailbox)?.keys() ?? [])
      this.#to.rows.add({ kind: 'share', mailbox, identity, rights: NO_RIGHTS });
    if (this.#account.shares.has(mailbox)) this.#put(mailbox, new Map());
    for (const [reader, { pages }] of this.#account.seen.get(mailbox) ?? []) {
      for (const page of pages.keys())
        this.#to.rows.add({ kind: 'seen', mailbox, reader, page, bits: undefined });
    }
    if (this.#account.seen.has(mailbox)) this.#to.undo.put(this.#account.seen, mailbox, new Map());
  }

  /** Of messages that are there. */
  setSeen(mailbox: MailboxId, reader: AccountId, uids: readonly number[], isSeen: boolean): void {
    const { pages, by } = this.#of(mailbox, reader).changed(uids, isSeen);
    if (pages.size === 0) return;
    this.#to.takeModseq();
    const seen = this.#of(mailbox, reader);
    const { count } = seen;
    seen.count += by;
    this.#to.undo.did(() => Object.assign(seen, { count }));
    for (const [page, bits] of pages) {
      this.#to.undo.put(seen.pages, page, bits);
      const isEmpty = bits.every((octet) => octet === 0);
      this.#to.rows.add({ kind: 'seen', mailbox, reader, page, bits: isEmpty ? undefined : bits });
    }
  }

  /** These messages leave the mailbox. */
  messagesGone(mailbox: MailboxId, uids: () => readonly number[]): void {
    const readers = this.#account.seen.get(mailbox);
    if (readers === undefined || readers.size === 0) return;
    const gone = uids();
    for (const [reader, seen] of readers) {
      const left = gone.filter((uid) => seen.has(uid));
      this.setSeen(mailbox, reader, left, false);
      if (seen.left.size + left.length > MOST_LEFT) seen.left.clear();
      for (const uid of left.slice(-MOST_LEFT)) this.#to.undo.add(seen.left, uid);
    }
  }

  /** What readers of the one mailbox have seen of these messages, if anybody may read the other one. */
  seenIn(mailbox: MailboxId, target: MailboxId, uids: readonly number[]): SeenAlong {
    const readers = this.#account.seen.get(mailbox);
    if (readers === undefined || (this.#account.shares.get(target)?.size ?? 0) === 0) return [];
    return [...readers].map(([reader, seen]) => ({ reader, isSeen: uids.map((uid) => seen.has(uid)) }));
  }

  /** The same messages, where they have come to. */
  seenAgain(mailbox: MailboxId, uids: readonly number[], along: SeenAlong): void {
    for (const { reader, isSeen } of along)
      this.setSeen(
        mailbox,
        reader,
        uids.filter((_, i) => isSeen[i]),
        true,
      );
  }

  #put(mailbox: MailboxId, shares: Shares): void {
    this.#to.undo.put(this.#account.shares, mailbox, shares);
  }

  #of(mailbox: MailboxId, reader: AccountId): SeenPages {
    let readers = this.#account.seen.get(mailbox);
    if (readers === undefined) {
      readers = new Map();
      this.#to.undo.put(this.#account.seen, mailbox, readers);
    }
    let seen = readers.get(reader);
    if (seen === undefined) {
      seen = new SeenPages();
      this.#to.undo.put(readers, reader, seen);
    }
    return seen;
  }
}
