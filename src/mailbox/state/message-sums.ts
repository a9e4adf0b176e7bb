/**
 * What the counters of a mailbox must say, counted from its messages: for when they cannot be believed.
 */
import { FLAG } from '../../mail/flags.ts';
import type { MailboxRow } from '../model/model.ts';
import type { MessageList } from './message-list.ts';

export type MessageSums = Pick<MailboxRow, 'exists' | 'unseen' | 'firstUnseen' | 'deleted' | 'bytes'>;

export function sumsOf(list: MessageList): MessageSums {
  const { flags, size } = list.columns;
  let unseen = 0;
  let firstUnseen = 0;
  let deleted = 0;
  let bytes = 0;
  for (let row = 0; row < list.count; row++) {
    const isUnseen = ((flags[row] as number) & FLAG.Seen) === 0;
    if (isUnseen && unseen++ === 0) firstUnseen = row + 1;
    if (((flags[row] as number) & FLAG.Deleted) !== 0) deleted++;
    bytes += size[row] as number;
  }
  return { exists: list.count, unseen, firstUnseen, deleted, bytes };
}
