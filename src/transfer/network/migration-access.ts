/**
 * What bringing mail from a server that is still in use needs of whoever holds the accounts here, beside `MailAccess`: what was
 * brought before, and the ways to follow what has changed there since. Errors are MailboxErrors.
 */
import type { MessageToAdd } from '../mail-access.ts';

/** A message that was brought before. */
export interface TracedMessage {
  /** 16 octets, see `journal.ts`. */
  readonly key: Buffer;
  /** Here; it may have been moved or deleted since. */
  readonly uid: number;
  readonly marks: number;
}

export interface FollowedMarks extends Pick<MessageToAdd, 'flags' | 'keywords'> {
  readonly importKey: Buffer;
  readonly uid: number;
  readonly marks: number;
}

export interface MigrationAccess {
  /** Mailboxes that have messages of this folder (8 octets, as keys begin), whatever they are called by now. */
  holdersOf(address: string, folder: Buffer): Promise<readonly string[]>;
  /** Those of the folder whose key is above `after`, ascending, at most `limit`. */
  loadTraces(
    address: string,
    mailbox: string,
    range: { readonly folder: Buffer; readonly after?: Buffer },
    limit: number,
  ): Promise<readonly TracedMessage[]>;
  /** Gives those that are there these flags and remembers the marks of all; how many have other flags now. */
  followMarks(address: string, mailbox: string, messages: readonly FollowedMarks[]): Promise<number>;
  /** SHA-256 of the octets as they are read back, in hexadecimal; undefined for those that are not there. Ascending UIDs. */
  digestsOf(
    address: string,
    mailbox: string,
    uids: readonly number[],
  ): Promise<readonly (string | undefined)[]>;
  /** Deletes those that are there, as clients do; how many. */
  removeMessages(address: string, mailbox: string, uids: readonly number[]): Promise<number>;
  /** The same email in another mailbox too; false when the message is not there any more. */
  copyMessage(
    address: string,
    from: { readonly mailbox: string; readonly uid: number },
    to: CopyTo,
  ): Promise<boolean>;
}

export interface CopyTo {
  readonly mailbox: string;
  readonly importKey: Buffer;
  readonly marks: number;
}
