/**
 * What Maildir keeps in names: flags as letters behind `:2,` (the Maildir convention), keywords as letters a-z explained by a
 * file `dovecot-keywords` beside, folders as `.Parent.Child` in modified UTF-7 (Maildir++) or as plain directories.
 */
import { FLAG, foldKeyword } from '../mail/flags.ts';
import { decodeModifiedUtf7, encodeModifiedUtf7 } from '../mail/modified-utf7.ts';
import { keywordsOf } from './bookkeeping.ts';

export const KEYWORDS_FILE = 'dovecot-keywords';
/** Letters a-z are all there are. */
export const MAX_KEYWORDS = 26;
const FORWARDED = '$Forwarded';

/** In the order in which they must be written. */
const LETTERS: readonly (readonly [string, number])[] = [
  ['D', FLAG.Draft],
  ['F', FLAG.Flagged],
  ['R', FLAG.Answered],
  ['S', FLAG.Seen],
  ['T', FLAG.Deleted],
];

export interface MaildirMarks {
  readonly flags: number;
  readonly keywords: readonly string[];
}

/** `names[i]` is the keyword behind letter i. The separator is `:`, or `;` or `!` where `:` is no file name. */
export function readMarks(file: string, names: readonly (string | undefined)[]): MaildirMarks {
  const info = /[:;!]2,([A-Za-z]*)$/.exec(file)?.[1] ?? '';
  let flags = 0;
  const words: string[] = [];
  for (const letter of info) {
    flags |= LETTERS.find(([known]) => known === letter)?.[1] ?? 0;
    if (letter === 'P') words.push(FORWARDED);
    if (letter >= 'a') words.push(names[letter.charCodeAt(0) - 0x61] ?? '');
  }
  return { flags, keywords: keywordsOf(words) };
}

/** The `:2,` suffix, letters in ASCII order; keywords that have no letter are left out. */
export function writeMarks({ flags, keywords }: MaildirMarks, names: readonly string[]): string {
  const letters = LETTERS.filter(([, bit]) => (flags & bit) !== 0).map(([letter]) => letter);
  if (keywords.some((keyword) => foldKeyword(keyword) === foldKeyword(FORWARDED))) letters.push('P');
  for (const keyword of keywords) {
    const index = names.findIndex((name) => foldKeyword(name) === foldKeyword(keyword));
    if (index >= 0) letters.push(String.fromCharCode(0x61 + index));
  }
  return `:2,${letters.sort().join('')}`;
}

/** Lines of `index name`. */
export function parseKeywords(text: string): (string | undefined)[] {
  const names: (string | undefined)[] = [];
  for (const line of text.split('\n')) {
    const match = /^(\d{1,2}) (\S+)\s*$/.exec(line);
    if (match !== null && Number(match[1]) < MAX_KEYWORDS) names[Number(match[1])] = match[2];
  }
  return names;
}

export function hasOwnLetter(keyword: string): boolean {
  return foldKeyword(keyword) === foldKeyword(FORWARDED);
}

/** `.Work.2024` -> `Work/2024`. Names that are not modified UTF-7 are taken as UTF-8, as some programs write them. */
export function decodeFolder(name: string, separator: '.' | '/'): string {
  return name
    .split(separator)
    .map((level) => decodeLevel(level).replaceAll('/', '-'))
    .filter((level) => level !== '')
    .join('/');
}

/** The separator inside a name is written in base64, which every decoder of modified UTF-7 reads. */
export function encodeFolder(name: string): string {
  return name
    .split('/')
    .map((level) => encodeModifiedUtf7(level).replaceAll('.', '&AC4-'))
    .join('.');
}

function decodeLevel(level: string): string {
  return decodeModifiedUtf7(level) ?? level;
}

/**
 * Dovecot's `subscriptions` (version 2: levels between tabs; before: the separator of the layout) and Courier's
 * `courierimapsubscribed` (everything below INBOX).
 */
export function parseSubscriptions(text: string): ReadonlySet<string> {
  const lines = text.split('\n').filter((line) => line !== '');
  if (/^V\t\d/.test(lines[0] ?? '')) {
    return new Set(lines.slice(1).map((line) => canonical(line.split('\t').map(decodeLevel).join('/'))));
  }
  return new Set(
    lines.map((line) =>
      canonical(decodeFolder(line.replace(/^INBOX\.(?=.)/, ''), line.includes('/') ? '/' : '.')),
    ),
  );
}

function canonical(name: string): string {
  return name.toUpperCase() === 'INBOX' ? 'INBOX' : name.normalize('NFC');
}
