/** What was typed, as a filter of Email/query (RFC 8621 §4.4.1). Everything must be true; Trash and Junk are left out unless named. */
import type { Mailboxes } from '../sync/cache.ts';
import type { Filter, Id } from '../sync/model.ts';
import type { Term } from './query.ts';

export interface SearchContext {
  readonly mailboxes: Mailboxes;
  /** Trash and Junk. */
  readonly unwanted: readonly Id[];
  readonly now: Date;
}

const DAY_MS = 86_400_000;
const UNITS: Readonly<Record<string, number>> = { d: 1, w: 7, m: 30, y: 365 };
const SIZES: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };
const FLAGS: Readonly<Record<string, Filter>> = {
  unread: { notKeyword: '$seen' },
  read: { hasKeyword: '$seen' },
  starred: { hasKeyword: '$flagged' },
  flagged: { hasKeyword: '$flagged' },
  answered: { hasKeyword: '$answered' },
  draft: { hasKeyword: '$draft' },
};

export function filterOf(terms: readonly Term[], context: SearchContext): Filter {
  const conditions = terms.map((term) => {
    const condition = conditionOf(term, context) ?? { text: term.value };
    return term.isNot ? { operator: 'NOT' as const, conditions: [condition] } : condition;
  });
  const isPlaced = terms.some(({ operator }) => operator === 'in');
  const all =
    isPlaced || context.unwanted.length === 0
      ? conditions
      : [...conditions, { inMailboxOtherThan: context.unwanted }];
  const [first] = all;
  return all.length === 1 && first !== undefined ? first : { operator: 'AND', conditions: all };
}

/** The words whose hits are marked. */
export function isText(filter: Filter): boolean {
  const texts = ['text', 'from', 'to', 'cc', 'bcc', 'subject', 'body'];
  if ('conditions' in filter) return (filter.conditions as readonly Filter[]).some(isText);
  return texts.some((name) => name in filter);
}

/** Undefined: the value makes no sense there, and is a word. */
function conditionOf({ operator, value }: Term, context: SearchContext): Filter | undefined {
  const word = value.toLowerCase();
  switch (operator) {
    case undefined:
      return { text: value };
    case 'from':
    case 'to':
    case 'cc':
    case 'bcc':
    case 'subject':
    case 'body':
      return { [operator]: value };
    case 'filename':
      // The name of an attachment is in the text that is searched (and the mail has one).
      return { operator: 'AND', conditions: [{ hasAttachment: true }, { text: value }] };
    case 'has':
      return word === 'attachment' ? { hasAttachment: true } : word === 'star' ? FLAGS.starred : undefined;
    case 'is':
      return FLAGS[word];
    case 'in':
      return placed(word, context);
    case 'larger':
    case 'smaller': {
      const size = sizeOf(word);
      return size === undefined ? undefined : { [operator === 'larger' ? 'minSize' : 'maxSize']: size };
    }
    default:
      return dated(operator, word, context.now);
  }
}

function placed(word: string, { mailboxes }: SearchContext): Filter | undefined {
  if (word === 'anywhere' || word === 'all') return { inMailboxOtherThan: [] };
  for (const { id, role, name } of mailboxes.values())
    if (role === word || name.toLowerCase() === word || id === word) return { inMailbox: id };
  return undefined;
}

/** A day is the person's own, from midnight to midnight. */
function dated(
  operator: 'before' | 'after' | 'older_than' | 'newer_than',
  word: string,
  now: Date,
): Filter | undefined {
  if (operator === 'before' || operator === 'after') {
    const [, year, month = '1', day = '1'] = /^(\d{4})(?:[-/](\d{1,2})(?:[-/](\d{1,2}))?)?$/.exec(word) ?? [];
    if (year === undefined) return undefined;
    const at = new Date(Number(year), Number(month) - 1, Number(day));
    return Number.isNaN(at.getTime()) ? undefined : { [operator]: utc(at) };
  }
  const [, count, unit] = /^(\d{1,5})([dwmy])$/.exec(word) ?? [];
  if (count === undefined || unit === undefined) return undefined;
  const at = new Date(now.getTime() - Number(count) * (UNITS[unit] ?? 1) * DAY_MS);
  at.setSeconds(0, 0);
  return { [operator === 'older_than' ? 'before' : 'after']: utc(at) };
}

function sizeOf(word: string): number | undefined {
  const [, number, unit = ''] = /^(\d{1,12}(?:\.\d)?)([kmg]?)b?$/.exec(word) ?? [];
  return number === undefined ? undefined : Math.round(Number(number) * (SIZES[unit] ?? 1));
}

/** UTCDate (RFC 8620 §1.4): no fraction of a second. */
function utc(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}
