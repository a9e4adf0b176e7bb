/**
 * The tokens of a structured field value (RFC 5322 §3.2, with what §4 and practice add), and its comments in ASCII.
 *
 * Promises: the tokens' texts joined are the value; linear, never throws. Read as `address.ts` reads: a quote that is never
 * closed is an octet of its word, a comment that is never closed reaches to the end. Strings are octets (latin1).
 */
import { downgradeText, isPlain } from './text.ts';

export interface Token {
  /** A `sign` is one of `,:;<>@`. A domain literal is a word. */
  readonly kind: 'blank' | 'comment' | 'quoted' | 'word' | 'sign';
  readonly text: string;
}

const QUOTE = 0x22;
const OPEN = 0x28;
const CLOSE = 0x29;
const BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const SIGNS = new Set([...',:;<>@'].map((c) => c.charCodeAt(0)));
/** No domain is longer, so the search for the end of a literal is short. */
const MAX_LITERAL_LENGTH = 255;

export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  // Once a quote is seen to lack its end no later one can have it: looking again would cost O(n^2).
  let hasOpenQuote = false;
  let isAfterAt = false;
  for (let at = 0; at < text.length; ) {
    const c = text.charCodeAt(at);
    let kind: Token['kind'] = 'word';
    let end = -1;
    if (isBlank(c)) [kind, end] = ['blank', runEnd(text, at, isBlank)];
    else if (c === OPEN) [kind, end] = ['comment', commentEnd(text, at)];
    else if (SIGNS.has(c)) [kind, end] = ['sign', at + 1];
    else if (c === QUOTE && !hasOpenQuote) {
      [kind, end] = ['quoted', quoteEnd(text, at)];
      hasOpenQuote = end < 0;
      if (hasOpenQuote) continue;
    } else if (c === BRACKET && isAfterAt) end = literalEnd(text, at);
    if (end < 0) end = runEnd(text, at + 1, (o) => isWordOctet(o) || (o === QUOTE && hasOpenQuote));
    if (kind !== 'blank' && kind !== 'comment') isAfterAt = kind === 'sign' && c === 0x40;
    tokens.push({ kind, text: text.slice(at, end) });
    at = end;
  }
  return tokens;
}

/** What a reader takes the tokens for: quotes and escapes undone, one blank for each gap, comments left out. */
export function contentOf(tokens: readonly Token[]): string {
  let out = '';
  let hasGap = false;
  for (const { kind, text } of tokens) {
    if (kind === 'blank' || kind === 'comment') hasGap = out !== '';
    else {
      if (hasGap) out += ' ';
      hasGap = false;
      out += kind === 'quoted' ? unescaped(text.slice(1, -1)) : text;
    }
  }
  return out;
}

export function textOf(tokens: readonly Token[]): string {
  return tokens.map(({ text }) => text).join('');
}

/** The comments of a value in ASCII, all else as it is (RFC 6857 §3.1.3). */
export function downgradeComments(text: string): string {
  return tokensOf(text)
    .map(({ kind, text: token }) => (kind === 'comment' ? downgradeComment(token) : token))
    .join('');
}

/** A comment with its parentheses. */
export function downgradeComment(comment: string): string {
  if (isPlain(comment)) return comment;
  let out = '';
  let run = '';
  const flush = (): void => {
    out += downgradeText(run, { escaped });
    run = '';
  };
  for (let i = 0; i < comment.length; i++) {
    const c = comment.charCodeAt(i);
    if (c === BACKSLASH && i + 1 < comment.length) run += comment.charAt(++i);
    else if (c === OPEN || c === CLOSE) {
      flush();
      out += comment.charAt(i);
    } else run += comment.charAt(i);
  }
  flush();
  return out;
}

function escaped(text: string): string {
  return text.replace(/[()\\]/g, '\\$&');
}

function unescaped(text: string): string {
  return text.replace(/\\([\s\S])/g, '$1');
}

function isBlank(c: number): boolean {
  return c <= 0x20 || c === 0x7f;
}

function isWordOctet(c: number): boolean {
  return !isBlank(c) && c !== QUOTE && c !== OPEN && !SIGNS.has(c);
}

function runEnd(text: string, from: number, belongs: (c: number) => boolean): number {
  let end = from;
  while (end < text.length && belongs(text.charCodeAt(end))) end++;
  return end;
}

function commentEnd(text: string, at: number): number {
  let depth = 0;
  for (let i = at; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === BACKSLASH) i++;
    else if (c === OPEN) depth++;
    else if (c === CLOSE && --depth === 0) return i + 1;
  }
  return text.length;
}

/** Past the quote that closes, or -1. */
function quoteEnd(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === BACKSLASH) i++;
    else if (c === QUOTE) return i + 1;
  }
  return -1;
}

/** Past the bracket that closes, or -1: then it is an octet of a word. */
function literalEnd(text: string, at: number): number {
  const limit = Math.min(text.length, at + MAX_LITERAL_LENGTH);
  for (let i = at; i < limit; i++) {
    if (text.charAt(i) === ']') return i + 1;
    if (text.charAt(i) === '>') return -1;
  }
  return -1;
}
