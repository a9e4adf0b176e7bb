/**
 * Searching the messages of a mailbox.
 */
import type { MessageRecord } from './record.ts';

/** A test of what the record of a message says, made once for a whole search. */
export interface SearchMatcher {
  matches(record: MessageRecord): boolean;
}
