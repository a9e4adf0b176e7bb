/**
 * The strings of a SEARCH, decoded by its CHARSET (RFC 9051 §6.4.4), and the faults that belong to it.
 *
 * Without CHARSET the octets are taken as UTF-8, of which US-ASCII is a part: Thunderbird for Android and others send
 * it unannounced. What is not UTF-8 either is read as Windows-1252, so that every octet means something.
 */
import { isUtf8 } from 'node:buffer';
import { decodeCharset, knownCharset } from '../../mail/charset.ts';
import type { Cursor } from './cursor.ts';
import { SyntaxFault } from './fault.ts';
import { astring, sp } from './grammar.ts';

/** Reads one astring of the command and decodes it. */
export type TextReader = (c: Cursor) => string;

/** RFC 9051 §7.1 BADCHARSET lists what is supported; two of many, and the two that every client has. */
const NAMED_CHARSETS = Object.freeze(['UTF-8', 'US-ASCII']);
const MAX_LABEL_LENGTH = 64;

/** `["CHARSET" SP charset SP]` before the keys of SEARCH. */
export function maybeCharset(c: Cursor): string | undefined {
  if (!c.maybeWord('CHARSET')) return undefined;
  sp(c);
  const label = charset(c);
  sp(c);
  return label;
}

/** `charset` of SORT and THREAD, where it is not optional (RFC 5256 §5); a known one in capitals. */
export function charset(c: Cursor): string {
  const label = astring(c, 'a charset').toString('latin1').toUpperCase();
  if (isUtf8Label(label) || (label.length <= MAX_LABEL_LENGTH && knownCharset(label))) return label;
  throw new SyntaxFault('Charset is not known here', {
    status: 'NO',
    code: { code: 'BADCHARSET', charsets: NAMED_CHARSETS },
  });
}

export function textReader(label: string | undefined): TextReader {
  if (label === undefined || isUtf8Label(label)) return (c) => decodeUtf8(astring(c));
  return (c) => decodeCharset(astring(c), label);
}

function decodeUtf8(bytes: Buffer): string {
  return isUtf8(bytes) ? bytes.toString('utf8') : decodeCharset(bytes, 'WINDOWS-1252');
}

function isUtf8Label(label: string): boolean {
  return label === 'UTF-8' || label === 'US-ASCII' || label === 'UTF8';
}
