/**
 * A mailbox as one client may see it: whose it is, what it is called here, and what may be done in it. Its owner may do everything; of
 * somebody else the rights are looked up each time they are asked for, so that they end when they are taken (RFC 4314).
 */
import { FLAG } from '../../mail/flags.ts';
import { nameAtOwner } from '../../mail/mailbox-name.ts';
import type { Domain } from '../domain.ts';
import { MailboxError } from '../model/errors.ts';
import { ALL_RIGHTS, type Right, type Rights } from '../model/rights.ts';
import { NOTHING_SEEN, type SeenMessages } from '../model/seen.ts';
import type { Person } from '../model/shares.ts';
import type { AccountState } from '../state/account.ts';
import type { MailboxState } from '../state/mailbox.ts';
import type { Kept } from './copy.ts';
import type { Reader } from './flags.ts';
import { guarded, NotPermitted, rightsOf } from './shares.ts';

/** Who is there by leave, as he is known at this moment. */
export interface Visitor {
  readonly person: Person;
}

const WORDS: Readonly<Record<Right, string>> = Object.freeze({
  l: 'see it',
  r: 'read it',
  s: 'say what you have seen',
  w: 'change its flags',
  i: 'put mail into it',
  p: 'write as its owner',
  k: 'make mailboxes below it',
  x: 'delete or rename it',
  t: 'mark mail as deleted',
  e: 'expunge mail',
  a: 'give rights in it',
});

interface Flagged {
  readonly flags: number;
  readonly keywords: readonly string[];
}

export class Place {
  readonly account: AccountState;
  readonly mailbox: MailboxState;
  readonly #visitor: Visitor | undefined;

  /** Without a visitor it is the client's own. */
  constructor(account: AccountState, mailbox: MailboxState, visitor?: Visitor) {
    this.account = account;
    this.mailbox = mailbox;
    this.#visitor = visitor;
  }

  /** Another mailbox of the same account. */
  beside(mailbox: MailboxState): Place {
    return new Place(this.account, mailbox, this.#visitor);
  }

  get isOwn(): boolean {
    return this.#visitor === undefined;
  }

  /** As this client calls it. */
  get name(): string {
    return this.isOwn ? this.mailbox.name : nameAtOwner(this.account.record.address, this.mailbox.name);
  }

  get rights(): Rights {
    const visitor = this.#visitor;
    return visitor === undefined ? ALL_RIGHTS : rightsOf(this.account, this.mailbox, visitor.person);
  }

  may(right: Right): boolean {
    return this.#visitor === undefined || this.rights.includes(right);
  }

  /** Throws `NotPermitted`; to whom it is not to be seen, as if it were not there. */
  require(right: Right, name = this.name): void {
    if (this.may(right)) return;
    if (!this.may('l')) throw nobodyThere(name);
    throw new NotPermitted(`you have no right to ${WORDS[right]} (${right})`);
  }

  /** For what is changed there: of whoever has lost one of these rights by then, nothing is changed. */
  acting(domain: Domain, ...rights: readonly Right[]): Domain {
    if (this.isOwn) return domain;
    return guarded(domain, () => {
      for (const right of rights) this.require(right);
    });
  }

  /** What the visitor has seen; of one's own mailbox undefined, for there the flags say it. */
  get seen(): SeenMessages | undefined {
    const visitor = this.#visitor;
    if (visitor === undefined) return undefined;
    return this.account.seen.get(this.mailbox.id)?.get(visitor.person.id) ?? NOTHING_SEEN;
  }

  get unseen(): number {
    const { seen, mailbox } = this;
    return seen === undefined ? mailbox.unseen : mailbox.exists - seen.count;
  }

  /** The flags of a message as they are told here. */
  flagsOf(uid: number, flags: number): number {
    const { seen } = this;
    if (seen === undefined) return flags;
    return seen.had(uid) ? flags | FLAG.Seen : flags & ~FLAG.Seen;
  }

  /** Flags that may be changed, \\Seen among them (RFC 4314 §4). */
  get changeableFlags(): number {
    if (this.isOwn) return -1;
    const others = ~(FLAG.Seen | FLAG.Deleted);
    return (
      (this.may('w') ? others : 0) | (this.may('s') ? FLAG.Seen : 0) | (this.may('t') ? FLAG.Deleted : 0)
    );
  }

  /** Of what somebody wants to give a message what he may give it here. */
  allowed({ flags, keywords }: Flagged): Flagged {
    if (this.isOwn) return { flags, keywords };
    return { flags: flags & this.changeableFlags, keywords: this.may('w') ? keywords : [] };
  }

  get reader(): Reader | undefined {
    const visitor = this.#visitor;
    if (visitor === undefined) return undefined;
    return { id: visitor.person.id, flags: this.changeableFlags, mayChangeKeywords: this.may('w') };
  }

  /** What stays of messages that come from another mailbox of the same account; its owner's \\Seen goes with them. */
  get kept(): Kept | undefined {
    const { reader } = this;
    if (reader === undefined) return undefined;
    const unseenBy = this.may('s') ? undefined : reader.id;
    return { flags: reader.flags | FLAG.Seen, keepsKeywords: reader.mayChangeKeywords, unseenBy };
  }
}

export function nobodyThere(name: string): MailboxError {
  return new MailboxError('nonexistent', `there is no mailbox "${name}"`);
}

/** How much somebody else has is his matter. */
export function discreet(error: MailboxError): MailboxError {
  if (error.code !== 'over-quota') return error;
  return new MailboxError('over-quota', 'the owner of the mailbox has no room for it');
}

export function inFewWords(error: unknown): never {
  throw error instanceof MailboxError ? discreet(error) : error;
}

/** A mailbox as somebody may see it and act in it who is there by leave. */
export type VisitOf = (mailbox: MailboxState) => Place;

/** Of an account that is shown to somebody; undefined of one's own. */
export function visitsIn({ visit }: AccountState): VisitOf | undefined {
  return visit && ((mailbox) => new Place(visit.owner, mailbox, visit));
}

/** The account in which whoever sees this one does something. */
export function ownerOf(account: AccountState): AccountState {
  return account.visit?.owner ?? account;
}
