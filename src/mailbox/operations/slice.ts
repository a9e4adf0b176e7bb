/**
 * How many messages one change takes of a long list: a few milliseconds of the event loop. Taking messages out moves
 * those behind them, so in a very large mailbox a change is larger, or moving would be most of the work.
 */
import type { MailboxState } from '../state/mailbox.ts';

const LEAST = 1000;
const MOST = 5000;

export function sliceOf(mailbox: MailboxState): number {
  return Math.min(MOST, Math.max(LEAST, Math.floor(mailbox.exists / 200)));
}
