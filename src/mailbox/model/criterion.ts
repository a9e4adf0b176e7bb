/**
 * What may be asked of a mailbox, in the words of the domain. Protocols translate their own search keys into it;
 * `search.ts` answers.
 */
import type { AccountId, MailboxId } from './model.ts';

/** Ends included, ascending, disjoint. */
export type UidRanges = readonly (readonly [low: number, high: number])[];

export type SearchedField = 'from' | 'to' | 'cc' | 'bcc' | 'subject';

/** What is looked for. Intervals are half-open; days count from 1970-01-01; texts are found anywhere, without case. */
export type Criterion =
  | { readonly kind: 'all' }
  | { readonly kind: 'flag'; readonly bit: number; readonly isSet: boolean }
  | { readonly kind: 'keyword'; readonly name: string; readonly isSet: boolean }
  | { readonly kind: 'uids'; readonly ranges: UidRanges }
  /** Seconds of the internal date. */
  | { readonly kind: 'arrived'; readonly from: number; readonly until: number }
  /** Octets. */
  | { readonly kind: 'size'; readonly from: number; readonly until: number }
  /** Changed by this modseq or a later one. */
  | { readonly kind: 'changed'; readonly since: number }
  /** Seconds: when the message came into its mailbox. */
  | { readonly kind: 'saved'; readonly from: number; readonly until: number }
  /** Messages that show one of these emails, by number. */
  | { readonly kind: 'emails'; readonly numbers: ReadonlySet<number> }
  /** Messages whose email is in this mailbox as well, without \Deleted; none are, where another account is searched. */
  | { readonly kind: 'also-in'; readonly account: AccountId; readonly mailbox: MailboxId }
  | { readonly kind: 'attachment'; readonly isThere: boolean }
  /** Messages of a thread, by its number. */
  | { readonly kind: 'thread'; readonly thread: number }
  /** Days of the Date field, as the sender wrote it. */
  | { readonly kind: 'sent'; readonly from: number; readonly until: number }
  /** In the decoded field as the envelope has it. */
  | { readonly kind: 'field'; readonly field: SearchedField; readonly value: string }
  /** In a header field of this name; an empty value asks whether there is one. */
  | { readonly kind: 'header'; readonly name: string; readonly value: string }
  | { readonly kind: 'body' | 'text'; readonly value: string }
  | { readonly kind: 'and' | 'or'; readonly criteria: readonly Criterion[] }
  | { readonly kind: 'not'; readonly criterion: Criterion };
