/**
 * What people have done to messages, told to whoever follows it up (RFC 6785): a port, as `disposition.ts` is. It is told when the
 * change is durable; whoever is told does his own work later, in changes of his own, which nobody is told of.
 */
import { SYSTEM_FLAG_BITS, SYSTEM_FLAG_NAMES } from '../mail/flags.ts';
import type { MailboxId } from './model/model.ts';
import type { AccountState } from './state/account.ts';

export type EventCause = 'APPEND' | 'COPY' | 'FLAG';

export interface MailboxEvent {
  readonly mailbox: MailboxId;
  readonly cause: EventCause;
  readonly uids: readonly number[];
  /** Of a change of flags: those that changed, by the message's place in `uids`, in the spelling of IMAP. */
  readonly changedFlags?: readonly (readonly string[])[];
}

export interface MailboxEvents {
  /** Somebody wants to know of this mailbox. */
  areWanted(account: AccountState, mailbox: MailboxId): boolean;
  /** Returns at once, and never throws. */
  happened(account: AccountState, event: MailboxEvent): void;
}

/** In the spelling of IMAP: those of `bits` that differ, and keywords that are on one side alone. */
export function changedFlagNames(
  bits: number,
  before: readonly string[],
  after: readonly string[],
): readonly string[] {
  const system = SYSTEM_FLAG_NAMES.filter((_, i) => (bits & (SYSTEM_FLAG_BITS[i] as number)) !== 0);
  return [...system, ...new Set(before).symmetricDifference(new Set(after))];
}

export const NO_EVENTS: MailboxEvents = Object.freeze({ areWanted: () => false, happened: () => undefined });
