/**
 * Fields of a header as they are written (RFC 5322 §2.2, §3.6), with encoded words where a letter is beyond ASCII (RFC 2047 §5), never
 * inside quotes. Addresses beyond ASCII stay UTF-8 (RFC 6532 §3.2): they have no other form.
 *
 * Promises: what `fieldFault` finds nothing wrong with is one field, whatever is in it: no line end of it ends the field. Lines of at
 * most 76 octets where white space or an encoded word allows it, of 998 in any case. What a reader decodes is what was to be said.
 */
import { foldLine } from '../downgrade/fold.ts';
import { encodeWords } from '../downgrade/words.ts';
import { addressFault, addressText, groupsText } from './addresses.ts';
import { dateText } from './date-text.ts';
import type { DraftField, FieldValue } from './draft.ts';

/** RFC 5322 §3.6.8, and room for a value on its line. */
const NAME = /^[!-9;-~]{1,76}$/;
const CONTROL = /[\0-\x08\x0a-\x1f\x7f\u2028\u2029]/u;
/** What stands between angle brackets. */
const BRACKETED = /^[^\0-\x20\x7f<>]+$/;
const MAX_LINE = 998;

/** Why it cannot be written; undefined when it can. */
export function fieldFault({ name, value }: DraftField): string | undefined {
  if (!NAME.test(name)) return 'the name of a field has 1 to 76 printable ASCII characters and no colon';
  switch (value.form) {
    case 'raw':
      return rawFault(name, value.text);
    case 'text':
      return CONTROL.test(value.text) ? 'there are control characters in it' : undefined;
    case 'addresses':
      return value.addresses.map(addressFault).find(isSaid);
    case 'groups':
      return value.groups
        .flatMap(({ name: group, addresses }) => [
          group !== null && CONTROL.test(group) ? 'there are control characters in it' : undefined,
          ...addresses.map(addressFault),
        ])
        .find(isSaid);
    case 'ids':
      return bracketedFault(value.ids, 'an id has no white space, control characters and angle brackets');
    case 'urls':
      return bracketedFault(value.urls, 'a URL has no white space, control characters and angle brackets');
    case 'date':
      return dateText(value.seconds, value.zoneMinutes) === undefined ? 'it is no date' : undefined;
  }
}

/** Whole lines. Of a field without fault. */
export function fieldOctets({ name, value }: DraftField): Buffer {
  if (value.form === 'raw') return Buffer.from(`${name}:${crlf(value.text).toWellFormed()}\r\n`);
  // Folding goes by octets, and UTF-8 of an address has more of them than letters.
  const octets = Buffer.from(`${name}: ${textOf(value)}`.toWellFormed()).toString('latin1');
  return Buffer.from(`${foldLine(octets.trimEnd())}\r\n`, 'latin1');
}

/** A field of which nothing but ASCII is said, by this program. */
export function plainField(name: string, text: string): Buffer {
  return fieldOctets({ name, value: { form: 'text', text } });
}

/** As unstructured text may stand in a field: itself, or encoded words. */
export function encodedText(text: string): string {
  const composed = text.normalize('NFC');
  return isPlainText(composed) ? composed : encodeWords(Buffer.from(composed.toWellFormed()), 'utf-8');
}

function textOf(value: Exclude<FieldValue, { form: 'raw' }>): string {
  switch (value.form) {
    case 'text':
      return encodedText(value.text);
    case 'addresses':
      return value.addresses.map(addressText).join(', ');
    case 'groups':
      return groupsText(value.groups);
    case 'ids':
      return value.ids.map((id) => `<${id}>`).join(' ');
    case 'urls':
      return value.urls.map((url) => `<${url}>`).join(', ');
    case 'date':
      return dateText(value.seconds, value.zoneMinutes) ?? '';
  }
}

function isPlainText(text: string): boolean {
  if (!/^[\x20-\x7e]*$/.test(text) || text.includes('=?')) return false;
  // White space at the ends and in long runs would not come back as it was, nor could a very long word be folded.
  return text === text.trim() && !/ {3}|[^ ]{65}/.test(text);
}

/** RFC 5322 §2.2.3: each further line begins with white space, and none is nothing else. */
function rawFault(name: string, text: string): string | undefined {
  const lines = crlf(text).split('\r\n');
  const isFolded = lines.every((line, i) => i === 0 || /^[ \t]/.test(line));
  if (!isFolded || lines.some((line, i) => i > 0 && line.trim() === ''))
    return 'a line of it does not begin with white space, or is empty';
  if (lines.some((line) => CONTROL.test(line))) return 'there are control characters in it';
  const isLong = lines.some(
    (line, i) => Buffer.byteLength(line) + (i === 0 ? name.length + 1 : 0) > MAX_LINE,
  );
  return isLong ? `a line of it is longer than ${MAX_LINE} octets` : undefined;
}

function bracketedFault(all: readonly string[], fault: string): string | undefined {
  return all.every((one) => BRACKETED.test(one) && Buffer.byteLength(one) <= MAX_LINE - 100)
    ? undefined
    : fault;
}

function crlf(text: string): string {
  return text.replace(/\r?\n/g, '\r\n');
}

function isSaid(fault: string | undefined): fault is string {
  return fault !== undefined;
}
