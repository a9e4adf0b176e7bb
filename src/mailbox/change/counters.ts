/**
 * The counters of a mailbox and its account: what each message counts for, and where the first unseen one is. Called by
 * the verbs of a change, which keeps the fields first.
 */
import { FLAG } from '../../mail/flags.ts';
import type { MessageRecord } from '../model/record.ts';
import type { WritableAccount } from '../state/account.ts';
import type { WritableMailbox } from '../state/mailbox.ts';
import type { FlagColumns, MessageList } from '../state/message-list.ts';
import { noteGone } from './uids.ts';

/** A message comes (1) or goes (-1). */
export function count(
  { row }: WritableAccount,
  { fields }: WritableMailbox,
  message: { readonly size: number; readonly flags: number },
  sign: 1 | -1,
): void {
  fields.exists += sign;
  fields.bytes += sign * message.size;
  fields.unseen += sign * unseenOf(message.flags);
  fields.deleted += sign * deletedOf(message.flags);
  row.usedBytes += sign * message.size;
  row.usedMessages += sign;
}

/** Before the list gets these flags. */
export function countFlags(
  { fields }: WritableMailbox,
  { columns }: MessageList,
  { rows, flags }: FlagColumns,
): void {
  for (let i = 0; i < rows.length; i++) {
    const before = columns.flags[rows[i] as number] as number;
    fields.unseen += unseenOf(flags[i] as number) - unseenOf(before);
    fields.deleted += deletedOf(flags[i] as number) - deletedOf(before);
  }
}

/** After the list has got these flags: messages have become seen or unseen. */
export function noteFlags(mailbox: WritableMailbox, list: MessageList, { rows, flags }: FlagColumns): void {
  const { firstUnseen } = mailbox;
  const unseen = rows[flags.findIndex(isUnseen)];
  if (unseen !== undefined && (firstUnseen === 0 || unseen + 1 < firstUnseen))
    mailbox.fields.firstUnseen = unseen + 1;
  else if (firstUnseen > 0) mailbox.fields.firstUnseen = nextUnseen(mailbox, list, firstUnseen - 1);
}

interface Removed {
  readonly rows: readonly number[];
  readonly records: readonly MessageRecord[];
}

/** After the messages at these rows have left the list and the counters. */
export function noteRemoved(mailbox: WritableMailbox, list: MessageList, { rows, records }: Removed): void {
  noteGone(mailbox, records.at(-1)?.uid ?? 0);
  const { firstUnseen } = mailbox;
  if (firstUnseen === 0) return;
  const before = rows.filter((row) => row < firstUnseen - 1).length;
  mailbox.fields.firstUnseen = nextUnseen(mailbox, list, firstUnseen - 1 - before);
}

export function isUnseen(flags: number): boolean {
  return (flags & FLAG.Seen) === 0;
}

/** Position of the first unseen message from this row on; one octet a message is looked at. */
function nextUnseen(mailbox: WritableMailbox, list: MessageList, from: number): number {
  if (mailbox.unseen === 0) return 0;
  const { flags } = list.columns;
  for (let row = from; row < list.count; row++) if (isUnseen(flags[row] as number)) return row + 1;
  return 0;
}

const unseenOf = (flags: number): number => (flags & FLAG.Seen ? 0 : 1);
const deletedOf = (flags: number): number => (flags & FLAG.Deleted ? 1 : 0);
