/**
 * What moving mail into and out of an account needs of whoever holds the mail: this process, or a server that is asked
 * through its control socket. Accounts are named by address, mailboxes by name; errors are MailboxErrors.
 */
import type { UidPlace } from '../mailbox/change/uids.ts';
import type { MailboxErrorCode } from '../mailbox/model/errors.ts';
import type { Role } from '../mailbox/model/model.ts';
import type { ForeignUids, TakenOver } from '../mailbox/operations/take-over-uids.ts';

export interface MailAccess {
  listMailboxes(address: string): Promise<readonly MailboxSummary[]>;
  /** Made with its parents when it is not there. */
  ensureMailbox(
    address: string,
    name: string,
    options: { readonly isSubscribed?: boolean },
  ): Promise<{ readonly name: string; readonly isNew: boolean }>;
  /** Of a new and empty mailbox: it becomes the one that clients know; see `mailbox/operations/take-over-uids.ts`. */
  takeOverUids(address: string, mailbox: string, uids: ForeignUids): Promise<TakenOver>;
  whichImported(address: string, mailbox: string, keys: readonly Buffer[]): Promise<readonly boolean[]>;
  /** In order, each stored or refused by itself; durable when it resolves. */
  addMessages(
    address: string,
    mailbox: string,
    messages: Iterable<MessageToAdd> | AsyncIterable<MessageToAdd>,
  ): Promise<readonly AddedMessage[]>;
  /** All messages of a mailbox in UID order. The octets of one must be taken before the next is asked for. */
  readMessages(address: string, mailbox: string): AsyncIterable<StoredMessage>;
}

export interface MailboxSummary {
  readonly name: string;
  readonly role?: Role;
  readonly exists: number;
  readonly bytes: number;
  readonly isSubscribed: boolean;
}

export interface MessageMarks {
  readonly flags: number;
  readonly keywords: readonly string[];
  /** Seconds since 1970. */
  readonly internalDate: number | undefined;
}

export interface MessageToAdd extends MessageMarks {
  /** 16 octets; remembered, so that `whichImported` knows it. */
  readonly importKey: Buffer | undefined;
  /** Remembered beside the key: a number that stands for its flags where it comes from (32 bits). */
  readonly importMarks?: number;
  /** Mailboxes that are to have it too, as the same email; each with a key of its own. */
  readonly copies?: readonly { readonly mailbox: string; readonly importKey: Buffer }[];
  /** The name by which programs know it from the server it comes from. */
  readonly externalId?: string;
  /** Where it was on that server, once the mailbox has been taken over; the answer says which UID it got. */
  readonly place?: UidPlace;
  chunks(): Iterable<Buffer> | AsyncIterable<Buffer>;
}

export interface StoredMessage extends MessageMarks {
  readonly uid: number;
  readonly sizeBytes: number;
  /** Throws when octets are missing; the next message can be asked for all the same. */
  chunks(): Iterable<Buffer> | AsyncIterable<Buffer>;
}

export type AddedMessage = { readonly uid: number; readonly lostKeywords?: boolean } | Refusal;

export interface Refusal {
  readonly refused: MailboxErrorCode;
  readonly why: string;
}

export function isRefusal(outcome: object): outcome is Refusal {
  return 'refused' in outcome;
}
