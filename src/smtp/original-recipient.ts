/**
 * ORCPT (RFC 3461 §4.2), and what is beyond ASCII in it (RFC 6533 §3). Decoded it is a type, a semicolon and the address as its sender
 * wrote it. Pure.
 */
import { decodeXtext, encodeXtext } from './xtext.ts';

/** In the form that is free of octets above 127. */
const EMBEDDED = /\\x\{([0-9A-F]{2,6})\}/g;
/** What `utf-8` writes in no other way, even where octets above 127 may stand. */
const SPECIAL = /[\0-\x20\\+=\x7f-\x9f]/gu;
const SPECIAL_OR_BEYOND = /[^\x21-\x2a\x2c-\x3c\x3e-\x5b\x5d-\x7e]/gu;

/** Of a parameter that was taken. */
export function decodedAddress(orcpt: string): string {
  const [type, address] = halves(orcpt);
  if (isUtf8(type)) return type + address.replace(EMBEDDED, character);
  return type + (decodeXtext(address) ?? address);
}

/** `mayBeUtf8`: whoever gets it takes octets above 127. */
export function encodedAddress(decoded: string, mayBeUtf8: boolean): string {
  const [type, address] = halves(decoded);
  if (!isUtf8(type)) return type + encodeXtext(address);
  return type + address.replace(mayBeUtf8 ? SPECIAL : SPECIAL_OR_BEYOND, embedded);
}

/** Decoded: whoever did not say has meant the address that was named (RFC 3461 §5.2.1). */
export function originalOf(address: string): string {
  return `${/[^\0-\x7f]/.test(address) ? 'utf-8' : 'rfc822'};${address}`;
}

/** The type with its semicolon. */
function halves(orcpt: string): readonly [type: string, address: string] {
  const at = orcpt.indexOf(';') + 1;
  return [orcpt.slice(0, at), orcpt.slice(at)];
}

function isUtf8(type: string): boolean {
  return type.toLowerCase() === 'utf-8;';
}

/** What is no character, or one that nobody sees, stays as it was written. */
function character(written: string, digits: string): string {
  const point = Number.parseInt(digits, 16);
  const isNone = point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff);
  const text = isNone ? written : String.fromCodePoint(point);
  return /\p{Cc}/u.test(text) ? written : text;
}

function embedded(text: string): string {
  const digits = (text.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(2, '0');
  return `\\x{${digits}}`;
}
