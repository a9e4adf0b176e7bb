/**
 * The texts that searches ask for most, folded and in one piece: what SEARCH SUBJECT, FROM, TO, CC and BCC look into
 * (RFC 9051 §6.4.4), made from the ENVELOPE at delivery.
 *
 * Format: a line for each of `SEARCH_FIELDS`, in UTF-8; an absent field is an empty line, others begin with a plus sign. Folded field
 * texts have no line ends.
 *
 * Promises: the same answers as the envelope's text folded by `foldFieldText`. Looking for octets costs a search for octets.
 */
import { Buffer } from 'node:buffer';
import { LF } from '../base/bytes.ts';
import { EnvelopeReader } from './envelope-reader.ts';
import { foldFieldText } from './fold.ts';

export const SEARCH_FIELDS = ['subject', 'from', 'to', 'cc', 'bcc'] as const;
export type SearchField = (typeof SEARCH_FIELDS)[number];

/** Longer ones are read where they are: there are few. */
const MAX_SEARCH_BYTES = 16 * 1024;

export function isSearchField(name: string): name is SearchField {
  return SEARCH_FIELDS.some((field) => field === name);
}

/** Undefined when it would be too long. */
export function searchText(envelope: Buffer): Buffer | undefined {
  if (envelope.length > MAX_SEARCH_BYTES) return undefined;
  const reader = new EnvelopeReader(envelope.toString('latin1'));
  const lines = SEARCH_FIELDS.map((field) => {
    const text = reader.text(field);
    return text === undefined ? '' : `+${foldFieldText(text)}`;
  });
  const out = Buffer.from(lines.join('\n'));
  return out.length > MAX_SEARCH_BYTES ? undefined : out;
}

/** The folded text of a field; undefined when the message has none. */
export function fieldOf(stored: Buffer, field: SearchField): string | undefined {
  const line = stored.toString().split('\n')[SEARCH_FIELDS.indexOf(field)] ?? '';
  return line === '' ? undefined : line.slice(1);
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
