/**
 * What is to become of a message that has come in: a port, asked for each recipient before anything is stored. Who answers
 * knows rules; the domain knows none, and carries out what it is told in one change of the account (`operations/deliver.ts`).
 *
 * Whoever answers may fail, wait and be wrong: an answer that cannot be had or carried out is INBOX.
 */
import type { HeaderBlock } from '../mail/header.ts';
import type { MessageFacts } from '../mail/message.ts';
import type { Role } from './model/model.ts';
import type { DeliverBy, NewRecipient, OutgoingEnvelope, ReturnedContent } from './model/outgoing.ts';
import type { Memory } from './model/rules.ts';
import type { StagedBlob } from './port/store.ts';
import type { AccountState } from './state/account.ts';

/** Octets that wait in the store's staging, and what was computed of them. */
export interface Content {
  readonly blob: StagedBlob;
  readonly facts: MessageFacts;
}

/** What the sender wants to be told, and of what (RFC 3461); what is absent was not said. */
export interface SenderWishes {
  /** Bits of `NOTIFY`. */
  readonly notify?: number;
  /** The address that the sender wrote to: `rfc822;anna@example.org`, decoded. */
  readonly orcpt?: string;
  readonly ret?: ReturnedContent;
  readonly envid?: string;
  /** By when it was to be delivered (RFC 2852). */
  readonly deliverBy?: DeliverBy;
  /** It came over TLS alone, and goes on over nothing else (RFC 8689). */
  readonly requiresTls?: true;
}

/** What came, for one recipient. */
export interface Delivery {
  readonly account: AccountState;
  /** Of the recipient, as the sender wrote it, tag and all. */
  readonly address: string;
  /** Empty for bounces. */
  readonly envelopeFrom: string;
  readonly wishes?: SenderWishes;
  /** Header fields that say how it came, whole lines; they stand behind Return-Path and Delivered-To. */
  readonly fields: Buffer;
  /** Whoever took it thinks so little of it that it is set apart, unless its recipient says something else. */
  readonly isJunk: boolean;
  /** Something proves whose it is: its sender can be told what became of it. Absent: nothing. */
  readonly isAuthentic?: boolean;
  /** Whoever took it knows that it comes from the domain that its From names. */
  readonly isAuthorKnown: boolean;
  readonly message: Content & { readonly header: HeaderBlock };
}

export interface Copy {
  /** A name; the mailbox need not be there: then it is INBOX. */
  readonly mailbox: string;
  /** A mailbox that is not there is made, with its parents, and for this use if no other has it. */
  readonly makes?: { readonly role?: Role };
  readonly flags: number;
  readonly keywords: readonly string[];
  /** When it is not as it came. Copies of the same value are one email. */
  readonly form?: Form;
}

export interface Form {
  /** Header fields between the trace fields and the octets, whole lines. */
  readonly fields?: Buffer;
  /** In the place of what came. */
  readonly content?: Content;
  /** It did not come: it is from the server itself, and stands without trace fields. */
  readonly hasNoTrace?: boolean;
}

/** Mail that leaves, by the queue; its octets are a form of what came, or the server's own. */
export interface Departure {
  readonly form: Form;
  readonly envelope: OutgoingEnvelope;
  readonly recipients: readonly NewRecipient[];
}

export interface Disposition {
  /** None: it is stored nowhere. The first of two that come to the same mailbox gives way to the second. */
  readonly copies: readonly Copy[];
  /** The sender is told so, and that the message was not taken. */
  readonly refusal?: string;
  /** Accepted in the same change. */
  readonly departures?: readonly Departure[];
  /** Kept in the same change. */
  readonly memories?: readonly NewMemory[];
  /** What rules did, for the account's log of them. */
  readonly note?: string;
  /** The change was made or refused, or was never asked for: what waits in staging may go. */
  readonly end?: () => void;
}

export interface NewMemory extends Memory {
  /** The answer rests on its not being there: if it has come since, everything is asked anew. */
  readonly mustBeNew: boolean;
}

export interface Dispositions {
  /** Undefined: nobody has anything to say, it is INBOX. */
  of(delivery: Delivery): Promise<Disposition> | undefined;
}

export const IN_INBOX: Disposition = Object.freeze({
  copies: Object.freeze([Object.freeze({ mailbox: 'INBOX', flags: 0, keywords: Object.freeze([]) })]),
});

/** Where it goes when its recipient says nothing: INBOX, or the mailbox for junk, which is made. */
export function implicitKeep({ account, isJunk }: Pick<Delivery, 'account' | 'isJunk'>): Disposition {
  if (!isJunk) return IN_INBOX;
  const junk = [...account.mailboxes.values()].find(({ role }) => role === 'junk');
  const makes = { role: 'junk' } as const;
  return { copies: [{ mailbox: junk?.name ?? 'Junk', makes, flags: 0, keywords: ['$Junk'] }] };
}

/** Nobody has rules. */
export const ALL_IN_INBOX: Dispositions = Object.freeze({ of: () => undefined });
