/**
 * The language in which people search: `from:anna "exact words" has:attachment -invoice`. One for all: the webmail makes a filter of
 * it, IMAP keys (X-GM-RAW). Nothing is refused: what is no operator is a word, and a value that makes no sense is one as well.
 *
 * For browsers too, so it knows nothing but the language itself.
 */
export const OPERATORS = [
  ...['from', 'to', 'cc', 'bcc', 'subject', 'body', 'filename', 'in', 'is', 'has', 'before', 'after'],
  ...['older_than', 'newer_than', 'larger', 'smaller', 'label', 'rfc822msgid'],
] as const;
export type Operator = (typeof OPERATORS)[number];

export interface Term {
  /** Absent: a word anywhere. */
  readonly operator?: Operator;
  readonly value: string;
  readonly isNot: boolean;
}

/** What is beyond them is not read. */
export const MAX_TERMS = 30;
export const MAX_SEARCH_LENGTH = 8192;
const TOKEN = /(-)?(?:([a-z_][a-z0-9_]*):)?(?:"([^"]*)"?|(\S+))/gi;

/** All of them are to be true; `most` at most. */
export function parseSearch(text: string, most = MAX_TERMS): readonly Term[] {
  const terms: Term[] = [];
  for (const match of text.slice(0, MAX_SEARCH_LENGTH).matchAll(TOKEN)) {
    if (terms.length >= most) break;
    const [whole, minus, name, quoted, bare] = match;
    const operator = OPERATORS.find((one) => one === name?.toLowerCase());
    const isKnown = name === undefined || operator !== undefined;
    const said = isKnown ? (quoted ?? bare ?? '') : whole.slice(minus === undefined ? 0 : 1);
    const value = said.replaceAll('"', '').trim();
    if (value === '') continue;
    terms.push({ value, isNot: minus !== undefined, ...(operator && { operator }) });
  }
  return terms;
}

export type SearchedPart = 'from' | 'to' | 'cc' | 'bcc' | 'subject' | 'body';

/** What a term asks for, but that it may be negated. */
export type Meaning =
  /** Anywhere in the message. */
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'part'; readonly part: SearchedPart; readonly value: string }
  | { readonly kind: 'attachment' }
  /** It has an attachment, whose name is in the text that is searched. */
  | { readonly kind: 'filename'; readonly value: string }
  | {
      readonly kind: 'mark';
      readonly mark: 'seen' | 'flagged' | 'answered' | 'draft';
      readonly isSet: boolean;
    }
  /** A mailbox by its name or its use, in lower case (`isNamed`); where there is none, it is a word. */
  | { readonly kind: 'in'; readonly name: string }
  | { readonly kind: 'anywhere' }
  | { readonly kind: 'message-id'; readonly value: string }
  | { readonly kind: 'size'; readonly relation: 'from' | 'below'; readonly bytes: number }
  /** `after` begins with the day itself. */
  | { readonly kind: 'day'; readonly relation: 'before' | 'after'; readonly day: Day }
  | { readonly kind: 'age'; readonly relation: 'older' | 'newer'; readonly days: number };

/** A day of the calendar, wherever the one who searches is; months from 1. */
export interface Day {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

type Mark = Extract<Meaning, { kind: 'mark' }>;

const UNITS: Readonly<Record<string, number>> = { d: 1, w: 7, m: 30, y: 365 };
const SIZES: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };
const FLAGGED: Mark = { kind: 'mark', mark: 'flagged', isSet: true };
const MARKS: Readonly<Record<string, Mark>> = {
  unread: { kind: 'mark', mark: 'seen', isSet: false },
  read: { kind: 'mark', mark: 'seen', isSet: true },
  starred: FLAGGED,
  flagged: FLAGGED,
  answered: { kind: 'mark', mark: 'answered', isSet: true },
  draft: { kind: 'mark', mark: 'draft', isSet: true },
};

export function meaningOf({ operator, value }: Term): Meaning {
  return operatorMeaning(operator, value, value.toLowerCase()) ?? { kind: 'text', value };
}

/** Undefined: the value makes no sense there. */
function operatorMeaning(operator: Operator | undefined, value: string, word: string): Meaning | undefined {
  switch (operator) {
    case undefined:
      return undefined;
    case 'from':
    case 'to':
    case 'cc':
    case 'bcc':
    case 'subject':
    case 'body':
      return { kind: 'part', part: operator, value };
    case 'filename':
      return { kind: 'filename', value };
    case 'has':
      return word === 'attachment' ? { kind: 'attachment' } : word === 'star' ? FLAGGED : undefined;
    case 'is':
      return Object.hasOwn(MARKS, word) ? MARKS[word] : undefined;
    case 'label':
      return { kind: 'in', name: word };
    case 'rfc822msgid':
      return { kind: 'message-id', value };
    case 'in':
      return word === 'anywhere' || word === 'all' ? { kind: 'anywhere' } : { kind: 'in', name: word };
    case 'larger':
    case 'smaller':
      return sized(operator === 'larger' ? 'from' : 'below', word);
    case 'before':
    case 'after':
      return onDay(operator, word);
    default:
      return aged(operator === 'older_than' ? 'older' : 'newer', word);
  }
}

/** Whether a mailbox of this name is what `in:` means. Gmail writes its labels with dashes. */
export function isNamed(mailbox: string, name: string): boolean {
  const lower = mailbox.toLowerCase();
  return lower === name || lower.replaceAll(/[\s/]/g, '-') === name;
}

function sized(relation: 'from' | 'below', word: string): Meaning | undefined {
  const [, number, unit = ''] = /^(\d{1,12}(?:\.\d)?)([kmg]?)b?$/.exec(word) ?? [];
  if (number === undefined) return undefined;
  return { kind: 'size', relation, bytes: Math.round(Number(number) * (SIZES[unit] ?? 1)) };
}

/** A day that is beyond its month is one of the next, as calendars have it. */
function onDay(relation: 'before' | 'after', word: string): Meaning | undefined {
  const [, year, month = '1', day = '1'] = /^(\d{4})(?:[-/](\d{1,2})(?:[-/](\d{1,2}))?)?$/.exec(word) ?? [];
  if (year === undefined) return undefined;
  return { kind: 'day', relation, day: { year: Number(year), month: Number(month), day: Number(day) } };
}

function aged(relation: 'older' | 'newer', word: string): Meaning | undefined {
  const [, count, unit] = /^(\d{1,5})([dwmy])$/.exec(word) ?? [];
  if (count === undefined || unit === undefined) return undefined;
  return { kind: 'age', relation, days: Number(count) * (UNITS[unit] ?? 1) };
}
