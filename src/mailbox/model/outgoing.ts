/**
 * Mail that is to leave an account, as it is kept: a message with its envelope, and a row for each recipient, which waits, is held,
 * or has come to its end. What the rows are for is the queue's matter (`src/queue/`); the store keeps them.
 *
 * A message is here as long as one of its recipients is. It holds a reference to an email of its account, so its octets stay when
 * what the sender sees of it, in Sent or nowhere, is gone.
 */
import type { Brand } from '../../base/brand.ts';
import { FIRST_BELONGING } from './belongings.ts';
import { type AccountId, type EmailId, emailAccount, emailId, emailNumber } from './model.ts';

/** As an EmailId is made, of a number that the account gave to no email. */
export type OutgoingId = Brand<number, 'OutgoingId'>;

export const outgoingId = (account: AccountId, n: number): OutgoingId =>
  emailId(account, n) as number as OutgoingId;
export const outgoingAccount = (id: OutgoingId): AccountId => emailAccount(id as number as EmailId);
export const outgoingNumber = (id: OutgoingId): number => emailNumber(id as number as EmailId);
/** As people see it: `12-345`, and `12-s7` of what has its number from what tells of it (`belongings.ts`). */
export function outgoingText(id: OutgoingId): string {
  const number = outgoingNumber(id);
  const own = number < FIRST_BELONGING ? String(number) : `s${number - FIRST_BELONGING}`;
  return `${outgoingAccount(id)}-${own}`;
}

/** What such a text looks like. */
export const OUTGOING_TEXT = /^(\d{1,7})-(s?)(\d{1,10})$/;

/** Undefined for what is none. */
export function parseOutgoingId(text: string): OutgoingId | undefined {
  const [, account, letter, digits] = OUTGOING_TEXT.exec(text) ?? [];
  if (account === undefined || digits === undefined) return undefined;
  const number = Number(digits) + (letter === 's' ? FIRST_BELONGING : 0);
  return number < 2 ** 32 ? outgoingId(Number(account) as AccountId, number) : undefined;
}

/**
 * `sent`: by its owner. `forward`: passed on by a rule or an alias. `retry`: taken for a mailbox of ours that could not have it then.
 * `report`: what became of other mail. `notice`: words of the server to a person. In this order in the store.
 */
export const OUTGOING_KINDS = ['sent', 'forward', 'retry', 'report', 'notice'] as const;
export type OutgoingKind = (typeof OUTGOING_KINDS)[number];

/**
 * `remote`: by DNS or a smarthost. `local`: to wherever its address leads, here and elsewhere. `mailboxes`: to those of them alone who are
 * here, for what leads elsewhere has been passed on. In this order in the store.
 */
export const OUTGOING_ROUTES = ['remote', 'local', 'mailboxes'] as const;
export type OutgoingRoute = (typeof OUTGOING_ROUTES)[number];

/** What a report carries of the message (RFC 3461 §4.3); the sender has not said when it is absent. */
export type ReturnedContent = 'full' | 'headers';

/** When a recipient's sender wants to hear of it (RFC 3461 §4.1). `Unsaid`: he has not said so, and nobody says it for him (§5.2.1). */
export const NOTIFY = Object.freeze({ Never: 0, Success: 1, Failure: 2, Delay: 4, Unsaid: 8 });
/** What holds for whoever has not said otherwise. */
export const NOTIFY_DEFAULT = NOTIFY.Failure | NOTIFY.Delay | NOTIFY.Unsaid;
/**
 * Of what is passed on for one of ours and is told to that one alone: whoever has asked whether it arrived is somebody else, and is not to
 * learn where it went (RFC 3461 §5.2.7.4).
 */
export const notifyOfForward = (notify: number): number => notify & ~NOTIFY.Success;

export interface OutgoingEnvelope {
  readonly kind: OutgoingKind;
  /** Empty for what no report may ever answer (RFC 5321 §4.5.5). */
  readonly sender: string;
  readonly envid?: string;
  readonly ret?: ReturnedContent;
  /** An address of its envelope or its header is beyond ASCII (RFC 6531). */
  readonly isUtf8: boolean;
  /** There are octets above 127 in it (RFC 6152). */
  readonly isEightBit: boolean;
  /** RFC 8689 §4. */
  readonly requiresTls: boolean;
  /** RFC 8689 §5. */
  readonly isTlsOptional: boolean;
  /** Not before this moment (RFC 4865); in milliseconds since 1970, as all times here. */
  readonly holdUntilMs?: number;
  /** What has not left by then fails. */
  readonly expiresMs: number;
  /** RFC 6710: -9 to 9, the higher the sooner among mail of the same account; absent: 0. */
  readonly priority?: number;
  readonly deliverBy?: DeliverBy;
}

/** RFC 2852: until when its sender wants it delivered. */
export interface DeliverBy {
  readonly atMs: number;
  /** Afterwards it is returned, or its sender is told that it is late. */
  readonly mode: 'return' | 'notify';
  /** Its sender wants to hear of each hop. */
  readonly isTraced: boolean;
}

export interface OutgoingRow extends OutgoingEnvelope {
  readonly id: OutgoingId;
  readonly email: EmailId;
  /**
   * The header as it leaves, its empty line included, in the place of the first `bodyFrom` octets of the email. Absent: the
   * email leaves as it is, and `bodyFrom` is 0.
   */
  readonly header?: Buffer;
  readonly bodyFrom: number;
  readonly createdMs: number;
}

/**
 * `waiting`: for its next attempt. `held`: until somebody releases it. `failed`, `delivered`, `relayed`, `expanded`: it has ended, and its
 * sender is still to be told. In this order in the store.
 */
export const RECIPIENT_STATES = ['waiting', 'held', 'failed', 'delivered', 'relayed', 'expanded'] as const;
export type RecipientState = (typeof RECIPIENT_STATES)[number];
/** What a sender who wants to hear of it is told: it is in the mailbox, at a server that does not say more, at all whom the address leads to. */
export type Arrival = Extract<RecipientState, 'delivered' | 'relayed' | 'expanded'>;

export interface NewRecipient {
  /** Canonical spelling is not asked for: it leaves as it was written. */
  readonly address: string;
  readonly route: OutgoingRoute;
  /** Bits of `NOTIFY`. */
  readonly notify: number;
  /** As it was given: `rfc822;anna@example.org`, decoded (RFC 3461 §4.2). */
  readonly orcpt?: string;
  /** It has arrived in another way, and the row is there to tell its sender. */
  readonly state?: Arrival;
}

export interface OutgoingRecipient extends Omit<NewRecipient, 'state'> {
  /** From 1, within its message. */
  readonly n: number;
  readonly state: RecipientState;
  readonly attempts: number;
  /** When it is due: to be tried, or to be told of. Absent of what is held. */
  readonly nextMs?: number;
  readonly lastAtMs?: number;
  /** Who answered last, or was not reached. */
  readonly lastHost?: string;
  /** What was said, with its codes where a server said it. */
  readonly lastReply?: string;
  /** Its sender was told that it is late. */
  readonly isTold: boolean;
}

export interface Outgoing {
  readonly row: OutgoingRow;
  /** Ascending by `n`; those that have ended for good are gone. */
  readonly recipients: readonly OutgoingRecipient[];
}

/** What happened to a recipient. In this order in the store. */
export const OUTGOING_EVENTS = [
  'accepted',
  'delivered',
  'deferred',
  'failed',
  'held',
  'released',
  'retried',
  'dropped',
  'cancelled',
  'reported',
  'warned',
] as const;
export type OutgoingEvent = (typeof OUTGOING_EVENTS)[number];

/** A line of what became of a message; it outlives the message. */
export interface OutgoingLogEntry {
  readonly outgoing: OutgoingId;
  readonly atMs: number;
  /** The recipient's; of `accepted` the sender's. */
  readonly address: string;
  readonly event: OutgoingEvent;
  /** Host and words, a reason, or nothing. */
  readonly detail: string;
}

/** The first line of each: whose it is, and when it came. */
export function acceptanceOf({ id, createdMs, sender, kind }: OutgoingRow): OutgoingLogEntry {
  return { outgoing: id, atMs: createdMs, address: sender, event: 'accepted', detail: kind };
}

/** What a recipient is to be from now on; what is absent stays, `nextMs: undefined` takes the time away, and what is held gets none. */
export type RecipientFields = {
  readonly [Field in 'state' | 'attempts' | 'isTold' | 'route']?: OutgoingRecipient[Field];
} & {
  readonly nextMs?: number | undefined;
  readonly lastAtMs?: number;
  readonly lastHost?: string;
  readonly lastReply?: string;
};

export interface RecipientChange {
  readonly outgoing: OutgoingId;
  readonly n: number;
  /** Nothing happens when it is in another state by now; in any when absent. */
  readonly when?: readonly RecipientState[];
  /** `ended`: the row goes, and with the last of a message the message. */
  readonly become: RecipientFields | 'ended';
  readonly log?: Omit<OutgoingLogEntry, 'outgoing'>;
}
