/**
 * Which line of an mbox separates two messages. The format has no definition but its writers (RFC 4155 Appendix A names
 * one of them), so these are our rules for a line that begins with `From `:
 *
 * - It ends with a date, after a sender of one word or none: a separator. Dates are those that `asctime` writes, with or
 *   without seconds, the zone before or behind the year, a `remote from`; also those of RFC 5322 and ISO 8601.
 * - It has a date after more words ("alice at example.com", a name in full), or no date and at most one word that
 *   is an address, `-` or nothing (Google Takeout, Thunderbird): a separator when the header of a message follows.
 * - Anything else is a sentence: "From here on", "From Mon 3 to Fri 7".
 *
 * Where a line may stand (at the start, after an empty line) is for the scanner to say.
 */
import { parseDateTime } from '../mail/date.ts';

export interface SeparatorLine {
  /** It counts only when the header of a message follows; `some`: any field will do. */
  readonly needsHeader: 'known' | 'some' | undefined;
  /** Seconds since 1970, when it tells. */
  readonly date: number | undefined;
  /** Thunderbird's `From - `: the date is when the file was written, not when the mail came. */
  readonly isWriteTime: boolean;
}

const DAY = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)';
const MONTH = '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)';
const TIME = '\\d{1,2}:\\d\\d(?::\\d\\d)?';
const ZONE = '(?:[+-]\\d{4}|[A-Z]{1,5})';
const END = '(?: +remote from \\S.*)?$';
const ASCTIME = new RegExp(
  `(?:^| )${DAY},? +(${MONTH}) +(\\d{1,2}),? +(${TIME})(?: +(${ZONE}))? +(\\d{4})(?: +(${ZONE}))?${END}`,
  'i',
);
const RFC5322 = new RegExp(
  `(?:^| )(?:${DAY},? +)?(\\d{1,2})[ -]+(${MONTH})[ -]+(\\d{4}) +(${TIME})(?: +(${ZONE}))?(?: *\\([^()]*\\))?${END}`,
  'i',
);
const ISO = /(?:^| )(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:\.\d+)?(?: ?(Z|[+-]\d\d:?\d\d))?$/;
/** What may be more than one word and still be a sender: `"Alice Example"@example.com`, `<alice@example.com>`. */
const ONE_WORD = /^(?:\S*|"[^"]*"\S*)$/;
const DATELESS = /^(?:-|MAILER-DAEMON|<?[^\s@]+@[^\s@]+>?|)$/i;
const NAMED_FIELD = /^([!-9;-~]{1,76})[ \t]*:/;
/** Fields with which mail begins; what else begins so ("PS: ...") may be a sentence. */
const KNOWN_FIELD =
  /^(?:x-[a-z]|(?:arc|authentication|content|list|resent|dkim|domainkey|received)-|(?:apparently-to|bcc|cc|comments|date|delivered-to|delivery-date|envelope-to|errors-to|from|importance|in-reply-to|keywords|lines|message-id|mime-version|organization|path|precedence|priority|received|references|reply-to|return-path|sender|status|subject|thread-index|thread-topic|to|user-agent)$)/i;

/** Undefined when the line, read as latin1 and without its end, cannot be a separator. */
export function readSeparator(line: string): SeparatorLine | undefined {
  if (!line.startsWith('From ') && line !== 'From') return undefined;
  const text = line.slice(5).trim();
  const dated = readDate(text);
  if (dated !== undefined) {
    const { sender, date } = dated;
    const isSure = date !== undefined && ONE_WORD.test(sender);
    return { needsHeader: isSure ? undefined : 'known', date, isWriteTime: sender === '-' };
  }
  if (DATELESS.test(text)) {
    const needsHeader = text === '' || text === '-' ? 'some' : 'known';
    return { needsHeader, date: undefined, isWriteTime: false };
  }
  const date = oddDate(text);
  return date === undefined ? undefined : { needsHeader: 'known', date, isWriteTime: false };
}

/** Whether lines like these begin the header of a message. The last one may be cut off. */
export function beginsHeader(text: string, wants: 'known' | 'some'): boolean {
  for (const [i, line] of text.split('\n').entries()) {
    if (i > 0 && /^[ \t]/.test(line)) continue;
    const name = NAMED_FIELD.exec(line)?.[1];
    if (name === undefined) return false;
    if (wants === 'some' || KNOWN_FIELD.test(name)) return true;
  }
  return false;
}

/** The date is undefined when it has the form of one and there is no such day. */
function readDate(text: string): { readonly sender: string; readonly date: number | undefined } | undefined {
  for (const [pattern, order] of FORMS) {
    const match = pattern.exec(text);
    if (match === null) continue;
    const date = parseDateTime(order(match.map((part) => part ?? '')))?.seconds;
    return { sender: text.slice(0, match.index).trim(), date };
  }
  return undefined;
}

/** The parts of each form in the order of RFC 5322. */
const FORMS: readonly (readonly [RegExp, (parts: readonly string[]) => string])[] = [
  [
    ASCTIME,
    ([, month, day, time, before, year, behind]) => `${day} ${month} ${year} ${time} ${before || behind}`,
  ],
  [RFC5322, ([, day, month, year, time, zone]) => `${day} ${month} ${year} ${time} ${zone}`],
  [ISO, ([, date, time, zone]) => `${date} ${time} ${zone?.replace(':', '')}`],
];

/** Whatever a weekday and a time begin and can be read as a date; the last weekday of the line counts. */
function oddDate(text: string): number | undefined {
  const days = [...text.matchAll(new RegExp(`(?:^| )${DAY}[,.]? +`, 'gi'))];
  const tail = text.slice(days.at(-1)?.index ?? text.length);
  return / \d{1,2}[:.]\d\d/.test(tail) ? parseDateTime(tail)?.seconds : undefined;
}
