/**
 * The texts that searches ask for most, folded and in one piece: what SEARCH SUBJECT, FROM, TO, CC and BCC look into
 * (RFC 9051 §6.4.4), made at delivery of what the ENVELOPE is made of.
 *
 * Format: a line for each of `SEARCH_FIELDS`, in UTF-8; an absent field is an empty line, others begin with a sign: an asterisk where any
 * of them is not ASCII, else a plus. Folded field texts have no line ends. Before letters were taken apart from their accents the sign
 * was always a plus; `asFoldedNow` makes such a text anew.
 *
 * Promises: the same answers as the envelope's text folded by `foldFieldText`. Looking for octets costs a search for octets.
 */
import { Buffer, isAscii } from 'node:buffer';
import { LF } from '../base/bytes.ts';
import { shownAddress } from './envelope-reader.ts';
import { foldFieldText, foldText } from './fold.ts';
import type { HeaderBlock } from './header.ts';
import type { HeaderSummary } from './header-summary.ts';

export const SEARCH_FIELDS = ['subject', 'from', 'to', 'cc', 'bcc'] as const;
export type SearchField = (typeof SEARCH_FIELDS)[number];

/** Longer ones are read where they are: there are few. */
const MAX_SEARCH_BYTES = 16 * 1024;

export function isSearchField(name: string): name is SearchField {
  return SEARCH_FIELDS.some((field) => field === name);
}

/** Undefined when it would be too long, and of what is seldom: very long lists of addresses, a NUL, for which the envelope has a stand-in. */
export function searchText(header: HeaderBlock, facts: HeaderSummary): Buffer | undefined {
  if (header.bytes.includes(0)) return undefined;
  const subject = facts.wholeSubject();
  if (subject?.isWhole === false) return undefined;
  let text = subject === undefined ? '' : `+${foldFieldText(subject.text)}`;
  for (const field of SEARCH_FIELDS.slice(1)) {
    const shown = shownList(facts, field);
    if (shown === 'long') return undefined;
    text += shown === undefined ? '\n' : `\n+${foldFieldText(shown.text)}`;
    if (text.length > MAX_SEARCH_BYTES) return undefined;
  }
  const out = Buffer.from(text);
  if (out.length > MAX_SEARCH_BYTES) return undefined;
  return isAscii(out) ? out : Buffer.from(signed(text));
}

function signed(text: string): string {
  return text.replace(/^\+/gm, '*');
}

const ASTERISK = 0x2a;
/** What the former folding made of letters that the collation holds apart. */
const AMBIGUOUS = /[\u00df\u01f0\u0390\u03b0\u10d0-\u10ff\u1e96-\u1e99\u1f50-\u1f57\u1f80-\u1ff7]/;

/** A stored text, whenever it was made, as this version makes it; undefined where it does not tell. */
export function asFoldedNow(stored: Buffer): Buffer | undefined {
  if (isAscii(stored)) return stored;
  let first = 0;
  while (stored[first] === LF) first++;
  if (stored[first] === ASTERISK) return stored;
  const text = stored.toString();
  return AMBIGUOUS.test(text) ? undefined : Buffer.from(signed(foldText(text)));
}

/** As the envelope has it; undefined when there is no entry. */
function shownList(
  { addresses }: HeaderSummary,
  name: string,
): { readonly text: string } | 'long' | undefined {
  let text = '';
  let isThere = false;
  for (let i = 0; ; i++) {
    const list = addresses.list(name, i);
    if (list === undefined) break;
    if (!list.rest.isOver) return 'long';
    for (const address of list.start) {
      isThere = true;
      const one = shownAddress(address);
      if (one !== '') text += text === '' ? one : `, ${one}`;
    }
  }
  return isThere ? { text } : undefined;
}

/** The folded text of a field; undefined when the message has none. */
export function fieldOf(stored: Buffer, field: SearchField): string | undefined {
  const line = stored.toString().split('\n')[SEARCH_FIELDS.indexOf(field)] ?? '';
  return line === '' ? undefined : line.slice(1);
}

/** Whether this octet is of the field's text; what was found there is in it then, since no text that is looked for has a line end. */
export function isFieldAt(stored: Buffer, field: SearchField, offset: number): boolean {
  let line = 0;
  let start = 0;
  for (let i = 0; i < offset; i++) {
    if (stored[i] !== LF) continue;
    line++;
    start = i + 1;
  }
  return line === SEARCH_FIELDS.indexOf(field) && offset > start;
}

/** Whether the folded text is in the field. */
export function isInField(stored: Buffer, field: SearchField, needle: Buffer): boolean {
  // One look at all of it tells of most messages that they do not have it.
  if (needle.length > 0 && !stored.includes(needle)) return false;
  let start = 0;
  for (let left = SEARCH_FIELDS.indexOf(field); left > 0; left--) {
    const lf = stored.indexOf(LF, start);
    if (lf < 0) return false;
    start = lf + 1;
  }
  const lf = stored.indexOf(LF, start);
  const end = lf < 0 ? stored.length : lf;
  if (end === start) return false;
  if (needle.length === 0) return true;
  const at = stored.indexOf(needle, start + 1);
  return at >= 0 && at + needle.length <= end;
}
