/**
 * Received fields to ASCII (RFC 6857 §3.2.4): a domain gets its A-labels, comments become encoded words, and a clause that
 * has no form in ASCII (`for` an address, an `id`) leaves the clauses, but not the field: it becomes a comment.
 *
 * Promises: ASCII; linear. Strings are octets (latin1), unfolded.
 */
import { domainToASCII } from 'node:url';
import { contentOf, downgradeComment, type Token, textOf, tokensOf } from './structured.ts';
import { downgradePhrase, isSendable } from './text.ts';

/** RFC 5321 §4.4: each has one value behind it. */
const CLAUSES = new Set(['from', 'by', 'via', 'with', 'id', 'for']);
const NAMES_A_HOST = new Set(['from', 'by']);
const MAX_DOMAIN_LENGTH = 255;

export function downgradeReceived(text: string): string {
  const parts = partsOf(tokensOf(text));
  return parts
    .map((part, i) => {
      if (part.kind === 'blank') return parts[i + 1]?.isDropped ? '' : part.text;
      if (part.isDropped) return '';
      if (part.kind === 'comment') return downgradeComment(part.text);
      if (isSendable(part.text)) return part.text;
      if (part.domain !== undefined) return part.domain;
      return `(${downgradePhrase(part.clause === '' ? part.content : `${part.clause} ${part.content}`)})`;
    })
    .join('');
}

interface ReceivedPart {
  readonly kind: 'blank' | 'comment' | 'value';
  readonly text: string;
  readonly content: string;
  /** In A-labels, when it has any. */
  readonly domain: string | undefined;
  /** The clause that it takes along into a comment. */
  readonly clause: string;
  /** It is that clause. */
  isDropped: boolean;
}

/** Tokens that touch are one value: `<a@b>` is, and the `;` before the date is one for itself. */
function partsOf(tokens: readonly Token[]): ReceivedPart[] {
  const parts: ReceivedPart[] = [];
  let clause: ReceivedPart | undefined;
  for (let at = 0; at < tokens.length; ) {
    const { kind } = tokens[at] as Token;
    const isValue = kind !== 'blank' && kind !== 'comment';
    const end = isValue ? valueEnd(tokens, at) : at + 1;
    const run = tokens.slice(at, end);
    const part = isValue ? valuePart(run, clause) : { ...NOTHING, kind, text: textOf(run) };
    parts.push(part);
    if (isValue) clause = CLAUSES.has(part.text.toLowerCase()) ? part : undefined;
    at = end;
  }
  return parts;
}

const NOTHING = Object.freeze({ content: '', domain: undefined, clause: '', isDropped: false });

function valuePart(run: readonly Token[], clause: ReceivedPart | undefined): ReceivedPart {
  const text = textOf(run);
  const part: ReceivedPart = { ...NOTHING, kind: 'value', text, content: contentOf(run) };
  if (isSendable(text) || clause === undefined) return part;
  const domain = NAMES_A_HOST.has(clause.text.toLowerCase()) ? aLabels(text) : undefined;
  if (domain !== undefined) return { ...part, domain };
  clause.isDropped = true;
  return { ...part, clause: clause.text };
}

function valueEnd(tokens: readonly Token[], at: number): number {
  let end = at + 1;
  const isSemicolon = (i: number): boolean => tokens[i]?.text === ';';
  while (end < tokens.length && !isSemicolon(at) && !isSemicolon(end)) {
    const kind = tokens[end]?.kind;
    if (kind === 'blank' || kind === 'comment') break;
    end++;
  }
  return end;
}

/** RFC 6857 §3.1.6; undefined for what is no domain. */
function aLabels(text: string): string | undefined {
  const octets = Buffer.from(text, 'latin1');
  if (octets.length > MAX_DOMAIN_LENGTH) return undefined;
  const ascii = domainToASCII(octets.toString('utf8'));
  return /^[\w-]+(?:\.[\w-]+)*$/.test(ascii) ? ascii : undefined;
}
