/**
 * Which UID a message gets: the next one of its mailbox, or the one it had on another server, while the mailbox is still as
 * `adoptUids` left it. UIDs ascend in the order of the messages whatever happens, and none is given twice.
 */
import { MailboxError } from '../model/errors.ts';
import { asModSeq, MAX_UID, type ModSeq, type UidValidity } from '../model/model.ts';
import { type MailboxState, WritableMailbox } from '../state/mailbox.ts';
import type { MessageList } from '../state/message-list.ts';

/**
 * Clients come with a modseq of the server before (RFC 7162 §3.2.5) and must not find ours below it, or changes would be
 * hidden from them. No mailbox there has seen a thousand million changes.
 */
const FOREIGN_MODSEQ = 0x4000_0000;

/** The UID a message had, and the UIDNEXT with which its mailbox was taken over. */
export interface UidPlace {
  readonly uid: number;
  readonly uidNext: number;
}

/** What the account gives next is above all that is known from there. */
export function raiseAboveForeign(
  row: { modseq: ModSeq; nextUidValidity: number },
  uidValidity: UidValidity,
): void {
  row.nextUidValidity = Math.max(row.nextUidValidity, uidValidity + 1);
  row.modseq = asModSeq(Math.max(row.modseq, FOREIGN_MODSEQ));
}

/** Throws `limit`. */
export function requireUids(mailbox: MailboxState, count: number): void {
  if (mailbox.uidNext + count <= MAX_UID) return;
  throw new MailboxError('limit', `mailbox ${mailbox.name} has used up its UIDs; copy its mail to a new one`);
}

/** A message with this UID has left the mailbox: what comes in place of the one it had must be above it, too. */
export function noteGone(mailbox: MailboxState, uid: number): void {
  const target = WritableMailbox.of(mailbox);
  target.goneUpTo = Math.max(target.goneUpTo, uid);
}

/** `list` ends with the mailbox's last message. A UIDNEXT that has moved says that other mail came in between. */
export function takeUid(mailbox: WritableMailbox, list: MessageList, place: UidPlace | undefined): number {
  const last = Math.max(mailbox.goneUpTo, list.count > 0 ? (list.columns.uid[list.count - 1] as number) : 0);
  const isFree =
    place !== undefined && place.uidNext === mailbox.uidNext && place.uid < place.uidNext && place.uid > last;
  return isFree ? place.uid : mailbox.fields.uidNext++;
}
