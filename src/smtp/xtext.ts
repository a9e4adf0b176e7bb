/**
 * xtext (RFC 3461 §4): how a value with blanks, `=` or octets that are no ASCII is written in a parameter. Pure.
 */

/** `+` and `=` and whatever is no visible ASCII character are written as `+HH`. */
const TO_ESCAPE = /[^\x21-\x2a\x2c-\x3c\x3e-\x7e]/g;
const XTEXT = /^(?:[\x21-\x2a\x2c-\x3c\x3e-\x7e]|\+[0-9A-F]{2})*$/;

/** Of text in UTF-8. */
export function encodeXtext(text: string): string {
  return Buffer.from(text, 'utf8')
    .toString('latin1')
    .replace(TO_ESCAPE, (octet) => `+${octet.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}

/** Octets one per character; undefined when it is no xtext. */
export function decodeXtext(xtext: string): string | undefined {
  if (!XTEXT.test(xtext)) return undefined;
  return xtext.replace(/\+([0-9A-F]{2})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)));
}
