/**
 * An account as somebody sees it with whom some of its mailboxes are shared: these, what is in them, and nothing else. Whatever reads an
 * account reads this one as well. It is never changed: what a visitor does is done in the account itself, where his rights are asked
 * for (`operations/shares.ts`).
 *
 * Its numbers are of what is to be seen: nothing that happens in other mailboxes makes them others.
 */
import { createHash } from 'node:crypto';
import type { AnnotationRow } from '../model/annotations.ts';
import type { BelongingRow } from '../model/belongings.ts';
import type { Correspondence } from '../model/correspondents.ts';
import type { AccountId, AccountRecord, MailboxId, ModSeq } from '../model/model.ts';
import type { Limits, SharedRoom } from '../model/quota.ts';
import type { Rights } from '../model/rights.ts';
import type { ScriptRow } from '../model/rules.ts';
import type { SeenMessages } from '../model/seen.ts';
import { type Person, rightsIn, type Shares } from '../model/shares.ts';
import type { AccountListener, AccountState, Shown, Visit } from './account.ts';
import type { Change, ChangeLog } from './change-log.ts';
import type { NewcomersUnderWay } from './newcomers.ts';
import type { Place, Placements } from './placements.ts';
import type { ThreadsUnderWay } from './recent-threads.ts';
import { VisitedMailbox } from './visited-mailbox.ts';

export class VisitedAccount implements AccountState, Visit {
  readonly owner: AccountState;
  readonly person: Person;
  /** Those that he may know of. */
  readonly mailboxes: ReadonlyMap<MailboxId, VisitedMailbox>;
  readonly #rights: string;
  #names: { readonly modseq: ModSeq; readonly byName: ReadonlyMap<string, VisitedMailbox> } | undefined;
  #placements: VisitedPlacements | undefined;
  #leaves: { readonly of: string; readonly leave: string }[] = [];

  /** `subscribed`: names of mailboxes of others, as the visitor's own account has them. */
  constructor(owner: AccountState, person: Person, subscribed: () => readonly string[]) {
    this.owner = owner;
    this.person = person;
    const listed = shownTo(owner, person, subscribed);
    this.mailboxes = new Map(listed.map((mailbox) => [mailbox.id, mailbox]));
    this.#rights = rightsOf(listed);
  }

  get visit(): Visit {
    return this;
  }

  get byName(): ReadonlyMap<string, VisitedMailbox> {
    const { modseq, unsettled } = this.owner;
    if (this.#names?.modseq === modseq && unsettled === undefined) return this.#names.byName;
    const byName = new Map([...this.mailboxes.values()].map((mailbox) => [mailbox.name, mailbox]));
    this.#names = unsettled === undefined ? { modseq, byName } : undefined;
    return byName;
  }

  /** Whether it is what this person, as he is now, may see. */
  isOf(person: Person): boolean {
    const { id, identities } = this.person;
    return (
      id === person.id &&
      identities.symmetricDifference(person.identities).size === 0 &&
      this.isStillTrue(person)
    );
  }

  /** Whether this person, as he is now, may see and do what he might when this was made. */
  isStillTrue(person: Person): boolean {
    return this.#rights === rightsOf(shownTo(this.owner, person, () => []));
  }

  rightsIn(mailbox: MailboxId): Rights {
    return rightsIn(this.owner.shares.get(mailbox), this.person);
  }

  reads(mailbox: MailboxId): boolean {
    return this.mailboxes.get(mailbox)?.isRead === true;
  }

  /** Of emails it is another one as well when a mailbox gets another name or other shares: what went meanwhile was not written down. */
  leave(shown: Shown): string {
    const all = [...this.mailboxes.values()].sort((a, b) => a.id - b.id);
    const of =
      shown === 'mailboxes'
        ? `${this.person.id}m${this.#rights}${all.map(({ id, subscribed }) => (subscribed ? id : '')).join()}`
        : `${this.person.id}e${all.map(({ id, infoModseq, isRead }) => (isRead ? `${id}:${infoModseq}` : '')).join()}`;
    let known = this.#leaves.find((one) => one.of === of);
    if (known === undefined) {
      known = { of, leave: createHash('sha256').update(of).digest('base64url').slice(0, 12) };
      this.#leaves = [known, ...this.#leaves].slice(0, 2);
    }
    return known.leave;
  }

  get emailModseq(): ModSeq {
    let last = 0;
    for (const { isRead, modseq } of this.mailboxes.values()) if (isRead && modseq > last) last = modseq;
    return last as ModSeq;
  }

  get mailboxModseq(): ModSeq {
    let last = 0;
    for (const { infoModseq } of this.mailboxes.values()) if (infoModseq > last) last = infoModseq;
    return last as ModSeq;
  }

  /** Above all that are to be seen, and not above any that will come. */
  get nextEmail(): number {
    let highest = 0;
    for (const { highestEmail = this.owner.nextEmail - 1 } of this.mailboxes.values())
      if (highestEmail > highest) highest = highestEmail;
    return highest + 1;
  }

  get nextMailbox(): number {
    return Math.max(0, ...this.mailboxes.keys()) + 1;
  }

  get placements(): Placements | undefined {
    const { placements } = this.owner;
    if (placements === undefined) return undefined;
    if (this.#placements?.original !== placements)
      this.#placements = new VisitedPlacements(placements, (mailbox) => this.reads(mailbox));
    return this.#placements;
  }

  get id(): AccountId {
    return this.owner.id;
  }
  get record(): AccountRecord {
    return this.owner.record;
  }
  get limits(): Limits {
    return this.owner.limits;
  }
  get shared(): SharedRoom | undefined {
    return this.owner.shared;
  }
  get modseq(): ModSeq {
    return this.owner.modseq;
  }
  get log(): ChangeLog<Change> {
    return this.owner.log;
  }
  get listeners(): Set<AccountListener> {
    return this.owner.listeners;
  }
  get unsettled(): Promise<void> | undefined {
    return this.owner.unsettled;
  }
  get threads(): ThreadsUnderWay {
    return this.owner.threads;
  }
  get shares(): ReadonlyMap<MailboxId, Shares> {
    return this.owner.shares;
  }
  get seen(): ReadonlyMap<MailboxId, ReadonlyMap<AccountId, SeenMessages>> {
    return this.owner.seen;
  }
  get newSecret(): Buffer {
    return this.owner.newSecret;
  }
  get newcomers(): NewcomersUnderWay {
    return this.owner.newcomers;
  }
  get factsVersion(): number {
    return this.owner.factsVersion;
  }
  get historyFloor(): ModSeq {
    return this.owner.historyFloor;
  }
  get changesFloor(): ModSeq {
    return this.owner.changesFloor;
  }
  get unthreaded(): number {
    return this.owner.unthreaded;
  }
  get nextUidValidity(): number {
    return this.owner.nextUidValidity;
  }

  // What is the owner's alone is not here.
  readonly gone: AccountState['gone'] = new Set();
  readonly scripts: readonly ScriptRow[] = [];
  readonly annotations: ReadonlyMap<string, AnnotationRow> = new Map();
  readonly belongings: ReadonlyMap<number, BelongingRow> = new Map();
  readonly memories: ReadonlyMap<string, number> = new Map();
  readonly orphanSubscriptions: readonly string[] = [];
  readonly correspondence: Correspondence | undefined = undefined;
  readonly queuedOctets = 0;
  readonly deletedBytes = 0;
  readonly usedBytes = 0;
  readonly usedMessages = 0;
  readonly roomTold = 0;
  readonly refusedSinceMs = 0;
  readonly refusedBytes = 0;
}

function shownTo(owner: AccountState, person: Person, subscribed: () => readonly string[]): VisitedMailbox[] {
  return [...owner.mailboxes.values()]
    .map((mailbox) => new VisitedMailbox({ owner, original: mailbox, person, subscribed }))
    .filter(({ isListed }) => isListed);
}

function rightsOf(mailboxes: readonly VisitedMailbox[]): string {
  return mailboxes
    .map(({ id, rights }) => `${id}${rights}`)
    .sort()
    .join();
}

/** Where emails are, as far as that is to be seen. */
class VisitedPlacements implements Placements {
  readonly original: Placements;
  readonly #reads: (mailbox: MailboxId) => boolean;

  constructor(original: Placements, reads: (mailbox: MailboxId) => boolean) {
    this.original = original;
    this.#reads = reads;
  }

  get isWhole(): boolean {
    return this.original.isWhole;
  }

  get size(): number {
    return this.original.size;
  }

  countOf(email: number): number {
    const single = this.original.mailboxOfSingle(email);
    if (single > 0) return this.#reads(single as MailboxId) ? 1 : 0;
    return this.placesOf(email).filter(({ isHidden }) => !isHidden).length;
  }

  placesOf(email: number): readonly Place[] {
    return this.original.placesOf(email).filter(({ mailbox }) => this.#reads(mailbox));
  }

  isSingle(email: number): boolean {
    return this.original.isSingle(email) || this.placesOf(email).length <= 1;
  }

  mailboxOfSingle(email: number): number {
    return this.#single(email)?.mailbox ?? 0;
  }

  uidOfSingle(email: number): number {
    return this.#single(email)?.uid ?? 0;
  }

  #single(email: number): Place | undefined {
    const [only, second] = this.placesOf(email);
    return second !== undefined || only?.isHidden === true ? undefined : only;
  }
}
