/**
 * The names by which mailboxes, emails and threads are known outside, whatever the protocol: MAILBOXID, EMAILID and THREADID of
 * IMAP (RFC 8474) and the ids of Mailbox, Email and Thread in JMAP (RFC 8621) are the same strings.
 *
 * Of a message the number of its email stands in its record; the thread is loaded with the email's facts (`facts.ts`: `thread`), and
 * its members by `loadThread` of the store.
 *
 * One letter and the number: safe in file names and URLs, never digits alone, no two that differ by case alone
 * (RFC 8474 §8.1, RFC 8620 §1.2). Unique within an account, never reused.
 */
import type { MailboxId } from './model.ts';

const MAX_U32 = 0xffff_ffff;

export const mailboxObjectId = (id: MailboxId): string => `f${id}`;
/** Of an email by its number in the account: all copies of a message have one. */
export const emailObjectId = (email: number): string => `e${email}`;

/** Of a thread by the number of the email that began it. */
export const threadObjectId = (thread: number): string => `t${thread}`;

/** The number in the id of an email; undefined when it is none that was ever given. */
export const emailOfObjectId = (id: string): number | undefined => numberIn(id, 'e');

/** As above. */
export const threadOfObjectId = (id: string): number | undefined => numberIn(id, 't');

function numberIn(id: string, letter: string): number | undefined {
  if (!id.startsWith(letter) || !/^[1-9][0-9]{0,9}$/.test(id.slice(1))) return undefined;
  const number = Number(id.slice(1));
  return number <= MAX_U32 ? number : undefined;
}
