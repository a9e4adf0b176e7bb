/**
 * What may be asked of the emails of an account, in the words of the domain: conditions that records answer, and texts, for which the
 * messages are searched. Protocols translate their own filters into it; `query-emails.ts` answers.
 */
import type { TextCollation } from '../../mail/fold.ts';
import type { Criterion } from '../model/criterion.ts';
import type { MailboxId } from '../model/model.ts';

/** Intervals are half-open, dates are seconds, keywords in lower case, system flags by their names in JMAP. */
export type EmailFilter =
  | { readonly kind: 'all' }
  | { readonly kind: 'in'; readonly mailbox: MailboxId }
  /** In a mailbox that is none of these. */
  | { readonly kind: 'in-other-than'; readonly mailboxes: ReadonlySet<MailboxId> }
  | { readonly kind: 'received' | 'size'; readonly from: number; readonly until: number }
  | { readonly kind: 'attachment'; readonly isThere: boolean }
  | { readonly kind: 'keyword'; readonly keyword: string }
  /** Of the emails in the same thread, itself among them. */
  | { readonly kind: 'thread-keyword'; readonly which: 'all' | 'some' | 'none'; readonly keyword: string }
  /** Of one of its messages; they have the same text. `isDeep` when whole messages have to be read for it. */
  | { readonly kind: 'text'; readonly criterion: Criterion; readonly isDeep: boolean }
  | { readonly kind: 'and' | 'or'; readonly filters: readonly EmailFilter[] }
  | { readonly kind: 'not'; readonly filter: EmailFilter };

export type TextFilter = Extract<EmailFilter, { kind: 'text' }>;

export type EmailSortKey =
  | { readonly by: 'received' | 'sent' | 'size' }
  | { readonly by: 'from' | 'to' | 'subject'; readonly collation: TextCollation }
  | { readonly by: 'keyword' | 'all-in-thread' | 'some-in-thread'; readonly keyword: string };

export type EmailComparator = EmailSortKey & { readonly isDescending: boolean };

/** Whether an answer may change with other emails than the one it is about. */
export function asksThreads(filter: EmailFilter, sort: readonly EmailComparator[]): boolean {
  return (
    sort.some(({ by }) => by === 'all-in-thread' || by === 'some-in-thread') ||
    someLeaf(filter, ({ kind }) => kind === 'thread-keyword')
  );
}

export function someLeaf(filter: EmailFilter, test: (leaf: EmailFilter) => boolean): boolean {
  if (filter.kind === 'not') return someLeaf(filter.filter, test);
  if (filter.kind === 'and' || filter.kind === 'or') return filter.filters.some((one) => someLeaf(one, test));
  return test(filter);
}

export function textsOf(filter: EmailFilter): readonly TextFilter[] {
  const texts: TextFilter[] = [];
  someLeaf(filter, (leaf) => {
    if (leaf.kind === 'text') texts.push(leaf);
    return false;
  });
  return texts;
}

/** Mailboxes outside of which nothing can match; undefined when that may be anywhere. */
export function scopeOf(filter: EmailFilter): ReadonlySet<MailboxId> | undefined {
  if (filter.kind === 'in') return new Set([filter.mailbox]);
  if (filter.kind === 'and') {
    const scopes = filter.filters.map(scopeOf).filter((scope) => scope !== undefined);
    return scopes.reduce<ReadonlySet<MailboxId> | undefined>(
      (least, scope) => (least === undefined || scope.size < least.size ? scope : least),
      undefined,
    );
  }
  if (filter.kind !== 'or') return undefined;
  const all = new Set<MailboxId>();
  for (const one of filter.filters) {
    const scope = scopeOf(one);
    if (scope === undefined) return undefined;
    for (const mailbox of scope) all.add(mailbox);
  }
  return all;
}
