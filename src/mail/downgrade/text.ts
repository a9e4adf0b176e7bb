/**
 * Text with octets above 127 to text in ASCII (RFC 6857 §3.1.1, §3.1.2): what needs it becomes encoded words, what was in
 * encoded words already stays.
 *
 * Promises: ASCII; `decodeWords` gives the same text before and after; linear. Strings are octets (latin1), unfolded.
 */
import { type FoundWord, findWords } from '../encoded-word.ts';
import { encodeWords } from './words.ts';

/** A longer word is encoded, too: nowhere could its line be folded (RFC 5322 §2.1.1 allows 998 octets). */
export const MAX_PLAIN_WORD = 900;

/** An encoded word that may stand anywhere (RFC 2047 §5 (3)). */
const SAFE_WORD = /^=\?[\w!*+.-]+\?[bq]\?[\w!*+/=-]*\?=$/i;

export interface TextPlace {
  /** The text follows an encoded word and a blank, which decoding takes out. */
  readonly isAfterWord?: boolean;
  /** How ASCII that stays is written, where a sign would end the place. */
  readonly escaped?: (text: string) => string;
}

/** Of a field without structure, or of a comment's inside: only the words from the first to the last that need it. */
export function downgradeText(text: string, { isAfterWord = false, escaped }: TextPlace = {}): string {
  const parts = partsOf(text);
  return parts
    .map((part, i) => {
      if (typeof part !== 'string') return rewrittenWord(part, escaped !== undefined);
      return plainText(part, i > 0 || isAfterWord, i + 1 < parts.length, escaped ?? ((plain) => plain));
    })
    .join('');
}

/** Of a display name: all of it, since quotes cannot stand among encoded words. */
export function downgradePhrase(text: string): string {
  const parts = partsOf(text);
  return parts
    .map((part, i) => {
      if (typeof part !== 'string') return rewrittenWord(part, true);
      // White space between encoded words is nothing; beside one it is lost in decoding, so it is encoded along.
      const isGap = i > 0 && i + 1 < parts.length && /^[ \t]*$/.test(part);
      return isGap ? '' : encodeWords(Buffer.from(part, 'latin1'));
    })
    .filter((part) => part !== '')
    .join(' ');
}

export function isPlain(text: string): boolean {
  return firstHigh(text) < 0;
}

/** Whether ASCII and foldable: it can be sent as it is. */
export function isSendable(text: string): boolean {
  return needed(text) === undefined;
}

interface ForeignWord extends FoundWord {
  readonly raw: string;
}

/** Encoded words and what is between them. */
function partsOf(text: string): (string | ForeignWord)[] {
  const parts: (string | ForeignWord)[] = [];
  let at = 0;
  for (const word of findWords(text)) {
    if (word.start > at) parts.push(text.slice(at, word.start));
    parts.push({ ...word, raw: text.slice(word.start, word.end) });
    at = word.end;
  }
  if (at < text.length) parts.push(text.slice(at));
  return parts;
}

function rewrittenWord({ raw, charset, octets }: ForeignWord, isStrict: boolean): string {
  const isKept = isStrict ? SAFE_WORD.test(raw) : isPlain(raw);
  if (isKept && raw.length <= MAX_PLAIN_WORD) return raw;
  return encodeWords(octets, /^[\w!*+.-]+$/.test(charset) ? charset : undefined);
}

function plainText(
  text: string,
  isAfterWord: boolean,
  isBeforeWord: boolean,
  escaped: (text: string) => string,
): string {
  const range = needed(text);
  if (range === undefined) return escaped(text);
  let { from, to } = range;
  let left = escaped(text.slice(0, from));
  let right = escaped(text.slice(to));
  if (isAfterWord && /^[ \t]*$/.test(left)) {
    from = 0;
    left = ' ';
  }
  if (isBeforeWord && /^[ \t]*$/.test(right)) {
    to = text.length;
    right = ' ';
  }
  return left + encodeWords(Buffer.from(text.slice(from, to), 'latin1')) + right;
}

/** From the start of the first word that has to be encoded to the end of the last. */
function needed(text: string): { from: number; to: number } | undefined {
  let from = -1;
  let to = -1;
  let start = 0;
  let isHigh = false;
  for (let i = 0; i <= text.length; i++) {
    const c = i === text.length ? 0x20 : text.charCodeAt(i);
    if (c !== 0x20 && c !== 0x09) {
      if (c > 0x7f) isHigh = true;
      continue;
    }
    if (isHigh || i - start > MAX_PLAIN_WORD) {
      if (from < 0) from = start;
      to = i;
    }
    start = i + 1;
    isHigh = false;
  }
  return from < 0 ? undefined : { from, to };
}

function firstHigh(text: string): number {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return i;
  return -1;
}
