/** Comparators of Email/query (RFC 8621 §4.4.2). */
import type { EmailComparator } from '../../mailbox/query/email-filter.ts';
import { optional } from '../core/arguments.ts';
import { MethodError } from '../core/fault.ts';
import type { Json } from '../core/json.ts';
import { COLLATIONS, type Comparator, readSort } from '../core/sort.ts';
import { keyword } from './email-filter.ts';

const PLAIN = { receivedAt: 'received', sentAt: 'sent', size: 'size' } as const;
const TEXTS = { from: 'from', to: 'to', subject: 'subject' } as const;
const KEYWORDS = {
  hasKeyword: 'keyword',
  allInThreadHaveKeyword: 'all-in-thread',
  someInThreadHaveKeyword: 'some-in-thread',
} as const;
const PROPERTIES = [...Object.keys(PLAIN), ...Object.keys(TEXTS), ...Object.keys(KEYWORDS)];
const MORE = { keyword: optional(keyword) };

/** RFC 8620 §5.5: any order that stays. */
const NEWEST_FIRST: readonly EmailComparator[] = [{ by: 'received', isDescending: true }];

/** Throws `MethodError` `invalidArguments`, `unsupportedSort`. */
export function emailSort(sort: Json | undefined): readonly EmailComparator[] {
  const comparators = readSort(sort, PROPERTIES, MORE);
  return comparators.length === 0 ? NEWEST_FIRST : comparators.map(comparatorOf);
}

function comparatorOf({
  property,
  isAscending,
  collation = COLLATIONS[0],
  keyword: wanted,
}: Comparator<string, typeof MORE>): EmailComparator {
  const isDescending = !isAscending;
  if (Object.hasOwn(PLAIN, property)) return { by: PLAIN[property as keyof typeof PLAIN], isDescending };
  if (Object.hasOwn(TEXTS, property))
    return { by: TEXTS[property as keyof typeof TEXTS], collation, isDescending };
  if (wanted === undefined)
    throw new MethodError('invalidArguments', `sort: ${property} needs a keyword`, { arguments: ['sort'] });
  return { by: KEYWORDS[property as keyof typeof KEYWORDS], keyword: wanted, isDescending };
}
