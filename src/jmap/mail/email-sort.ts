/** Comparators of Email/query (RFC 8621 §4.4.2). */
import type { EmailComparator } from '../../mailbox/query/email-filter.ts';
import {
  boolean,
  list,
  optional,
  type Reader,
  ReadFault,
  record,
  text,
  withDefault,
} from '../core/arguments.ts';
import { MethodError } from '../core/fault.ts';
import type { Json } from '../core/json.ts';
import { keyword } from './email-filter.ts';

const TABLE = {
  property: text,
  isAscending: withDefault(boolean, true),
  collation: optional(text),
  keyword: optional(keyword),
};
const comparator = record(TABLE);

const PLAIN = { receivedAt: 'received', sentAt: 'sent', size: 'size' } as const;
const TEXTS = { from: 'from', to: 'to', subject: 'subject' } as const;
const KEYWORDS = {
  hasKeyword: 'keyword',
  allInThreadHaveKeyword: 'all-in-thread',
  someInThreadHaveKeyword: 'some-in-thread',
} as const;
const COLLATIONS = ['i;unicode-casemap', 'i;ascii-casemap', 'i;octet'] as const;

/** More say nothing that the first ones do not say. */
const MOST_COMPARATORS = 16;
/** RFC 8620 §5.5: any order that stays. */
const NEWEST_FIRST: readonly EmailComparator[] = [{ by: 'received', isDescending: true }];

/** Throws `MethodError` `invalidArguments`, and `unsupportedSort` for properties and collations that are none of these. */
export function readSort(sort: Json | undefined): readonly EmailComparator[] {
  const comparators = read(optional(list(comparator)), sort) ?? [];
  if (comparators.length > MOST_COMPARATORS)
    throw new MethodError('unsupportedSort', `at most ${MOST_COMPARATORS} comparators`);
  return comparators.length === 0 ? NEWEST_FIRST : comparators.map(comparatorOf);
}

function comparatorOf({
  property,
  isAscending,
  collation = COLLATIONS[0],
  keyword: wanted,
}: ReturnType<typeof comparator>): EmailComparator {
  const isDescending = !isAscending;
  if (Object.hasOwn(PLAIN, property)) return { by: PLAIN[property as keyof typeof PLAIN], isDescending };
  if (Object.hasOwn(TEXTS, property)) {
    const known = COLLATIONS.find((one) => one === collation);
    if (known === undefined)
      throw new MethodError('unsupportedSort', `collations are ${COLLATIONS.join(', ')}`);
    return { by: TEXTS[property as keyof typeof TEXTS], collation: known, isDescending };
  }
  if (!Object.hasOwn(KEYWORDS, property))
    throw new MethodError('unsupportedSort', `emails are not sorted by ${property.slice(0, 200)}`);
  if (wanted === undefined)
    throw new MethodError('invalidArguments', `sort: ${property} needs a keyword`, { arguments: ['sort'] });
  return { by: KEYWORDS[property as keyof typeof KEYWORDS], keyword: wanted, isDescending };
}

function read<T>(reader: Reader<T>, value: Json | undefined): T {
  try {
    return reader(value);
  } catch (error) {
    if (!(error instanceof ReadFault)) throw error;
    throw new MethodError('invalidArguments', `sort${error.path}: ${error.message}`, { arguments: ['sort'] });
  }
}
